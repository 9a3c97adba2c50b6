"""Records of cost centres, and the command that changes them."""

from __future__ import annotations

import uuid

import msgspec

from coster.kernel.authority import Authority

APPROVE = "orders:approve"
"""The permission that whoever approves has with the centre's enterprise."""


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """Orders that come to `from_total` (minor units) or more need one of these keys to agree."""

    from_total: int
    approvers: list[uuid.UUID]


class PutCentre(msgspec.Struct, frozen=True, kw_only=True):
    """Makes or replaces a cost centre of an enterprise.

    `sellers` are those in whose shops it may be named, besides the enterprise itself; `own_orders`: an approver may agree to an order
    that they sent in themselves.
    """

    centre_id: uuid.UUID
    enterprise_id: uuid.UUID
    name: str
    levels: list[Level] = []
    sellers: list[uuid.UUID] = []
    own_orders: bool = False
    active: bool = True
    expected_version: int | None = None


class Centre(msgspec.Struct, frozen=True, kw_only=True):
    """A cost centre as it is stored; amounts are in `currency`."""

    id: uuid.UUID
    enterprise_id: uuid.UUID
    name: str
    currency: str
    levels: list[Level]
    sellers: list[uuid.UUID]
    own_orders: bool
    active: bool
    version: int

    def wanted(self, total: int) -> list[Level]:
        """The levels that an order of this amount (minor units) needs, in order."""
        return [level for level in self.levels if total >= level.from_total]

    def sold_by(self, seller_id: uuid.UUID) -> bool:
        """Whether orders of this seller may name it."""
        return seller_id == self.enterprise_id or seller_id in self.sellers


class CentreView(msgspec.Struct, frozen=True, kw_only=True):
    """A cost centre for who asks; sellers see neither its levels nor each other (None)."""

    id: uuid.UUID
    enterprise_id: uuid.UUID
    name: str
    currency: str
    levels: list[Level] | None
    sellers: list[uuid.UUID] | None
    own_orders: bool
    active: bool
    version: int


class CentresWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which cost centres a list shall have; `after` is the last id seen; None: any."""

    enterprise_id: uuid.UUID | None = None
    ids: list[uuid.UUID] | None = None
    after: uuid.UUID | None = None
    limit: int = 100


class CentresState(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding needs: the currencies of enterprises named, the centres there are, and what named keys may do."""

    currencies: dict[uuid.UUID, str]
    centres: dict[uuid.UUID, Centre]
    keys: dict[uuid.UUID, Authority]
