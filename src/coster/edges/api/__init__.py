"""The JSON API under /api/v1: one file a room, each with its records, its endpoints and the table `OPERATIONS` of them.

A file reads through the room's `reads` and changes through its commands; it decides nothing. operations.py
puts the tables together.
"""
