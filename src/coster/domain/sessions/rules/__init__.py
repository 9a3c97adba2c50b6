"""Pure decisions: `planning` puts sessions, `life` opens, closes and ends them, `recurrence` says what follows."""
