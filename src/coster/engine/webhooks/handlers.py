"""The commands of webhooks, and what carries them out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coster.engine.batch.handler import Handler
from coster.engine.flows.library import Library
from coster.engine.webhooks import model, rules, store
from coster.engine.webhooks.vocabulary import VOCABULARY

# For whoever reads flows and looks at their pictures; what is carried out is `life.TABLE`, which is the same.
LIBRARY = Library(VOCABULARY, Path(__file__).parent / "flows")

HANDLERS: tuple[Handler[Any, Any], ...] = (
    Handler("webhooks.put_endpoint", model.PutEndpoint, store.load, rules.decide_put, store.write),
    Handler("webhooks.pause_endpoint", model.PauseEndpoint, store.load, rules.decide_pause, store.write),
    Handler("webhooks.resume_endpoint", model.ResumeEndpoint, store.load, rules.decide_resume, store.write),
    Handler("webhooks.delete_endpoint", model.DeleteEndpoint, store.load, rules.decide_delete, store.write),
    Handler("webhooks.stop_endpoint", model.StopEndpoint, store.load, rules.decide_stop, store.write),
)
