"""The one place where the parts are put together: settings in, a running house out, with or without HTTP.

`running` gives everything that carries out commands; `create` gives the ASGI app over it, for granian or uvicorn:
`granian --interface asgi --factory coster.app:create`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import functools
import logging
import os
import pathlib
import random
import sys
import traceback
import uuid
from collections.abc import AsyncIterator, Coroutine, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
from litestar import Litestar
from litestar.exceptions import HTTPException

from coster import settings as configuration
from coster.domain.buying import handlers as buying
from coster.domain.catalog import handlers as catalog
from coster.domain.federation import handlers as federation
from coster.domain.federation.ports import Suppliers
from coster.domain.identity import handlers as identity
from coster.domain.identity import reads as identity_reads
from coster.domain.identity.model import Caller
from coster.domain.inventory import handlers as inventory
from coster.domain.linking import handlers as linking
from coster.domain.linking import reactions as linking_reactions
from coster.domain.linking.handlers import starting
from coster.domain.linking.handlers.waiting import Waiters
from coster.domain.orders import handlers as orders
from coster.domain.orders import reactions as orders_reactions
from coster.domain.orders.model import MakeOrderGood, ReplaceLines
from coster.domain.parties import handlers as parties
from coster.domain.sessions import handlers as sessions
from coster.domain.supplying import handlers as supplying
from coster.domain.supplying.model import OpenSupply, PlaceSupplied
from coster.domain.wholesale import handlers as wholesale
from coster.domain.wholesale import reactions as wholesale_reactions
from coster.domain.wholesale.model import MakeHeldOrderGood
from coster.edges.api.operations import OPERATIONS
from coster.edges.dfc import mounting, oidc
from coster.edges.dfc.client.peers import Peers, connected
from coster.edges.dfc.client.refreshing import CLAIMED_SECONDS, Refresher
from coster.edges.dfc.client.transport import Wire
from coster.edges.dfc.iris import PREFIX, Iris
from coster.edges.dfc.telling import CONCERNS, Teller
from coster.edges.http import routes, throttle
from coster.edges.http.auth import Authenticator, Memory
from coster.edges.http.parts import Limits, Parts, Webhooks, nothing_to_settle
from coster.edges.http.throttle import Rate
from coster.edges.providers import mailing as mailing_
from coster.edges.providers.smtp import Account
from coster.engine import collecting, observe, tasks
from coster.engine.batch.gather import Gatherer
from coster.engine.batch.handler import Registry
from coster.engine.batch.run import Runner
from coster.engine.db import connect, migrate, statistics
from coster.engine.db.connect import Database, Target
from coster.engine.db.embedded import EmbeddedServer
from coster.engine.flows import failing
from coster.engine.flows import handlers as flow_handlers
from coster.engine.flows import reads as flow_reads
from coster.engine.mail import handlers as mail
from coster.engine.mending import handlers as mending
from coster.engine.outbox.react import Reactions
from coster.engine.outbox.relay import Relay, Wiring
from coster.engine.outbox.wake import Bell
from coster.engine.story import late
from coster.engine.webhooks import handlers as webhook_handlers
from coster.engine.webhooks.deliver import Deliverer, Tools
from coster.engine.webhooks.guard import Guard
from coster.engine.webhooks.model import Policy
from coster.engine.webhooks.sender import Sender
from coster.engine.webhooks.signing import Keyring
from coster.kernel import clock, errors
from coster.settings import Settings

_BETWEEN_LOOKS = 0.1


def _together(*tables: Reactions) -> Reactions:
    """Reactions of several rooms, by event, each room's after those of the rooms before it."""
    names = dict.fromkeys(name for table in tables for name in table)
    return {name: tuple(entry for table in tables for entry in table.get(name, ())) for name in names}


# Whose life is a flow, by the kind of entity.
_LIBRARIES = (orders.LIBRARY, orders.CHECKOUTS, wholesale.LIBRARY, webhook_handlers.LIBRARY)
LIBRARIES = {library.entity: library for library in _LIBRARIES}
# Which command a room hears by that a message of a flow was not delivered, by the kind of entity whose flow sent it.
MAKE_GOOD: Mapping[str, type[failing.MakeGood]] = {
    orders.LIBRARY.entity: MakeOrderGood,
    orders.CHECKOUTS.entity: MakeOrderGood,
    wholesale.LIBRARY.entity: MakeHeldOrderGood,
}
# The handlers of orders are in wholesale's table, each with the held orders that follow from it.
HANDLERS = (
    *identity.HANDLERS,
    *supplying.knowing_hubs_elsewhere(federation.knowing_who_is_elsewhere(parties.HANDLERS)),
    *buying.HANDLERS,
    *catalog.HANDLERS,
    *inventory.HANDLERS,
    *sessions.HANDLERS,
    *linking.waiting_for_suppliers(wholesale.HANDLERS),
    *federation.growing_only_here(
        federation.knowing_who_is_elsewhere(supplying.HANDLERS, OpenSupply, lambda _: True),
        supplying.stop,
        PlaceSupplied,
        ReplaceLines,
    ),
    *federation.HANDLERS,
    *linking.HANDLERS,
    *flow_handlers.handlers(LIBRARIES.values()),
    *webhook_handlers.HANDLERS,
    *mending.HANDLERS,
    *mail.HANDLERS,
)
# By event, in the order in which they run: orders first, because a held order is completed with what is left.
REACTIONS = _together(orders_reactions.REACTIONS, wholesale_reactions.REACTIONS, linking_reactions.REACTIONS)


@dataclass(slots=True)
class House:
    """Everything that carries out commands, running."""

    settings: Settings
    clock: clock.Clock
    database: Database
    registry: Registry
    gatherer: Gatherer
    bell: Bell
    relay: Relay | None
    webhooks: Webhooks | None
    peers: Peers | None
    links: Waiters


def create(
    settings: Settings | None = None, *, target: Target | None = None, suppliers: Suppliers | None = None
) -> Litestar:
    """The ASGI app. Without settings they are read from the environment; `target` names a database instead of theirs, `suppliers` speaks
    to other platforms instead of our client. `state.leave()` tells it that it will be stopped soon: from then on it is not ready."""
    chosen = settings or configuration.read()
    configure_log(chosen)
    collecting.seldom()
    seat = routes.Seat(log_requests=chosen.log_requests)
    wire = Wire(Guard(networks_of(chosen.federation_networks)))
    dfc = mounting.mounted(seat, chosen.dfc_issuers, wire)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        async with running(chosen, target=target, suppliers=suppliers) as house:
            seat.parts = parts(house)
            try:
                yield
            finally:
                # From here on nothing new is taken; what was taken is finished by `running`.
                seat.parts.stopping = True
                await wire.close()

    made = Litestar(
        route_handlers=[*routes.handlers(seat, OPERATIONS, prefix="/api/v1"), dfc],
        lifespan=[lifespan],
        exception_handlers={HTTPException: routes.problem_of, Exception: routes.problem_of},
        openapi_config=None,
        logging_config=None,
    )
    made.state.leave = seat.leave
    return made


@contextlib.asynccontextmanager
async def running(
    settings: Settings, *, target: Target | None = None, suppliers: Suppliers | None = None
) -> AsyncIterator[House]:
    """A running house, migrated, until the end of the block; then it finishes what it has taken, within
    `drain` seconds.

    Raises the faults of engine.db where the database cannot be used, each with what to do about it.
    """
    async with contextlib.AsyncExitStack() as stack:
        place = target or await _place(settings, stack)
        await _check(place)
        database = await Database.open(
            place, max_size=settings.connections, acquire_timeout=settings.connection_wait
        )
        stack.push_async_callback(database.close)
        await _tell_hidden(database)
        registry = Registry(HANDLERS)
        gatherer = Gatherer(
            Runner(database, identity.authorise),
            registry,
            max_batch=settings.max_batch,
            max_waiting=settings.max_waiting,
            max_running=settings.max_running,
        )
        bell = gatherer.committed
        stack.push_async_callback(_drain, gatherer, settings.drain)
        chosen = _clock(settings)
        relay = None
        if settings.background:
            bodies = {kind: handler.body for kind, handler in registry.by_kind.items()}
            mailing = _mailing(settings)
            reactions = REACTIONS if mailing is None else _together(REACTIONS, orders_reactions.LETTERS)
            wiring = Wiring(gatherer.submit, reactions, bodies, chosen)
            # What nothing reacts to need not wake the relay; it looks for timers by itself.
            relay = Relay(database, wiring, rung=bell.listen(reactions))
            await stack.enter_async_context(_carrying(relay))
            await stack.enter_async_context(_keeping(statistics.keep(database)))
            kept = dt.timedelta(days=settings.access_days)
            forgetting = identity.keep_access(database, lambda: chosen.now() - kept)
            await stack.enter_async_context(_keeping(forgetting))
            await stack.enter_async_context(_keeping(late.keep(database, chosen.now)))
            if mailing is not None:
                poster = mailing_.poster(database, chosen, mailing)
                await stack.enter_async_context(_keeping(poster.keep()))
        webhooks = _webhooks(settings)
        if webhooks is not None and settings.background:
            await stack.enter_async_context(_delivering(database, gatherer, webhooks, chosen))
        peers = None
        if webhooks is not None:
            networks = networks_of(settings.federation_networks)
            there = connected(database, webhooks.keyring, networks=networks, public_url=settings.public_url)
            peers = await stack.enter_async_context(there)
            if settings.background:
                claim = functools.partial(federation.claim_due, database, CLAIMED_SECONDS)
                refresher = Refresher(peers, claim, gatherer.submit, chosen)
                await stack.enter_async_context(_keeping(refresher.keep()))
                teller = _teller(settings, database, webhooks.keyring)
                await stack.enter_async_context(_keeping(teller.keep(bell.listen(CONCERNS))))
        times = (chosen.now, clock.SystemClock().now)
        ways = suppliers or peers or starting.NoWay()
        ground = starting.Ground(
            database, gatherer, ways, *times, random.random, uuid.uuid4(), background=settings.background
        )
        links = await stack.enter_async_context(starting.started(ground))
        yield House(settings, chosen, database, registry, gatherer, bell, relay, webhooks, peers, links)


def _mailing(settings: Settings) -> mailing_.Mailing | None:
    """The server that takes letters; where there is none, that is said once, and nobody is written to."""
    if not settings.smtp_host:
        observe.log.info("mail_off", setting="COSTER_SMTP_HOST")
        return None
    account = Account(
        host=settings.smtp_host, port=settings.smtp_port, sender=settings.smtp_from or f"coster@{settings.smtp_host}",
        tls=settings.smtp_tls, user=settings.smtp_user, password=settings.smtp_password,
    )  # fmt: skip
    here = settings.public_url or f"http://{settings.host}:{settings.port}"
    return mailing_.Mailing(account=account, public_url=here)


def _teller(settings: Settings, database: Database, keyring: Keyring) -> Teller:
    """What tells other platforms that something has changed."""
    wire = Wire(Guard(networks_of(settings.federation_networks)))
    here = settings.public_url or f"http://{settings.host}:{settings.port}"
    return Teller(database, wire, keyring, Iris(here.rstrip("/") + PREFIX))


def parts(house: House) -> Parts:
    """What the edges need of a running house."""
    database, settings = house.database, house.settings

    async def find(org_id: int, token_hash: bytes, at: dt.datetime) -> Caller | None:
        async with database.read(org_id) as conn:
            return await identity_reads.authenticate(conn, org_id, token_hash, at)

    return Parts(
        database=database,
        gatherer=house.gatherer,
        authenticator=Authenticator(find, _memory(settings)),
        clock=house.clock,
        limits=Limits(
            max_body_bytes=settings.max_body,
            max_row_bytes=settings.max_row,
            max_rows_in_work=settings.max_rows_in_work,
            max_streams=settings.max_streams,
        ),
        libraries=LIBRARIES,
        note_access=functools.partial(identity.note_access, database),
        bell=house.bell,
        webhooks=house.webhooks,
        peers=house.peers,
        links=house.links,
        settle=house.relay.settle if house.relay else nothing_to_settle,
        public_url=settings.public_url,
        issuers=[one.issuer for one in oidc.issuers_of(settings.dfc_issuers)],
    )


def _memory(settings: Settings) -> Memory:
    """How keys are remembered, and how often whom may ask."""
    per_key = Rate(per_second=settings.key_rate, burst=settings.key_burst) if settings.key_rate else None
    failures = Rate(per_second=settings.bad_keys / 60, burst=settings.bad_keys) if settings.bad_keys else None
    return Memory(
        seconds=settings.key_memory,
        most=settings.keys_remembered,
        per_key=per_key,
        failures=failures,
        proxies=throttle.networks(settings.proxies),
    )


def configure_log(settings: Settings) -> None:
    """One JSON object a line on standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _told_fault,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.log_level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_OfLibraries(logging.WARNING)], force=True)


class _OfLibraries(logging.Handler):
    """What a library has to say (asyncpg, that the database is away), as a line like ours; its words without any value."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        fault = record.exc_info[1] if record.exc_info else None
        observe.log.log(
            record.levelno, "library", library=record.name, said=str(record.msg)[:200], exc_info=fault
        )


def _told_fault(_logger: Any, _method: str, told: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A fault by type and places. Never by values: a database names the row that it refused, and rows are
    about people."""
    fault = told.pop("exc_info", None)
    if isinstance(fault, BaseException):
        told["fault"] = type(fault).__qualname__
        told["places"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(fault.__traceback__)
        ]
        if isinstance(fault, (errors.Fault, TypeError, AttributeError, AssertionError)):
            told["message"] = str(fault)[:500]
    return told


async def _place(settings: Settings, stack: contextlib.AsyncExitStack) -> Target:
    """Where the database is; an embedded server is started, and stopped with the stack."""
    if settings.database_url:
        return settings.database_url
    server = EmbeddedServer(settings.data_dir, bin_dir=settings.pg_bin or None)
    await stack.enter_async_context(server)
    options: dict[str, Any] = server.connect_options()
    await migrate.upgrade(options)
    return options


async def _check(place: Target) -> None:
    conn = await connect.connect(place)
    try:
        await migrate.check(conn)
    finally:
        await conn.close()


async def _tell_hidden(database: Database) -> None:
    """Says which versions of organisations stand in front of one that came with this release, which nobody there can begin on."""
    shipped = {key for library in LIBRARIES.values() for key in library.texts}
    async with database.system() as conn:
        for org_id, name, version in await flow_reads.hidden(conn, shipped):
            observe.log.warning("flow_shipped_hidden", org_id=org_id, flow=name, version=version)


@contextlib.asynccontextmanager
async def _carrying(relay: Relay) -> AsyncIterator[None]:
    """The relay's task runs while the block does; then it finishes what it has sent and gives its leases back."""
    task = asyncio.create_task(relay.run())
    try:
        yield
    finally:
        await relay.stop()
        await task


@contextlib.asynccontextmanager
async def _keeping(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work that never ends goes on while the block does."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        await tasks.end(task)


@contextlib.asynccontextmanager
async def _delivering(
    database: Database, gatherer: Gatherer, webhooks: Webhooks, chosen: clock.Clock
) -> AsyncIterator[None]:
    """The task that sends webhooks runs while the block does; then it finishes what is under way."""
    policy = Policy()
    sender = Sender(webhooks.guard, policy)
    tools = Tools(
        database=database,
        sender=sender,
        keyring=webhooks.keyring,
        submit=gatherer.submit,
        clock=chosen,
        chance=random.random,
        holder=uuid.uuid4(),
        policy=policy,
        make_good=MAKE_GOOD,
    )
    deliverer = Deliverer(tools)
    ringing = asyncio.create_task(_wake_at_commits(deliverer, gatherer.committed.listen()))
    task = asyncio.create_task(deliverer.run())
    try:
        yield
    finally:
        ringing.cancel()
        deliverer.stop()
        await task
        await sender.close()


async def _wake_at_commits(deliverer: Deliverer, rung: asyncio.Event) -> None:
    while True:
        await rung.wait()
        rung.clear()
        deliverer.wake()
        # Commits come by the thousand; webhooks need not be looked at more often than this.
        await asyncio.sleep(_BETWEEN_LOOKS)


def with_webhook_keys(settings: Settings) -> Settings:
    """The settings with what webhooks are signed with: where no key is chosen, the one kept beside the
    embedded data. All processes of a server sign with the same."""
    if settings.webhook_keys or settings.database_url:
        return settings
    key = base64.b64encode(_kept_key(pathlib.Path(settings.data_dir) / "webhook.key")).decode()
    return msgspec.structs.replace(settings, webhook_keys=f"local:{key}")


def _webhooks(settings: Settings) -> Webhooks | None:
    """What webhooks are signed with, and where they may go."""
    chosen = with_webhook_keys(settings).webhook_keys
    keys = {name: base64.b64decode(key) for name, _, key in _pairs(chosen)}
    if not keys:
        return None
    return Webhooks(Guard(networks_of(settings.webhook_networks)), Keyring(keys, next(iter(keys))))


def networks_of(setting: str) -> list[str]:
    """The networks of a setting, which stand there with commas between them."""
    return [network.strip() for network in setting.split(",") if network.strip()]


def _pairs(text: str) -> list[tuple[str, str, str]]:
    return [entry.strip().partition(":") for entry in text.split(",") if entry.strip()]


def _kept_key(path: pathlib.Path) -> bytes:
    """The key in a file that only this user reads; made when it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(32))
    return path.read_bytes()


async def _drain(gatherer: Gatherer, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(gatherer.stop(), seconds)


def _clock(settings: Settings) -> clock.Clock:
    if settings.clock == "system":
        return clock.SystemClock()
    start = settings.clock_start
    return clock.ManualClock(dt.datetime.fromisoformat(start) if start else clock.SystemClock().now())
