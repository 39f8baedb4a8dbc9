"""The Mapwright language."""
