"""The pages that show the interfaces in a browser: ours, and that for other platforms. Nothing in them is loaded from elsewhere."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

from coster.edges.http.call import Answer, Call
from coster.edges.http.operation import Operation

_STATIC: Final = Path(__file__).with_name("static")
_FILES: Final = {
    "swagger-ui.css": (_STATIC / "swagger-ui", "text/css"),
    "swagger-ui-bundle.js": (_STATIC / "swagger-ui", "text/javascript"),
    "page.css": (_STATIC / "pages", "text/css"),
    "start.js": (_STATIC / "pages", "text/javascript"),
}
_PAGES: Final = {
    "/docs": ("Coster: HTTP interface", "Coster /api/v1", "/api/v1/openapi.json"),
    "/docs/platforms": ("Coster: for other platforms", "Other platforms /api/dfc", "/api/dfc/openapi.json"),
}
"""By address: the title, what a link to it is called, and the document that it shows."""
# Swagger UI sets styles at run time and draws its icons from data: addresses; scripts come from here only.
_RULES: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    b"connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_POLICY: Final = (b"content-security-policy", _RULES)


async def page(call: Call) -> Answer:
    """One of the pages, with the way to the other."""
    title, _, document = _PAGES[call.operation.path]
    frame = await asyncio.to_thread((_STATIC / "pages" / "page.html").read_text)
    body = (
        frame.replace("{{title}}", title)
        .replace("{{document}}", document)
        .replace("{{links}}", _links(call.operation.path))
    )
    return Answer(body=body.encode(), media=b"text/html; charset=utf-8", headers=[_POLICY])


def _links(here: str) -> str:
    marks = {here: ' aria-current="page"'}
    return "\n".join(
        f'<a href="{path}"{marks.get(path, "")}>{name}</a>' for path, (_, name, _) in _PAGES.items()
    )


async def file(call: Call) -> Answer:
    """A file of the pages."""
    name = call.path.rpartition("/")[2]
    directory, media = _FILES[name]
    body = await asyncio.to_thread((directory / name).read_bytes)
    return Answer(body=body, media=f"{media}; charset=utf-8".encode(), headers=[_POLICY])


_PUBLIC: dict[str, Any] = {"tag": "server", "permission": None, "method": "GET"}
OPERATIONS = (
    Operation(
        id="getDocs",
        path="/docs",
        summary="This interface as a page",
        endpoint=page,
        media=("text/html",),
        **_PUBLIC,
    ),
    Operation(
        id="getDocsOfPlatforms",
        path="/docs/platforms",
        summary="The interface for other platforms as a page",
        endpoint=page,
        media=("text/html",),
        **_PUBLIC,
    ),
    *(
        Operation(
            id=f"getDocsFile{number}",
            path=f"/docs/{name}",
            summary=f"{name} of those pages",
            endpoint=file,
            media=(media,),
            **_PUBLIC,
        )
        for number, (name, (_, media)) in enumerate(_FILES.items(), 1)
    ),
)
