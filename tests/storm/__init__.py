"""Storms: the real program under everything at once."""
