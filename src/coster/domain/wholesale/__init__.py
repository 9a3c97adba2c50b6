"""Held orders: one per hub, producer and session (or per shopper's order), as a projection of live holds.

Owns `held_order`. Its lines are inventory's pool lines under the same id. Invariants: a held order is the sum of its live holds at every
commit; it exists from the first hold; it is completed once, at the end of the amendment window; it names the hub and never a shopper.
"""
