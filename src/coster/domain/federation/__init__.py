"""Platforms of others: peers, producers that live there, what they offer, and what can be asked of them.

Invariant: nothing that names a shopper is known in here.
"""
