"""What may be said about other platforms, and what their catalogues come to here. Pure."""
