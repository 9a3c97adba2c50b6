"""What may be decided about keys, and about other platforms."""
