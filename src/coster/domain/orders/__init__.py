"""Shoppers' orders, from the beginning of checkout to the end.

Owns `orders`, `order_line` and `order_comment`. Invariants: an order is accepted only with all its stock held (or what its policy
allows); total = the sum of its lines; shares of an order's discount are frozen per line and add up to it; one order per channel and
external reference; no personal data, only a customer's token.
"""
