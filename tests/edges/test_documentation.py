"""The pages that show the interfaces: what they are made of comes from the server itself and from nowhere else."""

from __future__ import annotations

import re

import pytest

from tests.edges.conftest import Server

PAGES = {"/docs": "/api/v1/openapi.json", "/docs/platforms": "/api/dfc/openapi.json"}
_LED_TO = re.compile(r'(?:src|href|data-document)="([^"]*)"')


@pytest.mark.parametrize("path", PAGES)
async def test_page_shows_its_document_and_leads_to_the_other(server: Server, path: str) -> None:
    """Without a key; everything that it names is at this server, and there; scripts may come from nowhere else."""
    anybody = server.client(None)
    page = await anybody.get(path)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]
    led_to = {to for to in _LED_TO.findall(page.text) if to not in {"data:,", "#swagger-ui"}}
    assert led_to >= {*PAGES, PAGES[path]}
    assert len(led_to & set(PAGES.values())) == 1
    for to in sorted(led_to):
        found = await anybody.get(to)
        assert (to[0], found.status_code, len(found.content) > 100) == ("/", 200, True), to
