"""PostgreSQL: a server of our own or one by URL, pools that know the organisation, statements, migrations.

embedded.py    starts, watches, restarts and stops a server; datadir.py its directory, binaries.py programs
connect.py     `Database`: transactions of one organisation (write, read), connections across all (system)
sql.py         `load(__file__)`: the named statements of the queries.sql beside a module
promises.py    counts with such statements where a promise of the program is broken
migrate.py     brings a database to what this program needs, and says clearly when it cannot
upgrade.py     to another major version of PostgreSQL; backup.py to a file and back

Invariants: a connection of `write` or `read` sees the rows of its organisation only, twice over (every
statement names org_id, and row-level security holds for the role `coster_app`); a transaction ends before its
connection is given back.
Tables: coster.org (the root of every organisation) and alembic's coster.alembic_version.
"""
