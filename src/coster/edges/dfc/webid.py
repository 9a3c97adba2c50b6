"""Who we are, for everybody: the profile of this platform, and its documents."""

from __future__ import annotations

from typing import Any, Final

from coster import __version__
from coster.edges.dfc import serving
from coster.edges.dfc.examples import PROFILE
from coster.edges.http.call import Answer, Call
from coster.edges.http.operation import Operation

CONTEXT: Final = {
    "dfc-t": "https://github.com/datafoodconsortium/ontology/releases/latest/download/DFC_TechnicalOntology.owl#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "pim": "http://www.w3.org/ns/pim/space#",
    "solid": "http://www.w3.org/ns/solid/terms#",
    "dfc-b": "https://github.com/datafoodconsortium/ontology/releases/latest/download/DFC_BusinessOntology.owl#",
}


async def profile(call: Call) -> Answer:
    """The platform as such: which protocol and ontology it speaks, and where its enterprises are. Nothing of anybody."""
    iris = serving.iris(call)
    here = f"{iris.base}/webid"
    told: dict[str, Any] = {
        "@context": CONTEXT,
        "@id": f"{here}#me",
        "@type": ["dfc-t:Platform", "foaf:Agent"],
        "foaf:name": f"Coster {__version__}",
        "dfc-t:supportedProtocolVersion": "2.0.0",
        "dfc-t:supportedOntologyVersion": "1.16.0",
        "dfc-t:hasEnterprises": {"@id": iris.enterprises()},
    }
    issuers = call.parts.issuers
    if issuers:
        told["dfc-t:hasIdentityService"] = [{"@id": one} for one in issuers]
    return serving.plain(call, told)


OPERATIONS = (
    Operation(
        id="getPlatformProfile",
        method="GET",
        path="/api/dfc/webid",
        summary="The platform's profile",
        endpoint=profile,
        tag="platforms",
        permission=None,
        answer=dict[str, Any],
        answer_example=PROFILE,
        documents=True,
    ),
)
