"""Three servers that speak only the standard with each other, over a line that fails; and what must be true afterwards.

`messages` reads HTTP off a line, `weather` says from a seed what goes wrong on it, `proxy` makes it go wrong, `record` keeps what passed.
"""
