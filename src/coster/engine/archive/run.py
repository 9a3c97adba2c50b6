"""All of one organisation's rows from before an instant into files, part by part; to be stopped and begun again at any moment."""

from __future__ import annotations

from coster.engine.archive import commands, events, files, ledger, limits
from coster.engine.archive.model import Part, Survey
from coster.engine.archive.parts import Job, Keeper
from coster.engine.db import sql
from coster.engine.db.connect import Database

_q = sql.load(__file__)


async def archive(database: Database, survey: Survey, job: Job) -> None:
    """Moves what a survey has found.

    Whatever ends it, each row is in the database or in a part that counts. Run again, it goes on from there. Unfit where the
    directory belongs to another database, or somebody else is at it.
    """
    org_id = survey.organisation
    files.prepare(job.directory)
    with files.locked(job.directory, org_id):
        async with database.system() as conn:
            noted = [Part(**row) for row in await _q.list_parts(conn, org_id=org_id)]
        files.write_manifest(job.directory, org_id, files.reconciled(job.directory, org_id, noted))
        keeper = Keeper(database, org_id, job)
        if "events" in job.kinds:
            async with database.system() as conn:
                archived, upto, _ = await limits.events(conn, org_id)
            await events.move(keeper, job.before, after=archived, upto=upto)
        if "commands" in job.kinds:
            async with database.system() as conn:
                until = await limits.commands(conn, org_id, job.before)
            await commands.move(keeper, until)
        if "ledger" in job.kinds:
            await ledger.move(keeper, survey.rows["ledger"], job.before)


async def clean(database: Database) -> None:
    """Makes the room of what was removed usable; it locks nobody out. Minutes, where much was removed."""
    async with database.system() as conn:
        for statement in (_q.clean_events, _q.clean_commands, _q.clean_ledger):
            await statement(conn)
