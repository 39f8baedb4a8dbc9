"""Transport `file`: folders as inbox and outbox, whole files only."""
