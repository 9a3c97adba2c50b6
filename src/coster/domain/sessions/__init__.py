"""Sales sessions: when a hub sells, what it lists, and from whom.

Owns `session`, `session_hub` and `listing`. Life: planned → open → closed → ended (the amendment window is over).
Invariants: each step happens once however often it is asked for; a time that was changed moves its timer; re-opening
leaves a trace.
"""
