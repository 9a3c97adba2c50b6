"""`coster demo`: the story to its end, as often and as many at once as anybody likes."""

from __future__ import annotations

import contextlib
import signal
import time
from pathlib import Path

import httpx2

from coster.cli.output import Exit
from coster.simulation.serving import free_port
from tests.cli.conftest import Inside, start


def test_two_at_once(place: Path) -> None:
    """Each plays the whole story, verifies it, and leaves nothing."""
    both = [start("demo", env={"TMPDIR": str(place)}) for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (Exit.DONE, b"")
        told = out.decode()
        for words in ("Ali", "Paul", "David", "Michael", "9 ", "coster verify:", "all kept."):
            assert words in told
        # The last act: the same on three servers, with a cut line, and each of them verified.
        last = told.partition("The same week on three servers")[2]
        assert "line is cut" in last
        verified = [line for line in last.splitlines() if line.startswith("coster verify, ")]
        assert [line.rpartition(", ")[2] for line in verified] == ["all kept."] * 3
        assert told.endswith("Everything came as it must.\n")
    assert list(place.iterdir()) == []


def test_left_running(place: Path, inside: Inside) -> None:
    """With --serve a server stays, with a key that works, until it is told to go."""
    port = free_port()
    env = {"COSTER_PORT": "1", "TMPDIR": str(place), "COSTER_WEBHOOK_NETWORKS": "127.0.0.0/8"}
    with start("demo", "--serve", "--port", str(port), env=env) as process:
        assert process.stdout is not None
        lines = []
        while not (lines and lines[-1].startswith("Ready.")):
            lines.append(process.stdout.readline().decode())
            assert lines[-1], "the demo ended by itself"
        [key] = [line.split()[1] for line in lines if line.startswith("  key ")]
        url = f"http://127.0.0.1:{port}"
        assert f"  address  {url}\n" in lines
        assert httpx2.get(f"{url}/docs").is_success
        sessions = inside("sessions", "list", "--json", env={"COSTER_URL": url, "COSTER_KEY": key})
        assert sorted(session["name"] for session in sessions.json) == ["Hub A, week 48", "Hub B, week 48"]
        hook = {"url": "http://127.0.0.1:9999/"}
        made = httpx2.post(f"{url}/api/v1/webhooks", json=hook, headers={"Authorization": f"Bearer {key}"})
        assert (made.status_code, made.json()["secret"][:6]) == (201, "whsec_")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == Exit.DONE
    for _ in range(50):
        with contextlib.suppress(httpx2.HTTPError):
            httpx2.get(f"{url}/health/live")
            time.sleep(0.1)
            continue
        break
    else:
        raise AssertionError("the server is still there")
    assert list(place.iterdir()) == []


def test_data_directory_without_serve(inside: Inside) -> None:
    """What is not kept needs no place."""
    done = inside("demo", "--data-dir", "/nowhere")
    assert done.code == Exit.USAGE
    assert "--serve" in done.err
