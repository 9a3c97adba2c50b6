"""What happened, told to everybody: events in the batch's own transaction, timers, webhooks, the feed.

Owns the tables `event_counter`, `event`, `timer`, `relay_cursor`, `webhook_endpoint` and `webhook_delivery`. Invariants: an
organisation's events are numbered 1, 2, 3 … without gaps, in the order of their commits; an entity's events carry its
versions in order; what is due is done at least once, and in effect exactly once, because the command id follows from it.
"""
