"""The options by which commands say where the features of a table come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import rich_click as click

from skyband.schema.errors import BadOption

_GROUPS = click.option("--groups", metavar="NAME,...", default="", help="Groups of features; 'all' for every one.")
_DEREDDEN = click.option("--deredden", is_flag=True, help="Take the extinction of E(B-V) from magnitudes.")
_INPUT = click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=COLUMN",
    help="Which column is a standard input: u=my_u, u_error=my_du, ebv=sfd. May repeat.",
)
_INPUTS = (
    _INPUT,
    click.option("--light-curves", metavar="TABLE", help="Measurements of the objects, for the group variability."),
    click.option("--curves-of", metavar="COLUMN", help="Column with the object ids of the light curves."),
    click.option("--neighbours", metavar="TABLE", help="Whose galaxies surround the sources, if not those of TABLE."),
)

Command = Callable[..., None]


def feature_options(command: Command) -> Command:
    """Add the options and hand the command `features`, the `FeatureOptions` they make."""
    return _with(command, (_GROUPS, _DEREDDEN, *_INPUTS))


def input_options(command: Command) -> Command:
    """The same where a model says which features, and only their inputs are asked for."""
    return _with(command, _INPUTS)


def magnitude_options(command: Command) -> Command:
    """The same where magnitudes alone are asked for."""
    return _with(command, (_DEREDDEN, _INPUT))


def _with(command: Command, options: Sequence[Callable[[Command], Command]]) -> Command:
    @wraps(command)
    def with_features(
        *args: Any,
        inputs: tuple[str, ...],
        light_curves: str | None = None,
        curves_of: str | None = None,
        neighbours: str | None = None,
        groups: str = "",
        deredden: bool = False,
        **kwargs: Any,
    ) -> None:
        from skyband.models.features import FeatureOptions

        chosen = FeatureOptions(
            groups=listed_names(groups),
            inputs=dict(map(_pair, inputs)),
            deredden=deredden,
            light_curves=light_curves,
            curves_of=curves_of,
            neighbours=neighbours,
        )
        command(*args, features=chosen, **kwargs)

    result: Command = with_features
    for option in reversed(options):
        result = option(result)
    return result


def listed_names(text: str) -> tuple[str, ...]:
    """Names between commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _pair(text: str) -> tuple[str, str]:
    name, equals, column = text.partition("=")
    if not (name and equals and column):
        raise BadOption(f"--input {text!r} is not of the form NAME=COLUMN")
    return name, column
