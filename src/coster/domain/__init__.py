"""The business, in rooms; a room imports only rooms below it (see docs/decisions/0001)."""
