"""Coming from Fluent: its workflow JSON to flows of our language, with a report on every line of the export.

`reading` takes the export apart, `rules` says what its rules mean, `events` where their events go, `rows` and `buttons`
make transitions, `converting` puts the flows together. The guide is docs/guide/fluent.md.
"""
