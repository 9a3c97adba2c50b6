"""Small platforms that are not Coster, over real HTTP on a loopback port: they speak the dialects that others speak today.

Written after what is known of the producers' app for Shopify and of the open proposal for Open Food Network (dfc.md §3.1, §3.2).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final, TypeAlias

CONTEXT: Final = "https://www.datafoodconsortium.org"
Reply: TypeAlias = tuple[int, dict[str, str], bytes]
REASONS: Final = {200: "OK", 201: "Created", 204: "No Content"}


class Asked:
    """A request as it came."""

    def __init__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        self.method, self.path, self.headers, self.body = method, path, headers, body

    @property
    def nodes(self) -> dict[str, dict[str, Any]]:
        """The nodes of its document by id; these platforms read by names and do not expand."""
        document = json.loads(self.body)
        return {node["@id"]: node for node in document.get("@graph", [document])}


Answer: TypeAlias = Callable[[Asked], "Reply | bytes | None"]


class Platform:
    """Listens, keeps what it is asked, and answers by a function.

    Bytes are written as they are and the connection is closed; after None nothing ever comes.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.url = ""
        self._over = asyncio.Event()

    async def start(self) -> Platform:
        """Listens on a port of the system's choice."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def stop(self) -> None:
        """Listens no more."""
        self._over.set()
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _until_empty_line(reader):
            first, *lines = head.decode().split("\r\n")
            method, path, _ = first.split(" ")
            headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines if line)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.asked.append(Asked(method, path, headers, body))
            reply = self.answer(self.asked[-1])
            if reply is None:
                await self._over.wait()
                break
            if isinstance(reply, bytes):
                writer.write(reply)
                break
            writer.write(_written(*reply))
        await writer.drain()
        writer.close()


async def _until_empty_line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


def _written(status: int, headers: dict[str, str], body: bytes) -> bytes:
    told = {"content-length": str(len(body)), **headers} if status != 204 else headers
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Other')}", *(f"{n}: {v}" for n, v in told.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def document(*nodes: dict[str, Any], status: int = 200, **headers: str) -> Reply:
    """An answer with a document."""
    body = json.dumps({"@context": CONTEXT, "@graph": list(nodes)}).encode()
    return status, {"content-type": "application/json", **headers}, body


def plain(status: int, value: Any = None) -> Reply:
    """An answer with plain JSON, or with nothing."""
    return status, {"content-type": "application/json"}, b"" if value is None else json.dumps(value).encode()


class Shop:
    """The orders of a producers' app: 200 for everything, ids of its own, no session, no way to cancel, and 403 without a token.

    `always_held` and `made` make it the other one: 201 without Location, never another status than Held, DELETE for cancelling.
    """

    def __init__(self, *, made: int = 200, always_held: bool = False, deletes: bool = False) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.base = ""
        self._made, self._always_held, self._deletes = made, always_held, deletes

    def __call__(self, asked: Asked) -> Reply:
        """Answers a request."""
        if asked.headers.get("authorization") != "Bearer good":
            return plain(403, {"message": "User access denied", "error": "no token"})
        _, _, id_ = asked.path.partition("/Orders")
        id_ = id_.strip("/")
        if asked.method == "POST" and not id_:
            id_ = str(len(self.orders) + 1)
            return self._keep(id_, asked, self._made)
        if id_ not in self.orders:
            return plain(404)
        if asked.method == "PUT":
            return self._keep(id_, asked, 200)
        if asked.method == "DELETE":
            if not self._deletes:
                return plain(404)
            self.orders[id_]["deleted"] = True
            return plain(204)
        return self._shown(id_, 200)

    def _keep(self, id_: str, asked: Asked, status: int) -> Reply:
        nodes = asked.nodes
        [order] = [node for node in nodes.values() if node["@type"] == "dfc-b:Order"]
        parts = order.get("dfc-b:hasPart", [])
        parts = parts if isinstance(parts, list) else [parts]
        if not parts and self._deletes:
            return plain(400)
        lines = {}
        for part in parts:
            offer = nodes[nodes[part]["dfc-b:concerns"]]
            product = offer["dfc-b:offeredItem"]["@id"]
            lines[product] = nodes[part]["dfc-b:quantity"]
        complete = order["dfc-b:hasOrderStatus"] == "dfc-v:Complete" and not self._always_held
        self.orders[id_] = {"lines": lines, "complete": complete}
        return self._shown(id_, status)

    def _shown(self, id_: str, status: int) -> Reply:
        kept = self.orders[id_]
        order = f"{self.base}/Orders/{id_}"
        nodes: list[dict[str, Any]] = []
        for number, (product, quantity) in enumerate(kept["lines"].items(), start=1):
            nodes += [
                {"@id": f"{order}/orderLines/{number}", "@type": "dfc-b:OrderLine", "dfc-b:quantity": quantity,
                 "dfc-b:partOf": order, "dfc-b:concerns": f"{product}/Offer"},
                {"@id": f"{product}/Offer", "@type": "dfc-b:Offer", "dfc-b:offeredItem": {"@id": product}},
                {"@id": product, "@type": "dfc-b:SuppliedProduct", "dfc-b:name": "Something"},
            ]  # fmt: skip
        word = "Complete" if kept["complete"] else "Held"
        head: dict[str, Any] = {
            "@id": order,
            "@type": "dfc-b:Order",
            "dfc-b:hasOrderStatus": {"@id": f"dfc-v:{word}"},
        }
        if nodes:
            head["dfc-b:hasPart"] = [node["@id"] for node in nodes if node["@type"] == "dfc-b:OrderLine"]
        if kept["complete"]:
            head["dfc-b:hasFulfilmentStatus"] = {"@id": "dfc-v:Unfulfilled"}
        return document(head, *nodes, status=status)
