"""What can be asked of cost centres, of where people are written to, and of letters."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from coster.domain.buying.model import Level, PutCentre
from coster.domain.identity.model import PutContact
from coster.engine.mail.model import WriteMail
from tests.laws import ground
from tests.laws.ground import name_id

_KEYS = st.sampled_from(
    [
        ground.OWNER_KEY,
        ground.OWNER_KEY,
        ground.HUB_KEY,
        ground.HUB_KEY,
        ground.PRODUCER_KEY,
        ground.REVOKED_KEY,
    ]
)
_LEVEL = st.builds(
    Level,
    from_total=st.sampled_from([0, 100, 1000, 5000]),
    approvers=st.lists(_KEYS, max_size=2, unique=True),
)

put_centre = st.builds(
    PutCentre,
    centre_id=st.sampled_from([ground.CENTRE, ground.CENTRE, name_id("another centre")]),
    enterprise_id=st.sampled_from([ground.HUB_A, ground.HUB_A, ground.HUB_B, name_id("nobody")]),
    name=st.sampled_from(["Kitchen", "Kitchen", ""]),
    levels=st.lists(_LEVEL, max_size=2),
    sellers=st.lists(st.sampled_from([ground.HUB_A, ground.HUB_B]), max_size=2),
    own_orders=st.booleans(),
    active=st.sampled_from([True, True, False]),
    expected_version=st.sampled_from([None, None, 0, 1, 2]),
)
put_contact = st.builds(
    PutContact,
    key_id=st.sampled_from([ground.HUB_KEY, ground.PRODUCER_KEY, ground.REVOKED_KEY, name_id("no key")]),
    email=st.sampled_from(["", "lead@school.example", "lead@school.example\nBcc: all@school.example"]),
    language=st.sampled_from(["en", "de-AT", "German"]),
    expected_version=st.sampled_from([None, None, 0, 1]),
)
write_mail = st.builds(
    WriteMail,
    kind=st.sampled_from(["approval_asked", "approval_denied"]),
    recipients=st.lists(_KEYS, max_size=3),
    words=st.just({"number": "AB12"}),
)

STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "buying.put_centre": put_centre,
    "identity.put_contact": put_contact,
    "mail.write": write_mail,
}
