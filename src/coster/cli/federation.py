"""`coster federation`: producers on other platforms that speak the standard of the Data Food Consortium, over HTTP with a key.

The way is `connect` (who is there?), `accept` (a person's consent), `refresh` (their catalogue), `matches` and `match` (what is what).
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from cyclopts import App, Parameter
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from coster.cli import output
from coster.cli.output import Exit, FailedError
from coster.cli.remote import RefusedError, Remote, Server

_HERE: Final = Server()
_VARIABLE: Final = "COSTER_PEER_SECRET"

app = App(
    name="federation",
    help="Producers on other platforms that speak the DFC standard: connect to a platform, take a producer on, read its catalogue,"
    " say which of its products are which of your items.",
    help_epilogue="Exit codes: 0 done; 2 not understood; 3 something in it needs a person (a product that cannot be sold, a match);"
    " 4 server or platform not reached, or refused.",
)
AsJson = Annotated[bool, Parameter(negative="", help="Print JSON.")]
PeerId = Annotated[
    uuid.UUID, Parameter(name="connection", help="The connection's id, as `coster federation list` shows it.")
]
SupplierId = Annotated[
    uuid.UUID, Parameter(name="id", help="The supplier's id, as `coster federation list` shows it.")
]
MatchId = Annotated[
    uuid.UUID, Parameter(name="id", help="The product's id, as `coster federation matches` shows it.")
]


@app.command
def connect(  # noqa: PLR0913 - each is an option of its own on the command line
    url: Annotated[
        str,
        Parameter(
            help="Where the platform's API begins, such as https://farm.example/api/dfc, or one enterprise there."
        ),
    ],
    *,
    hub: Annotated[uuid.UUID, Parameter(help="The id of the hub whose connection it is.")],
    name: Annotated[str | None, Parameter(help="What you call it; without it the host.")] = None,
    token_file: Annotated[
        Path | None,
        Parameter(
            help=f"A file with the platform's token for you; or {_VARIABLE}, which `ps` does not show."
        ),
    ] = None,
    issuer: Annotated[
        str | None, Parameter(help="With a client id: whose client you are (OpenID Connect).")
    ] = None,
    client_id: Annotated[
        str | None, Parameter(help="Your id there; the secret comes as the token does.")
    ] = None,
    json: AsJson = False,
    server: Server = _HERE,
) -> None:
    """Connect a hub to a platform, and ask who is there.

    Example: coster federation connect https://farm.example/api/dfc --hub 0193f2a0-0000-7000-8000-000000000001 --token-file token
    """
    secret = _secret(token_file)
    body: dict[str, Any] = {"hub_id": hub, "name": name or _host(url), "url": url}
    body |= {"auth": "client" if client_id else "token" if secret else "none"}
    body |= {"issuer": issuer} if issuer else {}
    body |= {"client_id": client_id} if client_id else {}
    body |= {"secret": secret} if secret else {}
    with Remote(server) as remote:
        peer = remote.post("peers", body)
        try:
            found = _discovered(remote, peer["id"])
        except RefusedError as refused:
            told = f"{refused}. The connection {peer['id']} is kept: `coster federation discover` asks again"
            raise FailedError(told, refused.code) from refused
    _show_found(found, json=json)


@app.command
def discover(peer_id: PeerId, *, json: AsJson = False, server: Server = _HERE) -> None:
    """Ask a platform again who is there.

    Example: coster federation discover 0193f2a0-0000-7000-8000-000000000002
    """
    with Remote(server) as remote:
        _show_found(_discovered(remote, peer_id), json=json)


def _discovered(remote: Remote, peer_id: uuid.UUID) -> dict[str, Any]:
    with _waiting("asking the platform"):
        found: dict[str, Any] = remote.post(f"peers/{peer_id}/discoveries", {})
    return found


def _show_found(found: dict[str, Any], *, json: bool) -> None:
    if json:
        output.as_json(found)
        return
    title = f"connection {found['id']}: {found['platform'] or 'a platform that does not say its name'}"
    rows = [
        [one["name"], one["iri"], ", ".join(one["scopes"]), ", ".join(one["currencies"])]
        for one in found["enterprises"]
    ]
    output.table(title, ("enterprise", "IRI", "what we can do", "prices in"), rows)
    output.say(f"To sell what one of them offers: coster federation accept {found['id']} IRI")


@app.command
def disconnect(peer_id: PeerId, *, json: AsJson = False, server: Server = _HERE) -> None:
    """Forget a connection and its secret; refused while a supplier depends on it.

    Example: coster federation disconnect 0193f2a0-0000-7000-8000-000000000002
    """
    with Remote(server) as remote:
        gone = remote.ask("DELETE", f"peers/{peer_id}").json()
    if json:
        output.as_json(gone)
    else:
        output.say(f"connection {peer_id}: forgotten")


@app.command
def accept(  # noqa: PLR0913 - each is an option of its own on the command line
    peer_id: PeerId,
    iri: Annotated[str, Parameter(help="The enterprise's IRI, as `connect` shows it.")],
    *,
    producer: Annotated[
        str | None, Parameter(help="An enterprise of yours that stands for it; without it one is made.")
    ] = None,
    policy: Annotated[
        Literal["strict", "optimistic"],
        Parameter(help="Whether a checkout waits until the supplier holds the goods."),
    ] = "strict",
    wait: Annotated[int, Parameter(help="For how many seconds it waits at most.")] = 10,
    every: Annotated[int, Parameter(help="After how many minutes the catalogue is read again.")] = 60,
    remainder: Annotated[
        Literal["loose", "round_up", "round_down"], Parameter(help="What becomes of a broken case.")
    ] = "round_up",
    json: AsJson = False,
    server: Server = _HERE,
) -> int:
    """Agree that the hub sells what an enterprise there offers, and read its catalogue.

    Example: coster federation accept 0193f2a0-0000-7000-8000-000000000002 https://farm.example/api/dfc/Enterprises/1
    """
    body: dict[str, Any] = {
        "peer_id": peer_id, "enterprise_iri": iri, "policy": policy, "wait_seconds": wait, "refresh_minutes": every,
        "remainder": remainder,
    }  # fmt: skip
    body |= {"producer_id": producer} if producer else {}
    with Remote(server) as remote:
        supplier = remote.post("suppliers", body)
        return _refresh(remote, supplier["id"], anew=False, json=json)


@app.command(name="list")
def list_all(*, json: AsJson = False, server: Server = _HERE) -> None:
    """List connections and suppliers, with how their catalogues stand.

    Example: coster federation list
    """
    with Remote(server) as remote:
        peers, suppliers = remote.every("peers"), remote.every("suppliers")
    if json:
        output.as_json({"peers": peers, "suppliers": suppliers})
        return
    output.table(
        "connections",
        ("id", "name", "address", "platform", "enterprises"),
        [[p["id"], p["name"], p["url"], p["platform"] or None, len(p["enterprises"])] for p in peers],
    )
    output.table(
        "suppliers",
        ("id", "name", "status", "policy", "catalogue read", "what is wrong"),
        [
            [
                s["id"],
                s["name"],
                s["status"],
                s["policy"],
                _minute(s["refreshed_at"]),
                s["last_error"] or None,
            ]
            for s in suppliers
        ],
    )


@app.command
def refresh(
    supplier_id: SupplierId,
    *,
    anew: Annotated[
        bool, Parameter(negative="", help="Also where the platform says that nothing has changed.")
    ] = False,
    json: AsJson = False,
    server: Server = _HERE,
) -> int:
    """Read a supplier's catalogue now; the server does so by itself from time to time.

    Example: coster federation refresh 0193f2a0-0000-7000-8000-000000000003
    """
    with Remote(server) as remote:
        return _refresh(remote, supplier_id, anew=anew, json=json)


def _refresh(remote: Remote, supplier_id: uuid.UUID, *, anew: bool, json: bool) -> int:
    with _waiting("reading the catalogue"):
        path = f"suppliers/{supplier_id}/refreshes{'?anew=true' if anew else ''}"
        counts: dict[str, Any] = remote.post(path, {})
    if json:
        output.as_json(counts)
    else:
        told = [f"{counts[n]} {n}" for n in _COUNTED if counts.get(n)]
        output.say(f"supplier {supplier_id}: {', '.join(told) or 'nothing has changed'}")
        if counts.get("proposed"):
            output.say("Say which of them you have already: coster federation matches")
        if counts.get("refused"):
            output.say("See why some cannot be sold: coster federation products --status refused")
    return Exit.ROWS_FAILED if counts.get("refused") or counts.get("proposed") else Exit.DONE


_COUNTED: Final = ("added", "changed", "returned", "gone", "proposed", "refused", "unchanged")


@app.command
def products(
    *,
    supplier: Annotated[uuid.UUID | None, Parameter(help="Only of this supplier.")] = None,
    status: Annotated[Literal["linked", "proposed", "refused"] | None, Parameter(help="Only these.")] = None,
    gone: Annotated[bool, Parameter(negative="", help="Only what is no longer in the catalogue.")] = False,
    json: AsJson = False,
    server: Server = _HERE,
) -> None:
    """List products of suppliers: price, case, stock as it was when the catalogue was read.

    Example: coster federation products --status refused
    """
    asked = {"supplier_id": supplier, "status": status, "gone": "true" if gone else None}
    with Remote(server) as remote:
        found = remote.every("remote-items", limit="200", **{n: str(v) for n, v in asked.items() if v})
    if json:
        output.as_json(found)
        return
    rows = [
        [
            one["name"], one["sku"] or None, _price(one), None if one["factor"] == "1" else one["factor"],
            one["available"] if one["stock"] == "limited" else one["stock"], _state(one),
        ]
        for one in found
    ]  # fmt: skip
    output.table("", ("name", "sku", "price", "in a case", "stock", "state"), rows)


@app.command
def matches(
    *,
    supplier: Annotated[uuid.UUID | None, Parameter(help="Only of this supplier.")] = None,
    json: AsJson = False,
    server: Server = _HERE,
) -> int:
    """List products that may be items of yours by their name; 3 while there are any.

    Example: coster federation matches
    """
    with Remote(server) as remote:
        found = remote.every("matches", limit="200", **({"supplier_id": str(supplier)} if supplier else {}))
    if json:
        output.as_json(found)
    else:
        columns = ("id", "product", "your item", "item id")
        rows = [[one["id"], one["name"], one["proposed_name"], one["proposed_item_id"]] for one in found]
        output.table("", columns, rows)
    return Exit.ROWS_FAILED if found else Exit.DONE


@app.command(name="match")
def judge(
    match_id: MatchId,
    verdict: Annotated[Literal["accept", "reject"], Parameter(help="Whether it is the item.")],
    *,
    item: Annotated[
        uuid.UUID | None, Parameter(help="With accept: this item instead of the proposed one.")
    ] = None,
    json: AsJson = False,
    server: Server = _HERE,
) -> None:
    """Say whether a product is an item of yours. What is rejected gets an item of its own.

    Example: coster federation match 0193f2a0-0000-7000-8000-000000000004 accept
    """
    body = {"name": verdict, **({"item_id": item} if item else {})}
    with Remote(server) as remote:
        made = remote.post(f"matches/{match_id}/events", body)
    if json:
        output.as_json(made)
    else:
        output.say(f"The item {made['item_id']} stands for it now.")


@app.command
def suspend(supplier_id: SupplierId, *, json: AsJson = False, server: Server = _HERE) -> None:
    """Sell nothing of a supplier until it is resumed; what is held stays held.

    Example: coster federation suspend 0193f2a0-0000-7000-8000-000000000003
    """
    _drive(server, supplier_id, "suspend", json=json)


@app.command
def resume(supplier_id: SupplierId, *, json: AsJson = False, server: Server = _HERE) -> None:
    """Sell what a suspended supplier offers again.

    Example: coster federation resume 0193f2a0-0000-7000-8000-000000000003
    """
    _drive(server, supplier_id, "resume", json=json)


@app.command
def remove(supplier_id: SupplierId, *, json: AsJson = False, server: Server = _HERE) -> None:
    """End it with a supplier: nothing of it is sold any more; what is held stays and is completed.

    Example: coster federation remove 0193f2a0-0000-7000-8000-000000000003
    """
    _drive(server, supplier_id, "remove", json=json)


def _drive(server: Server, supplier_id: uuid.UUID, event: str, *, json: bool) -> None:
    with Remote(server) as remote:
        moved = remote.post(f"suppliers/{supplier_id}/events", {"name": event})
    if json:
        output.as_json(moved)
    else:
        output.say(f"supplier {supplier_id}: {moved['status']}")


def _secret(file: Path | None) -> str:
    if file is None:
        return os.environ.get(_VARIABLE, "")
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise FailedError(f"cannot read {file}: {error.strerror}", Exit.USAGE) from error


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0] or url


def _minute(instant: str | None) -> str | None:
    return f"{instant:.16}Z" if instant else None


def _price(one: dict[str, Any]) -> str | None:
    return f"{one['each']} {one['currency']}" if one["each"] else None


def _state(one: dict[str, Any]) -> str:
    if one["gone_at"]:
        return f"gone since {_minute(one['gone_at'])}"
    return str(one["fault"] or one["status"])


@contextlib.contextmanager
def _waiting(doing: str) -> Iterator[None]:
    """Shows that something is under way, on standard error; nothing where that is no terminal."""
    shown = output.console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal) as progress:
        progress.add_task(doing, total=None)
        yield
