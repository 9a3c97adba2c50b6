"""The machinery that knows no business: workflow, database, outbox, batches, observation."""
