"""What can be decided about what was given up: of each kind something that is parked, and something that is not."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from coster.engine.mending.model import RetryParked, SkipParked
from tests.laws import ground

_PARKED: dict[str, st.SearchStrategy[tuple[str, str]]] = {
    "reaction": st.tuples(st.sampled_from(["1", "2", "3", "4"]), st.just("laws.nothing")),
    "timer": st.tuples(
        st.integers(1, 4).map(lambda n: f"00000000-0000-7000-8000-00000000000{n}"), st.just("laws.timer")
    ),
    "message": st.tuples(st.sampled_from(["1", "2", "3", "no number"]), st.just(str(ground.ENDPOINT))),
}


def _parked(body: type[Any], **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Something that was given up, or nothing that was."""
    return st.sampled_from(sorted(_PARKED)).flatmap(
        lambda what: _PARKED[what].flatmap(
            lambda named: st.builds(
                body, what=st.just(what), key=st.just(named[0]), name=st.just(named[1]), **more
            )
        )
    )


retry_parked = _parked(RetryParked)
skip_parked = _parked(SkipParked, reason=st.sampled_from(["Mended by hand.", "", "It was called off."]))

STRATEGIES: dict[str, st.SearchStrategy[Any]] = {"parked.retry": retry_parked, "parked.skip": skip_parked}
"""For both kinds of command what may be asked."""
