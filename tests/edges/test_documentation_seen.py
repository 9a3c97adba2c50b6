"""The pages that show the interfaces, looked at in Chromium: on telephone and desk, light and dark, by keyboard, its console silent."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.edges import browser
from tests.edges.browser import Tab
from tests.edges.conftest import Server

SHOWN = "document.querySelectorAll('.opblock').length > 4"
FITS = "document.documentElement.scrollWidth <= innerWidth"
FOCUSED = "document.activeElement.getAttribute('aria-label') || document.activeElement.innerText"
OPENED = "document.querySelectorAll('.opblock.is-open .responses-wrapper').length"


@pytest.fixture(scope="module")
async def tab() -> AsyncIterator[Tab]:
    """One browser for all tests here."""
    async with browser.browsing() as opened:
        yield opened


def quiet(tab: Tab, server: Server) -> bool:
    """Whether the console stayed silent, and nothing was asked of anybody but the server."""
    assert tab.said == []
    asked = [url for url in tab.asked if not url.startswith("data:")]
    assert [url for url in asked if not url.startswith(f"{server.url}/")] == []
    return len(asked) > 5


@pytest.mark.parametrize(
    ("path", "width", "dark"),
    [("/docs", 1280, True), ("/docs/platforms", 390, True), ("/docs/platforms", 1280, False)],
)
async def test_page_fits_its_screen_and_is_as_light_as_is_liked(
    tab: Tab, server: Server, path: str, *, width: int, dark: bool
) -> None:
    """Nothing stands beyond the edge; ground and script are light on dark, or dark on light."""
    await tab.look(server.url + path, width=width, dark=dark)
    await tab.until(SHOWN)
    assert await tab.run(f"[innerWidth, {FITS}]") == [width, True]
    ground, ink = await tab.run(
        "[document.body, document.querySelector('.opblock-summary-description')]"
        ".map((e, n) => getComputedStyle(e)[n ? 'color' : 'backgroundColor'].match(/\\d+/g).map(Number)[0])"
    )
    assert (ground < 64 and ink > 160) if dark else (ground > 224 and ink < 96)
    assert quiet(tab, server)


async def test_pages_are_read_by_keyboard(tab: Tab, server: Server) -> None:
    """From one page to the other, past what is above the operations, and an operation opened; on a telephone it still fits."""
    await tab.look(f"{server.url}/docs", width=390)
    await tab.until(SHOWN)
    for said in ("To the operations", "Coster /api/v1", "Other platforms /api/dfc"):
        await tab.press("Tab")
        assert await tab.run(FOCUSED) == said
    await tab.press("Enter")
    await tab.until(f"location.pathname === '/docs/platforms' && {SHOWN}")
    await tab.press("Tab")
    await tab.press("Enter")
    for _ in range(12):
        await tab.press("Tab")
        if "opblock-summary-control" in await tab.run("document.activeElement.className"):
            break
    assert await tab.run(OPENED) == 0
    await tab.press("Enter")
    await tab.until(f"{OPENED} === 1")
    assert await tab.run(f"[location.pathname, {FITS}]") == ["/docs/platforms", True]
    assert quiet(tab, server)
