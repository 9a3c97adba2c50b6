"""What is served below /api/dfc: found in every spelling, answered as asked, closed without a good key."""

from __future__ import annotations

import pytest

from tests.edges.conftest import Server


@pytest.mark.parametrize("path", ["/api/dfc/webid", "/api/dfc/WebId", "/api/dfc/web_id/"])
async def test_profile_is_public_in_every_spelling(server: Server, path: str) -> None:
    """The platform says who it is to everybody, as JSON-LD."""
    answer = await server.client(None).get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/ld+json"), answer.text
    assert answer.json()["@id"] == f"{server.url}/api/dfc/webid#me"
