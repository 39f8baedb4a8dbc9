"""Codec `json`: strict JSON and JSON lines, exact numbers."""
