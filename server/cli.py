"""The command `skyband`: each subcommand is a thin translation of the library, loaded when it is named."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import rich_click as click

from skyband.schema.errors import SkybandError, missing_dependency

COMMANDS = (
    "ingest",
    "simulate",
    "demo",
    "tables",
    "describe",
    "history",
    "drop",
    "sql",
    "adql",
    "cone",
    "crossmatch",
    "combine",
    "match-report",
    "export",
    "serve",
    "send",
    "images",
    "embed",
    "similar",
    "features",
    "vectors",
    "morphology",
    "anomalies",
    "label",
    "taxonomy",
    "morphology-stats",
    "train-encoder",
    "encoder-card",
    "train",
    "score",
    "classify",
    "validate",
    "candidates",
    "to-label",
    "templates",
    "models",
    "config",
)


class Commands(click.RichGroup):
    """Finds `skyband NAME` in `server/commands/NAME.py`, where `-` is `_`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The click command of a name."""
        if cmd_name not in COMMANDS:
            return None
        found = getattr(import_module(f"skyband.server.commands.{cmd_name.replace('-', '_')}"), "command")  # noqa: B009
        assert isinstance(found, click.Command)
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="skyband", prog_name="skyband")
def skyband() -> None:
    """A sky database in a box: surveys in, band join, SQL, files out.

    Example: skyband ingest gaia.fits --table gaia && skyband sql "SELECT count(*) FROM gaia"
    """


def main() -> None:
    """Run the command; errors are one line on standard error (exit code 2 for wrong input, 1 for faults)."""
    if sys.stdout is None:  # closed by the caller (`>&-`)
        print("skyband: standard output is closed", file=sys.stderr)
        sys.exit(1)
    try:
        skyband(standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except SkybandError as error:
        print(f"skyband: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        missing = missing_dependency(error)
        if missing is None:
            raise
        print(f"skyband: {missing}", file=sys.stderr)
        sys.exit(missing.exit_code)
    except (click.Abort, KeyboardInterrupt):
        print("skyband: stopped", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone (`| head`); point stdout away so that Python does not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:
        # What remains is our own output: a full disk behind `>`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"skyband: cannot write the output: {error.strerror or error}", file=sys.stderr)
        sys.exit(1)
