"""Which command of mail is decided and written by what."""

from __future__ import annotations

from typing import Any

from coster.engine.batch.handler import Handler
from coster.engine.mail import rules, store
from coster.engine.mail.model import WriteMail

HANDLERS: tuple[Handler[Any, Any], ...] = (
    Handler("mail.write", WriteMail, store.nothing, rules.write, store.put),
)
