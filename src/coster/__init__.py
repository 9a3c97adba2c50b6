"""Coster: an order management system that stands behind many shops and never sells the same apple twice."""

__version__ = "0.1.0"
