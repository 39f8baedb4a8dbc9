"""What a store of a million messages costs: against an empty one, and by itself."""
