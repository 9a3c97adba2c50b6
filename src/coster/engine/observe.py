"""The names of all metrics, and the log. No personal data ever goes into either."""

from __future__ import annotations

import structlog
from prometheus_client import Counter, Gauge, Histogram

log = structlog.get_logger("coster")

BATCH_SECONDS = Histogram("coster_batch_seconds", "How long a batch took, from begin to commit.", ["kind"])
BATCH_COMMANDS = Counter("coster_commands_total", "Commands answered.", ["kind"])
BATCH_RERUNS = Counter(
    "coster_batch_reruns_total", "Batches run again, by what they lost.", ["kind", "cause"]
)
BATCH_FAULTS = Counter(
    "coster_batch_faults_total", "Batches that failed for a reason of their own.", ["kind"]
)
WAITING = Gauge("coster_commands_waiting", "Commands taken and not yet answered.")
HTTP_SECONDS = Histogram(
    "coster_http_seconds", "How long a request took, by operation and status.", ["operation", "status"]
)
WEBHOOK_SECONDS = Histogram(
    "coster_webhook_seconds", "How long a webhook's receiver took to answer, or to fail."
)
WEBHOOK_ATTEMPTS = Counter("coster_webhook_attempts_total", "Webhooks sent, by how it ended.", ["result"])
WEBHOOK_PARKED = Counter(
    "coster_webhook_parked_total", "Webhook deliveries given up until somebody resumes the endpoint."
)
WEBHOOK_STOPS = Counter(
    "coster_webhook_stops_total", "Endpoints paused or disabled by the server itself, by cause.", ["cause"]
)
MAILS = Counter(
    "coster_mails_total",
    "Letters tried, by how it ended: sent, failed (tried again), parked, nowhere (no address).",
    ["result"],
)
WEBHOOK_FAULTS = Counter(
    "coster_webhook_faults_total", "Turns of endpoints that ended by a fault of our own."
)
RELAY_LAG = Gauge(
    "coster_relay_lag_events", "Events not yet passed by reactions, of the organisation with most."
)
REACTIONS = Counter("coster_reactions_total", "Commands sent because of an event.", ["reaction", "outcome"])
TIMERS_FIRED = Counter("coster_timers_fired_total", "Timers that were answered.", ["kind", "outcome"])
PARKED = Counter("coster_parked_total", "Reactions and timers that were given up for now.", ["what"])
BEYOND_SLA = Gauge(
    "coster_beyond_sla",
    "Things that are longer in their status than their flow wants, of all organisations.",
    ["entity"],
)
