"""Items: what can be bought, in which units, and what a kit is made of.

Owns `item`, `sales_unit` and `kit_component`. Invariants: quantities are thousandths of the stock unit; a sales
unit converts by an exact rational; prices are millionths of the major unit of the owner's currency, per stock unit.
"""
