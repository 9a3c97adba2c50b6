"""Many stored orders for measuring: a thousand go through the pipeline, and are then copied inside the database.

The copies are whole: order, lines, holds, ledger, held orders, sessions, events, commands, so that `coster verify` finds every promise
kept in them. Only the goods and the enterprises are shared.
"""
