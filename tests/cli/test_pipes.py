"""Whoever reads a command's output may stop reading: the command ends, and nobody sees a traceback."""

from __future__ import annotations

import pytest

from tests.cli.conftest import start


@pytest.mark.parametrize(
    "words",
    [
        ("flows", "draw", "order.b2b"),
        ("flows", "schema"),
        ("flows", "test", "order.b2b", "--json"),
        ("flows", "check", "order.retail"),
        ("version",),
        ("--help",),
    ],
    ids=" ".join,
)
def test_a_closed_pipe_ends_the_command_quietly(words: tuple[str, ...]) -> None:
    """`coster … | head` ends with 141, as other programs do; standard error says nothing of it."""
    with start(*words, env={}) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read().decode()
        process.wait(timeout=60)
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    # The page of help is printed by its library, which has a code of its own for that.
    assert process.returncode == (1 if words == ("--help",) else 141)
