"""What can be asked about other platforms, and what enterprises tell of themselves."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from coster.domain.catalog.model import Details, PutDetails
from coster.domain.identity.model import SCOPES, Identity, LinkIdentities, PutPlatform, SetScopes
from coster.domain.parties.model import Profile, PutProfile
from tests.laws import ground
from tests.laws.ground import name_id

_PLATFORMS = [name_id("platform", n) for n in range(2)]
_VERSIONS = st.sampled_from([None, None, None, 0, 1, 2])
_IDENTITIES = st.lists(
    st.builds(
        Identity,
        issuer=st.just("https://login.example"),
        kind=st.sampled_from(["client", "email"]),
        value=st.sampled_from(["hub-a", "hub-b", ""]),
    ),
    max_size=2,
)

put_platform = st.builds(
    PutPlatform,
    platform_id=st.sampled_from(_PLATFORMS),
    name=st.sampled_from(["Hub A", ""]),
    identities=_IDENTITIES,
    secret_hash=st.sampled_from([bytes(32), bytes(32), b""]),
    expected_version=_VERSIONS,
)
set_scopes = st.builds(
    SetScopes,
    platform_id=st.sampled_from([*_PLATFORMS, ground.HUB_KEY]),
    enterprise_id=st.sampled_from(ground.ENTERPRISES),
    scopes=st.lists(st.sampled_from(SCOPES), unique=True, max_size=3),
)
link_identities = st.builds(
    LinkIdentities,
    key_id=st.sampled_from([ground.REVOKED_KEY, ground.HUB_KEY, name_id("nobody knows this")]),
    identities=_IDENTITIES,
)
put_profile = st.builds(
    PutProfile,
    enterprise_id=st.sampled_from([*ground.ENTERPRISES, name_id("nobody knows this")]),
    profile=st.builds(
        Profile,
        description=st.sampled_from(["", "Vegetables."]),
        email=st.sampled_from(["", "jean@farm.example", "none"]),
        categories=st.sampled_from([{}, {"restaurants": "Restaurants"}, {"no name": ""}]),
    ),
    expected_version=_VERSIONS,
)
put_details = st.builds(
    PutDetails,
    item_id=st.sampled_from([*ground.ITEMS, name_id("nobody knows this")]),
    details=st.builds(
        Details,
        description=st.sampled_from(["", "Grown in sand.", "\0"]),
        types=st.sampled_from([(), ("carrot",), ("no concept",)]),
        images=st.sampled_from([(), ("https://farm.example/c.png",), ("javascript:alert(1)",)]),
        alcohol=st.sampled_from(["", "5.5", "101"]),
        frozen=st.sampled_from([None, True, False]),
    ),
    expected_version=_VERSIONS,
)

STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "identity.put_platform": put_platform,
    "identity.set_scopes": set_scopes,
    "identity.link_identities": link_identities,
    "parties.put_profile": put_profile,
    "catalog.put_details": put_details,
}
