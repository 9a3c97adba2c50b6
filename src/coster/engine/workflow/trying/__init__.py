"""Trying a flow before it is believed: scenarios are read, lived through on a clock of their own, and judged. Pure."""
