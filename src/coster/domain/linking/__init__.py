"""Links: what a held order comes to is replicated to the producer's own platform, and what that platform says counts.

Owns `link`, `link_refusal` and `peer_health`. Invariant: `acked` is what the supplier has said that it holds; a checkout is only
answered with yes when the held order's version that it made is acked (or by a policy that says otherwise). ADR 0021.
"""
