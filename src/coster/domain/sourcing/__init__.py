"""Where each line comes from: the positions that may serve it, the pool that it counts for, and the terms of that pool.

Owns no tables. Invariant: what a line may draw from depends only on its item, its session and the relation to the producer.
"""
