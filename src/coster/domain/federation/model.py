"""Records of what lives on other platforms: connections, suppliers, what they offer, and the commands that change them."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

from coster.domain.catalog.model import CatalogState, CatalogWrites, VersionedItem
from coster.domain.parties.model import Enterprise, Remainder, VersionedRelation
from coster.engine.webhooks.model import Target

Auth = Literal["none", "token", "client"]
"""How we say who we are: not at all, with a token, or as an OIDC client (client credentials of the issuer)."""
PeerStatus = Literal["connected", "removed"]
SupplierStatus = Literal["active", "suspended", "removed"]
Policy = Literal["strict", "optimistic"]
"""Whether a checkout waits until the supplier holds the goods, or is answered before."""
StockKind = Literal["limited", "unlimited", "unknown"]
MatchStatus = Literal["linked", "proposed", "refused"]
"""An item of ours stands for the product; one might, by its name; or the product cannot be sold here (`fault` says why)."""


# ---------------------------------------------------------------------------------------------------- connections


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A secret that only the named key of the settings opens; `salt` is the nonce, made for this secret alone."""

    key: str
    salt: bytes
    box: bytes


class PutPeer(msgspec.Struct, frozen=True, kw_only=True):
    """Creates a hub's connection to a platform, or replaces it; without `secret` the one that is stored stays."""

    peer_id: uuid.UUID
    hub_id: uuid.UUID
    name: str
    target: Target
    auth: Auth
    issuer: Target | None = None
    client_id: str = ""
    secret: Sealed | None = None
    expected_version: int | None = None


class RemovePeer(msgspec.Struct, frozen=True, kw_only=True):
    """Forgets the connection and its secret; refused while a supplier depends on it."""

    peer_id: uuid.UUID
    expected_version: int | None = None


class FoundEnterprise(msgspec.Struct, frozen=True, kw_only=True):
    """An enterprise that a platform shows us. `scopes` is what we are known to be able to do for it; `currencies` those of its prices,
    as far as was looked.
    """

    iri: str
    name: str
    scopes: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()


class NoteDiscovery(msgspec.Struct, frozen=True, kw_only=True):
    """What a platform said of itself when it was asked: its name, what it speaks, and the enterprises that it shows us."""

    peer_id: uuid.UUID
    platform: str
    protocol: str
    ontology: str
    enterprises: list[FoundEnterprise]


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """A connection as it is stored."""

    id: uuid.UUID
    hub_id: uuid.UUID
    name: str
    url: str
    auth: Auth
    issuer: str
    client_id: str
    secret_key: str
    secret_salt: bytes
    secret_box: bytes
    status: PeerStatus
    platform: str
    protocol: str
    ontology: str
    enterprises: list[FoundEnterprise]
    discovered_at: dt.datetime | None
    created_at: dt.datetime
    version: int


class PeersState(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding about connections needs: those named, which hubs exist, and the connections that suppliers depend on."""

    peers: dict[uuid.UUID, Peer]
    hubs: frozenset[uuid.UUID]
    needed: frozenset[uuid.UUID]


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How a platform is spoken to, with the secret opened: for the moment of speaking, and never stored, shown or logged."""

    peer_id: uuid.UUID
    url: str
    auth: Auth
    issuer: str
    client_id: str
    secret: str = ""

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Access({self.url}, {self.auth})"


class SealedAccess(msgspec.Struct, frozen=True, kw_only=True):
    """The same before the secret is opened."""

    peer_id: uuid.UUID
    url: str
    auth: Auth
    issuer: str
    client_id: str
    secret_key: str
    secret_salt: bytes
    secret_box: bytes


# ------------------------------------------------------------------------------------------------------ suppliers


class PutSupplier(msgspec.Struct, frozen=True, kw_only=True):
    """A person's consent: from now on the hub sells what this enterprise offers. Or new terms for who supplies already.

    `producer_id` is the enterprise of ours that stands for it (None: one is made). `remainder` is what becomes of a broken case.
    """

    peer_id: uuid.UUID
    enterprise_iri: str
    producer_id: uuid.UUID | None = None
    policy: Policy = "strict"
    wait_seconds: int = 10
    refresh_minutes: int = 60
    remainder: Remainder = "round_up"
    expected_version: int | None = None


class DriveSupplier(msgspec.Struct, frozen=True, kw_only=True):
    """`suspend`: nothing of it is sold until it is resumed. `remove`: nothing any more; what is held stays and is completed."""

    producer_id: uuid.UUID
    event: Literal["suspend", "resume", "remove"]
    expected_version: int | None = None


class AskRefresh(msgspec.Struct, frozen=True, kw_only=True):
    """The catalogue of this enterprise has changed, as its platform says; it is read again soon. Whoever says so learns nothing."""

    enterprise_iri: str


class NoteRefresh(msgspec.Struct, frozen=True, kw_only=True):
    """The catalogue was asked for and not imported: `error` says why not, '' where it has not changed."""

    producer_id: uuid.UUID
    error: str = ""


class Supplier(msgspec.Struct, frozen=True, kw_only=True):
    """A producer on another platform, as it is stored. `etag` is what the platform called the catalogue that we know."""

    producer_id: uuid.UUID
    peer_id: uuid.UUID
    hub_id: uuid.UUID
    enterprise_iri: str
    name: str
    status: SupplierStatus
    policy: Policy
    wait_seconds: int
    currency: str
    refresh_minutes: int
    refresh_at: dt.datetime
    refreshed_at: dt.datetime | None
    changed_at: dt.datetime | None
    etag: str
    failures: int
    last_error: str
    version: int


class SuppliersState(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding about suppliers needs: connections and suppliers named, the enterprises on both sides, and their relations."""

    peers: dict[uuid.UUID, Peer]
    suppliers: dict[uuid.UUID, Supplier]
    by_iri: dict[str, tuple[uuid.UUID, ...]]
    enterprises: dict[uuid.UUID, Enterprise]
    relations: dict[tuple[uuid.UUID, uuid.UUID], VersionedRelation]


class SuppliersWrites(msgspec.Struct, frozen=True, kw_only=True):
    """Suppliers to store, and the enterprises and relations that stand for them."""

    suppliers: list[Supplier]
    enterprises: list[Enterprise]
    relations: list[VersionedRelation]


# ----------------------------------------------------------------------------------------------------- catalogues


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A product of a catalogue and how it is to be had: `factor` (num/den) of it come as one of `ordered`, at `price` for that one.

    `least` and `step` are the finest parts in which the product and what is ordered are sold, in thousandths of their units: 1000 of what
    is counted, 1 of what is measured. `stock` in thousandths of the product's own unit.
    """

    product: str
    same_as: tuple[str, ...] = ()
    ordered: str
    offer: str = ""
    catalog_item: str = ""
    sku: str = ""
    name: str = ""
    unit: str = "piece"
    weight_mg: int | None = None
    num: int = 1
    den: int = 1
    least: int = 1000
    step: int = 1000
    price: Decimal | None = None
    currency: str = ""
    vat_rate: Decimal | None = None
    stock_kind: StockKind = "unknown"
    stock: int | None = None

    @property
    def factor(self) -> Fraction:
        """How many of the product are in one that is ordered, exact."""
        return Fraction(self.num, self.den)

    @property
    def each(self) -> Fraction | None:
        """The price for one of the product, exact."""
        return None if self.price is None else Fraction(self.price) / self.factor


class ImportCatalogue(msgspec.Struct, frozen=True, kw_only=True):
    """What a supplier offers, as it was read. What a `complete` catalogue no longer has is gone; `warning` says why it is not complete."""

    producer_id: uuid.UUID
    offered: list[Offered]
    complete: bool = True
    etag: str = ""
    warning: str = ""


class JudgeMatch(msgspec.Struct, frozen=True, kw_only=True):
    """A person's word on a proposal: the product is this item of ours (`item_id`, None: the proposed one), or it is another thing."""

    remote_item_id: uuid.UUID
    accept: bool
    item_id: uuid.UUID | None = None
    expected_version: int | None = None


class RemoteItem(msgspec.Struct, frozen=True, kw_only=True):
    """A product of a supplier, as it is stored: `item_id` is ours that stands for it (None unless linked), `told` how many
    events there were about it.
    """

    id: uuid.UUID
    producer_id: uuid.UUID
    item_id: uuid.UUID | None
    status: MatchStatus
    proposed_id: uuid.UUID | None
    fault: str
    offered: Offered
    digest: str
    gone_at: dt.datetime | None
    told: int = 0
    version: int


class KnownItem(msgspec.Struct, frozen=True, kw_only=True):
    """What comparing a catalogue needs of a product that is stored."""

    id: uuid.UUID
    product: str
    offer: str
    sku: str
    name: str
    item_id: uuid.UUID | None
    status: MatchStatus
    digest: str
    gone_at: dt.datetime | None
    version: int


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """An item of ours that has the SKU or the name of a product that is new; `linked` where it stands for another already."""

    id: uuid.UUID
    sku: str
    name: str
    linked: bool


class Concerned(msgspec.Struct, frozen=True, kw_only=True):
    """Where a product that is gone is still wanted: sessions that list it, and held orders with their quantity (thousandths)."""

    sessions: tuple[uuid.UUID, ...] = ()
    held: tuple[tuple[uuid.UUID, int], ...] = ()


class ImportState(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding about a catalogue (or a match) needs, after what is different was found."""

    suppliers: dict[uuid.UUID, Supplier]
    hubs: dict[uuid.UUID, str]
    known: dict[uuid.UUID, list[KnownItem]]
    candidates: dict[uuid.UUID, list[Candidate]]
    remote: dict[uuid.UUID, RemoteItem]
    items: dict[uuid.UUID, VersionedItem]
    concerned: dict[uuid.UUID, Concerned]
    catalog: CatalogState


class ImportWrites(msgspec.Struct, frozen=True, kw_only=True):
    """Products and items to store, and the suppliers whose catalogue was read."""

    remote: list[RemoteItem]
    items: CatalogWrites
    suppliers: list[Supplier]


# ---------------------------------------------------------------------------------------------- what is read and shown


class PeerView(msgspec.Struct, frozen=True, kw_only=True):
    """A connection for who manages the hub: everything but the secret."""

    id: uuid.UUID
    hub_id: uuid.UUID
    name: str
    url: str
    auth: Auth
    issuer: str
    client_id: str
    status: PeerStatus
    platform: str
    protocol: str
    ontology: str
    enterprises: list[FoundEnterprise]
    discovered_at: dt.datetime | None
    version: int


class ListWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which connections or suppliers a list shall have; `after` is the last id seen; None: any."""

    ids: list[uuid.UUID] | None = None
    after: uuid.UUID | None = None
    limit: int = 100


class RemoteItemsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which products a list shall have; `after` is the last id seen; None: any."""

    producer_id: uuid.UUID | None = None
    status: MatchStatus | None = None
    gone: bool | None = None
    ids: list[uuid.UUID] | None = None
    after: uuid.UUID | None = None
    limit: int = 100


class RemoteItemView(RemoteItem, frozen=True, kw_only=True):
    """A product with the instant when its catalogue was last read, and the name of the item that is proposed."""

    refreshed_at: dt.datetime | None
    proposed_name: str | None


class RemoteStock(msgspec.Struct, frozen=True, kw_only=True):
    """What the supplier of an item says of its stock, and since when that is known; `amount` in thousandths, of `limited` only."""

    item_id: uuid.UUID
    kind: StockKind
    amount: int | None
    refreshed_at: dt.datetime | None
    gone: bool


# -------------------------------------------------------------------------------------- what was read from a platform


class Discovered(msgspec.Struct, frozen=True, kw_only=True):
    """What a platform says of itself."""

    platform: str
    protocol: str
    ontology: str
    enterprises: list[FoundEnterprise]


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """What an enterprise offers, with what the platform calls this state of it; `warning`: why it is not complete, '' where it is."""

    offered: list[Offered]
    etag: str = ""
    warning: str = ""


class Unchanged(msgspec.Struct, frozen=True, kw_only=True):
    """The catalogue is as it was."""


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """The platform could not be read. `code`: peer_unreachable, peer_refused, peer_not_understood; `why` for people."""

    code: Literal["peer_unreachable", "peer_refused", "peer_not_understood"]
    why: str
