"""A storm: the real program, several processes of it, hundreds of clients, and everything that can be killed is killed.

`plan` says what will be done and what will go wrong, from a seed; `people` do it through `caller`; `faults` make it go
wrong, with `line` and `disk`; `receivers` take the webhooks; `proofs` count afterwards what must be true; `run` is all of it.
"""
