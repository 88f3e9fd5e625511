"""What may be asked of a feature table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureOptions:
    """Which features, and where their inputs are.

    Attributes:
        groups: names of groups, "all" for every one; the default ones if empty. Of a group those features are taken
            that the table can give.
        features: names of exactly the features wanted, in this order, in place of groups.
        inputs: standard input -> column, for what a table does not say itself: `{"u": "my_u", "u_error": "my_du"}`.
        deredden: subtract the extinction of the whole line of sight, from E(B-V) in the input `ebv`; too much for
            what lies in front of the dust.
        light_curves: table of measurements for the group variability; see `light_curves.py`.
        curves_of: column of the feature table whose values are the object ids of the light curves; its id by default,
            or, of objects of several surveys, those of the survey that the light curves tell.
        neighbours: table whose galaxies are counted for the group environment; the table itself by default.
        allow_missing: leave the features wanted by name empty where the table lacks what they need, instead of an
            error.
    """

    groups: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    deredden: bool = False
    light_curves: str | None = None
    curves_of: str | None = None
    neighbours: str | None = None
    allow_missing: bool = False
