"""Whether the server lives, whether it can serve, what it measures, and what it can do: for machines and for people."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.operation import Operation
from coster.edges.http.problems import Problem

_SWAGGER: Final = Path(__file__).with_name("static") / "swagger-ui"
_FILES: Final = {
    "swagger-ui.css": b"text/css; charset=utf-8",
    "swagger-ui-bundle.js": b"text/javascript; charset=utf-8",
    "start.js": b"text/javascript; charset=utf-8",
}
# Swagger UI sets styles at run time and draws its icons from data: addresses; scripts come from here only.
_RULES: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    b"connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_POLICY: Final = (b"content-security-policy", _RULES)
_READY_SECONDS: Final = 3.0


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How it is."""

    status: Annotated[str, msgspec.Meta(examples=["ok"])]


async def live(_call: Call) -> Answer:
    """The process answers; nothing else is asked."""
    return answer(Health(status="ok"))


async def ready(call: Call) -> Answer:
    """The database answers and the server takes requests; a load balancer asks this."""
    if call.parts.stopping or call.parts.leaving:
        raise Problem("stopping", "This server is going down.", headers=[(b"retry-after", b"1")])
    try:
        async with asyncio.timeout(_READY_SECONDS), call.parts.database.read(0):
            return answer(Health(status="ok"))
    except Exception:  # noqa: BLE001 - whatever keeps the database from answering, this server cannot serve
        raise Problem(
            "busy", "The database does not answer just now.", headers=[(b"retry-after", b"2")]
        ) from None


async def metrics(_call: Call) -> Answer:
    """Everything that is measured, as Prometheus reads it. Nothing in it is about a person or an organisation."""
    return Answer(body=generate_latest(), media=CONTENT_TYPE_LATEST.encode())


async def docs(_call: Call) -> Answer:
    """The page that shows this interface."""
    return Answer(body=_PAGE, media=b"text/html; charset=utf-8", headers=[_POLICY])


async def docs_file(call: Call) -> Answer:
    """A file of that page."""
    name = call.path.rpartition("/")[2]
    body = _START if name == "start.js" else await asyncio.to_thread((_SWAGGER / name).read_bytes)
    return Answer(body=body, media=_FILES[name], headers=[_POLICY])


_PAGE: Final = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Coster: HTTP interface</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START: Final = b"""SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
});
"""

_PUBLIC: dict[str, Any] = {"tag": "server", "permission": None, "method": "GET"}
OPERATIONS = (
    Operation(
        id="isLive",
        path="/health/live",
        summary="Whether the process lives",
        endpoint=live,
        answer=Health,
        **_PUBLIC,
    ),
    Operation(
        id="isReady",
        path="/health/ready",
        summary="Whether requests can be served",
        endpoint=ready,
        answer=Health,
        problems=("busy",),
        **_PUBLIC,
    ),
    Operation(
        id="getMetrics",
        path="/metrics",
        summary="What is measured",
        endpoint=metrics,
        media=("text/plain",),
        **_PUBLIC,
    ),
    Operation(
        id="getDocs",
        path="/docs",
        summary="This interface as a page",
        endpoint=docs,
        media=("text/html",),
        **_PUBLIC,
    ),
    *(
        Operation(
            id=f"getDocsFile{number}",
            path=f"/docs/{name}",
            summary=f"{name} of that page",
            endpoint=docs_file,
            media=(media.decode().partition(";")[0],),
            **_PUBLIC,
        )
        for number, (name, media) in enumerate(_FILES.items(), 1)
    ),
)
