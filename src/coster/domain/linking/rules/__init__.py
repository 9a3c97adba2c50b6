"""What follows for a link from what is here, what was answered and what time it is. Pure."""
