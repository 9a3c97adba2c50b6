"""Organisations, API keys, roles and grants: who may send which command, and who may read what.

Owns `api_key` and `api_grant` (the tenant root `org` belongs to engine/db). Invariants: a key's secret is stored
only as a hash and shown once; a revoked or expired key is refused inside the very transaction that would have
served it; nobody hands out a key that may do more than he may.
"""
