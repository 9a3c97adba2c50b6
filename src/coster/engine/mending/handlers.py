"""Commands about what was given up → how they are carried out."""

from __future__ import annotations

from coster.engine.batch.handler import Handler
from coster.engine.mending import rules, store
from coster.engine.mending.model import RetryParked, SkipParked

HANDLERS = (
    Handler("parked.retry", RetryParked, store.load, rules.retry, store.write),
    Handler("parked.skip", SkipParked, store.load, rules.skip, store.write),
)
