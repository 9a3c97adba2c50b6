"""Stock: what is where, who holds how much of it, and every change that ever was.

Owns `location`, `position`, `ledger`, `hold` and `pool_line`. It serves a `demand_id` and never learns what an order is; a *pool*
is an account on which several demands are held together (a held order, seen from above).

Invariants, each also a constraint or a line of `coster verify`: held + committed <= on_hand, always; a position is the sum of its
ledger; held is the sum of its live holds and committed the sum of its committed ones; a pool line is the sum of its holds.
"""
