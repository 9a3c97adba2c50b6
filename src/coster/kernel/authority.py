"""What somebody may do: permissions everywhere in the organisation, and permissions for single enterprises."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Authority:
    """Resolved grants of one actor; `system` is the machinery itself, which may do everything."""

    everywhere: frozenset[str] = frozenset()
    by_enterprise: Mapping[uuid.UUID, frozenset[str]] = field(default_factory=dict)
    system: bool = False

    def allows(self, permission: str, enterprise: uuid.UUID | None = None) -> bool:
        """Whether the permission holds for this enterprise (None: for the organisation as a whole)."""
        if self.system or permission in self.everywhere:
            return True
        return enterprise is not None and permission in self.by_enterprise.get(enterprise, ())

    def scope(self, permission: str) -> frozenset[uuid.UUID] | None:
        """The enterprises for which the permission holds; None means all of them."""
        if self.system or permission in self.everywhere:
            return None
        return frozenset(key for key, held in self.by_enterprise.items() if permission in held)


NOBODY = Authority()
SYSTEM = Authority(system=True)
