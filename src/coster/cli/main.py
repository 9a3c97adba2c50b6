"""The `coster` command: which commands there are, and how each can end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from cyclopts import App, CycloptsError

from coster import __version__, settings
from coster.cli import output
from coster.cli.output import Exit, FailedError
from coster.engine.db import faults
from coster.kernel import errors

app = App(
    name="coster",
    help="Coster: one stock behind many shops. Start with `coster demo`, or with `coster init` and `coster serve`.",
    help_epilogue="Exit codes: 0 done; 1 something is wrong with the data; 2 not understood; 3 some rows failed; "
    "4 not reached, or refused; 5 another process has the data directory.",
    version=__version__,
    suppress_keyboard_interrupt=False,
)

# By the place where each is found, so that a command loads what it needs and nothing else.
COMMANDS: Final = {
    "init": "coster.cli.init:init",
    "serve": "coster.cli.serve:serve",
    "demo": "coster.cli.demo:demo",
    "verify": "coster.cli.verify:verify",
    "import": "coster.cli.importing:app",
    "bench": "coster.cli.bench:app",
    "simulate": "coster.cli.simulate:simulate",
    "simulate-federation": "coster.cli.federating:simulate_federation",
    "keys": "coster.cli.keys:app",
    "platforms": "coster.cli.platforms:app",
    "links": "coster.cli.links:app",
    "db": "coster.cli.db:app",
    "sessions": "coster.cli.sessions:app",
    "approvals": "coster.cli.approvals:app",
    "flows": "coster.cli.flows:app",
    "federation": "coster.cli.federation:app",
}
for _name, _place in COMMANDS.items():
    app.command(_place, name=_name)


@app.command
def version() -> None:
    """Print the version of this program.

    Example: coster version
    """
    output.say(f"coster {__version__}")


def main(tokens: Sequence[str] | None = None) -> int:
    """Runs one command; gives its exit code. Everything foreseen ends in one sentence on standard error."""
    try:
        return _run(tokens)
    except BrokenPipeError:
        output.nobody_reads()
        return Exit.NOT_READ


def _run(tokens: Sequence[str] | None) -> int:
    given = sys.argv[1:] if tokens is None else list(tokens)
    if given[:1] in ([], ["--help"], ["-h"]):
        # Only the list of all commands needs all of them.
        for name in COMMANDS:
            app[name]
    try:
        ended = app(given, exit_on_error=False, result_action="return_value")
    except CycloptsError:
        # It has been printed, with what would be right.
        return Exit.USAGE
    except FailedError as failed:
        output.complain(str(failed))
        return failed.code
    except (
        settings.NotUnderstoodError,
        FileExistsError,
        FileNotFoundError,
        IsADirectoryError,
        PermissionError,
    ) as wrong:
        output.complain(str(wrong))
        return Exit.USAGE
    except faults.DataDirectoryInUse as fault:
        output.complain(str(fault))
        return Exit.IN_USE
    except (faults.DatabaseFault, errors.Busy, errors.Stopped) as fault:
        output.complain(str(fault))
        return Exit.REFUSED
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    return ended if isinstance(ended, int) else Exit.DONE


if __name__ == "__main__":
    sys.exit(main())
