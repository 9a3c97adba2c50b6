"""Rules about orders from other platforms."""
