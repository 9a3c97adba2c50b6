"""Faults of the database floor: each says what is wrong and what can be done about it.

Busy
├── DatabaseBusy             every connection is taken
└── DatabaseAway             no connection can be made (it starts, restarts or is not there)
DatabaseFault
├── ServerFailed             the embedded server cannot be started or does not stay up
│   ├── BinariesNotFound     no PostgreSQL binaries to run
│   ├── DataDirectoryInUse   another process has this data directory
│   ├── DataDirectoryUnfit   it cannot be reached or owned by the server's user
│   └── DataDirectoryVersion it was made by another major version
├── DatabaseNotInitialised   there is nothing of ours in it yet
├── DatabaseHalfMigrated     it is older than this program, or a migration was left unfinished
├── DatabaseTooNew           a newer program has migrated it
└── ToolFailed               pg_dump, pg_restore or pg_upgrade said no
"""

from __future__ import annotations

from coster.kernel import errors


class DatabaseBusy(errors.Busy):
    """Every connection of the pool stayed in use for the whole time that we waited."""


class DatabaseAway(errors.Busy):
    """No connection could be made: the server is starting, restarting, full or not there."""


class DatabaseFault(errors.Fault):
    """The database is not in a state that this program can work with."""


class ServerFailed(DatabaseFault):
    """The embedded server cannot be started, or does not stay up.

    The message ends with its own last words.
    """


class BinariesNotFound(ServerFailed):
    """No directory with PostgreSQL binaries was found."""


class DataDirectoryInUse(ServerFailed):
    """Another process holds the lock on this data directory."""


class DataDirectoryUnfit(ServerFailed):
    """The data directory cannot be reached or owned by the user under which the server runs."""


class DataDirectoryVersion(ServerFailed):
    """The data directory was made by another major version of PostgreSQL than the binaries."""


class DatabaseNotInitialised(DatabaseFault):
    """The database exists, but no migration has run in it."""


class DatabaseHalfMigrated(DatabaseFault):
    """The database is behind this program, or a migration was left unfinished."""


class DatabaseTooNew(DatabaseFault):
    """The database was migrated by a newer program than this one."""


class AddressUnfit(DatabaseFault):
    """What was given as the database's address is none."""


class NoCluster(DatabaseFault):
    """A Citus cluster was asked for, and the database is a plain one."""


class ToolFailed(DatabaseFault):
    """A program of PostgreSQL (pg_dump, pg_restore, pg_upgrade) refused; the message carries what it said."""
