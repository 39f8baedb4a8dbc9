"""Alembic scripts, shipped as `app.migrations`: NNNN_pre|post_what, run by `app.storage.migrate`."""
