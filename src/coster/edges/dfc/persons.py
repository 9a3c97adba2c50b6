"""The caller's own profile: who it is here, its preferences, and where the things are that it may read (Solid's type index).

Each of these is for the caller alone. A caller is a key, so the profile names a key and no human being.
"""

from __future__ import annotations

from typing import Any, Final

from coster.edges.dfc import examples, serving
from coster.edges.dfc.webid import CONTEXT
from coster.edges.http.call import Answer, Call
from coster.edges.http.operation import Operation
from coster.edges.http.problems import not_found


async def whoami(call: Call) -> Answer:
    """Leads to the caller's own profile (303)."""
    place = f"{serving.iris(call).person(call.key_id)}/webid"
    return Answer(status=303, headers=[(b"location", place.encode())])


async def webid(call: Call) -> Answer:
    """The caller's profile; for itself alone."""
    here = _own(call)
    told = {
        "@context": CONTEXT,
        "@id": f"{here}/webid#me",
        "@type": ["foaf:Agent"],
        "pim:preferencesFile": {"@id": f"{here}/prefs"},
    }
    return serving.plain(call, told)


async def prefs(call: Call) -> Answer:
    """The caller's preferences: where its type index is."""
    here = _own(call)
    told = {
        "@context": CONTEXT,
        "@id": f"{here}/prefs",
        "@type": ["pim:ConfigurationFile"],
        "solid:privateTypeIndex": {"@id": f"{here}/private_type_index"},
    }
    return serving.plain(call, told)


async def type_index(call: Call) -> Answer:
    """Where the enterprises are that the caller may read."""
    here = _own(call)
    iris = serving.iris(call)
    registration = {
        "@id": f"{here}/private_type_index#organizations",
        "@type": "solid:TypeRegistration",
        "solid:forClass": {"@id": "dfc-b:Organization"},
        "solid:instanceContainer": {"@id": f"{iris.base}/Organizations"},
    }
    index = {
        "@id": f"{here}/private_type_index",
        "@type": ["solid:TypeIndex", "solid:UnlistedDocument"],
        "solid:hasTypeRegistration": {"@id": registration["@id"]},
    }
    return serving.plain(call, {"@context": CONTEXT, "@graph": [index, registration]})


def _own(call: Call) -> str:
    """The caller's address, where the path names the caller. Problem: not_found."""
    if call.id("id", "person") != call.key_id:
        raise not_found("person")
    return serving.iris(call).person(call.key_id)


_READ: dict[str, Any] = {
    "method": "GET",
    "permission": "",
    "tag": "platforms",
    "answer": dict[str, Any],
    "documents": True,
}
_PERSON: Final = "/api/dfc/Persons/{id}"
OPERATIONS = (
    Operation(
        id="getOwnWebId",
        method="GET",
        path="/api/dfc/me",
        summary="Find the caller's own profile",
        endpoint=whoami,
        status=303,
        permission="",
        tag="platforms",
    ),
    Operation(
        id="getWebId",
        path=f"{_PERSON}/webid",
        summary="Show the caller's profile",
        endpoint=webid,
        answer_example=examples.PROFILE,
        **_READ,
    ),
    Operation(
        id="getPreferences",
        path=f"{_PERSON}/prefs",
        summary="Show the caller's preferences",
        endpoint=prefs,
        answer_example=examples.PROFILE,
        **_READ,
    ),
    Operation(
        id="getTypeIndex",
        path=f"{_PERSON}/private_type_index",
        summary="Show the caller's type index",
        endpoint=type_index,
        answer_example=examples.PROFILE,
        **_READ,
    ),
)
