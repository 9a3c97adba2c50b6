"""Cost centres: in whose name orders are bought, and who must agree to them from which amount on.

model.py records · rules.py who may say so · store.py rows · reads.py questions · handlers.py commands

Owns the table `cost_centre`. Invariants: each level begins above the one before it and has somebody who may approve for the
enterprise; amounts are in the enterprise's currency, which never changes.
"""
