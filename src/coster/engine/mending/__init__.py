"""What was given up, for those who run an organisation: looked at, tried again, or skipped with a reason, by commands like any other.

Reactions and timers are given up by engine/outbox, messages by engine/webhooks; here is what people decide about one of them, which the
ledger of commands keeps with who decided so. `coster db parked` does the same for whoever runs the machine.
"""
