"""What several processes of one installation share, and how a server that cannot work with its database says so."""

from __future__ import annotations

from pathlib import Path

from coster import app
from coster.settings import Settings
from coster.simulation.serving import free_port, url_of
from tests.cli.conftest import run
from tests.conftest import Databases


async def test_server_tells_in_a_sentence_that_a_database_is_empty(databases: Databases) -> None:
    """A database without tables is refused with what to do about it, and without a traceback."""
    name = await databases.create()
    url = url_of(databases.server.connect_options(name))
    ended = run("serve", "--port", str(free_port()), env={"COSTER_DATABASE_URL": url})
    await databases.drop(name)
    assert ended.code == 4
    assert ended.err == (
        "coster: there are no tables of Coster in this database yet: run `coster db migrate`, "
        "or `coster init` for a new one\n"
    )


def test_every_process_signs_webhooks_with_the_kept_key(tmp_path: Path) -> None:
    """A further process, which is given the database by URL, gets the key that the first one keeps in a file."""
    first = app.with_webhook_keys(Settings(data_dir=str(tmp_path)))
    again = app.with_webhook_keys(Settings(data_dir=str(tmp_path)))
    name, _, key = first.webhook_keys.partition(":")
    assert (name, len(key), again) == ("local", 44, first)
    assert (tmp_path / "webhook.key").stat().st_mode & 0o777 == 0o600


def test_chosen_webhook_keys_are_left_alone(tmp_path: Path) -> None:
    """Keys of the settings stay as they are, and a server of one's own gets none that nobody chose."""
    chosen = Settings(data_dir=str(tmp_path), webhook_keys="k1:AAAA")
    own = Settings(data_dir=str(tmp_path), database_url="postgresql://db/coster")
    assert (app.with_webhook_keys(chosen), app.with_webhook_keys(own)) == (chosen, own)
    assert list(tmp_path.iterdir()) == []
