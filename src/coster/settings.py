"""Every setting, with its unit and default, read once from the environment (`COSTER_<NAME>`)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_type_hints

import msgspec

PREFIX = "COSTER_"


def _told(text: str, unit: str = "", **limits: Any) -> msgspec.Meta:
    return msgspec.Meta(description=text, extra={"unit": unit}, **limits)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an installation can choose. Everything has a default that is right for a first start."""

    database_url: Annotated[
        str, _told("The PostgreSQL server to use, 15 to 18; empty: an embedded one in `COSTER_DATA_DIR`.")
    ] = ""
    data_dir: Annotated[str, _told("Where the embedded PostgreSQL keeps its data.")] = "coster-data"
    pg_bin: Annotated[
        str, _told("Directory of PostgreSQL's programs for the embedded server; empty: found by itself.")
    ] = ""
    host: Annotated[str, _told("The address to listen on.")] = "127.0.0.1"
    port: Annotated[int, _told("The port to listen on.", ge=1, le=65535)] = 8000
    workers: Annotated[
        int, _told("Server processes; more than one pays off only with cores to spare.", ge=1, le=64)
    ] = 1
    connections: Annotated[int, _told("Most connections of one process to the database.", ge=2, le=200)] = 10
    connection_wait: Annotated[
        float,
        _told(
            "How long a request waits for a free connection before it is told to come again.", "seconds", gt=0
        ),
    ] = 10.0
    max_batch: Annotated[int, _told("Most commands in one batch.", ge=1, le=10_000)] = 256
    max_waiting: Annotated[
        int,
        _told(
            "Most commands that may wait in one process; beyond, requests are answered 503 with Retry-After.",
            ge=1,
        ),
    ] = 4096
    max_running: Annotated[int, _told("Most batches that use the database at once.", ge=1, le=100)] = 4
    max_body: Annotated[
        int, _told("Largest body of a request; batches are streamed and have no limit.", "bytes", ge=1024)
    ] = 1_048_576
    max_row: Annotated[int, _told("Largest row of a batch.", "bytes", ge=1024)] = 262_144
    max_rows_in_work: Annotated[
        int, _told("Most rows of one batch request that are in work at once.", ge=1, le=10_000)
    ] = 4096
    max_streams: Annotated[int, _told("Most event streams (SSE) of one process.", ge=0)] = 100
    key_memory: Annotated[
        float,
        _told(
            "How long a key's rights are remembered for reading; commands are always checked anew.",
            "seconds",
            ge=0,
            le=60,
        ),
    ] = 2.0
    keys_remembered: Annotated[int, _told("Most keys whose rights are remembered.", ge=1)] = 10_000
    key_rate: Annotated[
        float,
        _told(
            "How many requests one key may send in the long run, in one process; beyond, they are answered 429 with "
            "Retry-After. 0: without limit.",
            "per second",
            ge=0,
        ),
    ] = 0.0
    key_burst: Annotated[int, _told("How many requests a key may send at once after a rest.", ge=1)] = 1000
    bad_keys: Annotated[
        int,
        _told(
            "How many wrong keys one address may send, in one process; beyond, keys that were never good here are "
            "answered 429 with Retry-After. 0: without limit.",
            "per minute",
            ge=0,
        ),
    ] = 60
    proxies: Annotated[
        str,
        _told(
            "Networks of your own proxies, for example `127.0.0.1/32`: for wrong keys the address is then the one "
            "that they say in X-Forwarded-For. Empty: it is not believed."
        ),
    ] = ""
    access_days: Annotated[
        int, _told("How long it is kept who saw which customer's personal data.", "days", ge=1)
    ] = 365
    notice: Annotated[
        float,
        _told(
            "How long a server that is told to stop (SIGTERM) still takes requests while `/health/ready` says 503, so that a "
            "proxy has sent the last one; longer than the proxy's interval between probes. Ctrl-C skips it.",
            "seconds",
            ge=0,
            le=600,
        ),
    ] = 2.0
    drain: Annotated[
        float, _told("How long a stopping server finishes what it has taken.", "seconds", ge=0)
    ] = 30.0
    background: Annotated[
        bool, _told("Whether this process runs reactions, timers and webhooks; some process must.")
    ] = True
    webhook_keys: Annotated[
        str,
        _told(
            "Keys from which the secrets of webhooks follow, as `name:base64` of 32 bytes or more, "
            "separated by commas; the first is"
            " used for new ones. Empty: a key beside the embedded server's data, or no webhooks with a "
            "server of your own."
        ),
    ] = ""
    webhook_networks: Annotated[
        str,
        _told(
            "Networks that webhooks may go to although they are private, for example `10.0.0.0/8,127.0.0.1/32`."
        ),
    ] = ""
    smtp_host: Annotated[
        str, _told("The server that takes letters to approvers; empty: none are written.")
    ] = ""
    smtp_port: Annotated[int, _told("Its port.", ge=1, le=65535)] = 587
    smtp_tls: Annotated[
        Literal["starttls", "tls", "none"],
        _told(
            "How the connection is encrypted: `starttls` (port 587), `tls` from the beginning (port 465), or `none`."
        ),
    ] = "starttls"
    smtp_user: Annotated[str, _told("As whom we log in there; empty: not at all.")] = ""
    smtp_password: Annotated[str, _told("The password for that.")] = ""
    smtp_from: Annotated[
        str,
        _told(
            "The sender of letters, for example `orders@example.org`; empty: `coster@` and the server's name."
        ),
    ] = ""
    public_url: Annotated[
        str,
        _told(
            "How others call this server, for example `https://coster.example`: the addresses in documents for other platforms "
            "begin with it. Empty: as each request calls it."
        ),
    ] = ""
    dfc_issuers: Annotated[
        str,
        _told(
            "Issuers whose tokens (OpenID Connect) are taken below `/api/dfc`, as a JSON list of objects with `issuer`, `audience`, "
            '`organisation` (1), `algorithms` (["RS256"]) and `emails` ("verified"). Empty: none.'
        ),
    ] = ""
    federation_networks: Annotated[
        str,
        _told(
            "Networks in which other platforms and issuers may be although they are private, for example `10.0.0.0/8`."
        ),
    ] = ""
    clock: Annotated[
        Literal["system", "manual"],
        _told("`manual`: a clock that `POST /api/v1/clock` moves; for demonstrations only."),
    ] = "system"
    clock_start: Annotated[str, _told("Where the manual clock begins, as RFC 3339; empty: now.")] = ""
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], _told("The least important messages that are logged.")
    ] = "info"
    log_requests: Annotated[bool, _told("Whether every request is a line in the log.")] = True


class NotUnderstoodError(ValueError):
    """A setting in the environment does not fit; the message says which and what would."""


def read(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """The settings of the environment; `overrides` (from the command line) win. NotUnderstoodError where
    one does not fit."""
    given = os.environ if environ is None else environ
    known = Settings.__struct_fields__
    found: dict[str, Any] = {
        name: given[PREFIX + name.upper()] for name in known if PREFIX + name.upper() in given
    }
    found.update(overrides)
    try:
        return msgspec.convert(found, Settings, strict=False)
    except msgspec.ValidationError as error:
        name = str(error).rpartition("$.")[2].rstrip("`")
        raise NotUnderstoodError(f"{PREFIX}{name.upper()}: {str(error).partition(' - at')[0]}") from None


def reference() -> str:
    """docs/reference/settings.md."""
    rows = ["| setting | default | unit | what it does |", "|---|---|---|---|"]
    hints = get_type_hints(Settings, include_extras=True)
    for field in msgspec.structs.fields(Settings):
        [meta] = hints[field.name].__metadata__
        default = (
            str(field.default).lower() if isinstance(field.default, bool) else field.default or "(empty)"
        )
        rows.append(
            f"| `{PREFIX}{field.name.upper()}` | {default} | {meta.extra['unit']} | {meta.description} |"
        )
    return _HEAD + "\n".join(rows) + "\n"


_HEAD = """# Settings

Read once, at the start, from the environment. `coster serve` takes the most used ones as options too; an option wins.
A value that does not fit stops the start with a sentence that names it.

"""
