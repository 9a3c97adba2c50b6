"""Enterprises, the relations between them, and customers with their personal data apart.

Owns `enterprise`, `relation`, `customer` and `person`. Invariants: what identifies a human being stands in `person` and
nowhere else; everything else knows a customer by a token; erasing a person leaves orders and ledgers as they are.
"""
