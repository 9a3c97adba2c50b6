"""Orders that hubs on other platforms have with our producers: who these hubs are, and which order of theirs is which.

Owns `counterpart` and `supplied_order`. Such an order is a held order with exactly one order of the hub behind it (ADR 0020), so that
goods, locks and promises are those of every other order. Invariants: one order for a hub, a producer and a session; who may order is
judged in the transaction that holds the goods.
"""
