"""However a document says it, the same is read: other spellings, shapes, orders, contexts, generations."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from coster.edges.dfc.language.reading import read
from coster.edges.dfc.language.records import Graph
from coster.edges.dfc.language.writing import completed, write
from tests.edges.dfc.dialects import said_otherwise
from tests.edges.dfc.graphs import graphs


@given(graphs(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_same_in_other_words_is_the_same(graph: Graph, chance: random.Random) -> None:
    """No spelling, nesting, order, context or way of writing a number changes what is read."""
    reading = read(said_otherwise(write(graph), chance))
    assert reading.faults == ()
    assert reading.graph == completed(graph)
