"""Maps of the sky: the density of pairs, and which way the right rows lie."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skyband.schema.healpix import healpix_index
from skyband.server.report.figures import BLUE, GREY, INK, Plot, new_figure
from skyband.server.report.offsets import Offsets
from skyband.server.report.questions import Unknown
from skyband.server.report.report import MatchReport
from skyband.server.report.sky import Field, PairDensity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

Doubles = NDArray[np.float64]

_PIXELS = 400
_SURE_SIGMA = 3.0
_ARROWS_ACROSS_SKY, _ARROWS_ACROSS_FIELD = 16, 7


def density_map(report: MatchReport) -> Plot | Unknown:
    """The density of pairs on the sky."""
    if isinstance(report.density, Unknown) or isinstance(report.field, Unknown):
        return report.density if isinstance(report.density, Unknown) else Unknown("the field is not known")
    figure, axes = _map_axes(report.field)
    _draw_density(axes, report.field, report.density)
    caption = f"Pairs a square degree, in HEALPix cells of order {report.density.order}; east is left."
    return Plot("density", "Density of pairs", caption, figure)


def offset_map(report: MatchReport) -> Plot | Unknown:
    """The displacement of right rows on the sky."""
    if isinstance(report.offsets, Unknown) or isinstance(report.field, Unknown):
        return report.offsets if isinstance(report.offsets, Unknown) else Unknown("the field is not known")
    figure, axes = _map_axes(report.field)
    figure.get_layout_engine().set(rect=(0, 0, 1, 0.94))  # room for the key
    _draw_arrows(axes, report.field, report.offsets)
    subject = report.subject
    caption = (
        f"Median displacement of {subject.right.name} from {subject.left.name} in HEALPix cells of order "
        f"{report.offsets.order} with pairs enough; east is left. Blue: longer than {_SURE_SIGMA:g} sigma of its cell."
    )
    if subject.options.get("offsets", "keep") != "keep":
        caption += " As it was before the association took it away."
    return Plot("offsets", "Displacement on the sky", caption, figure)


def _map_axes(field: Field) -> tuple[Any, Axes]:
    """An empty map: of the whole sky, or of the plane that touches it in the centre of the field."""
    if field.is_sky:
        return sky_axes()
    figure = new_figure(6.2, 5.0)
    axes = figure.add_subplot()
    scale, unit = _plane_unit(field)
    half = _half_width(field) * scale
    axes.set(xlim=(half, -half), ylim=(-half, half), aspect="equal")
    axes.set(xlabel=f"east of {field.ra:.4f}° [{unit}]", ylabel=f"north of {field.dec:+.4f}° [{unit}]")
    axes.grid(True)
    return figure, axes


def sky_axes() -> tuple[Any, Axes]:
    """An empty map of the whole sky."""
    figure = new_figure(7.4, 4.2)
    axes = figure.add_subplot(projection="mollweide")
    hours = range(-150, 180, 60)
    # East is left on maps of the sky: right ascension grows towards smaller longitudes of the projection.
    axes.set_xticks(np.radians(list(hours)), [f"{(360 - ra) % 360}°" for ra in hours], fontsize=7)
    axes.set_yticks(np.radians([-60, -30, 0, 30, 60]), ["-60°", "-30°", "0°", "30°", "60°"], fontsize=7)
    axes.grid(True)
    return figure, axes


def _plane_unit(field: Field) -> tuple[float, str]:
    return (
        (1.0, "deg") if field.radius_deg > 0.5 else (60.0, "arcmin") if field.radius_deg > 0.01 else (3600.0, "arcsec")
    )


def _half_width(field: Field) -> float:
    """Of the plane, degrees."""
    return 1.08 * float(np.degrees(np.tan(np.radians(max(field.radius_deg, 1e-4)))))


def _draw_density(axes: Axes, field: Field, density: PairDensity) -> None:
    from matplotlib.ticker import NullFormatter

    if field.is_sky:
        east, north = np.linspace(-180, 180, 2 * _PIXELS + 1), np.linspace(-90, 90, _PIXELS + 1)
        lon, lat = np.meshgrid((east[:-1] + east[1:]) / 2, (north[:-1] + north[1:]) / 2)
        ra, dec = -lon.ravel(), lat.ravel()
        east, north = np.radians(east), np.radians(north)
    else:
        half = _half_width(field)
        side = np.linspace(-half, half, _PIXELS + 1)
        middle = np.radians((side[:-1] + side[1:]) / 2)
        ra, dec = _from_plane(field, *(part.ravel() for part in np.meshgrid(middle, middle)))
        east = north = side * _plane_unit(field)[0]
    pixel = healpix_index(density.order, ra, dec)
    cells, values = np.array(density.cells), np.array(density.per_deg2)
    place = np.searchsorted(cells, pixel).clip(0, len(cells) - 1)
    image = np.ma.masked_where(cells[place] != pixel, values[place]).reshape(len(north) - 1, len(east) - 1)
    drawn = axes.pcolormesh(east, north, image, norm=_norm(values), cmap="viridis", rasterized=True)
    axes.set_axisbelow(False)
    if field.is_sky:
        outline_labels(axes.get_xticklabels())
    where = (
        {"orientation": "horizontal", "shrink": 0.7, "aspect": 40} if field.is_sky else {"shrink": 0.8, "aspect": 30}
    )
    bar = axes.figure.colorbar(drawn, ax=axes, **where)
    bar.set_label("pairs per square degree")
    # Labels between the powers of ten would overlap.
    bar.minorformatter = NullFormatter()
    if bar.solids is not None:
        bar.solids.set_rasterized(True)


def outline_labels(labels: Iterable[Text]) -> None:
    """Make labels readable on any colour of a map."""
    from matplotlib.patheffects import withStroke

    for label in labels:
        label.set(color="white", path_effects=[withStroke(linewidth=2, foreground="black")])


def _norm(values: Doubles) -> Any:
    """Logarithmic where the density varies much."""
    from matplotlib.colors import LogNorm, Normalize

    low, high = float(values.min()), float(values.max())
    return LogNorm(low, high) if high > 30 * low else Normalize(0, high)


def _draw_arrows(axes: Axes, field: Field, offsets: Offsets) -> None:
    centres = np.column_stack([offsets.cell_ra, offsets.cell_dec])
    d_ra, d_dec = np.array(offsets.cell_ra_arcsec), np.array(offsets.cell_dec_arcsec)
    length = np.hypot(d_ra, d_dec)
    sure = length > _SURE_SIGMA * offsets.noise_arcsec()
    x, y, angle = _directions(axes, field, centres, d_ra, d_dec)
    # The longest arrows, but for a few, are as long as the cells are apart.
    long = float(np.quantile(length, 0.95)) or 1e-6
    scale = long * (_ARROWS_ACROSS_SKY if field.is_sky else _ARROWS_ACROSS_FIELD)
    for chosen, colour, order in ((~sure, GREY, 1), (sure, BLUE, 2)):
        drawn = axes.quiver(
            x[chosen], y[chosen], length[chosen], np.zeros(int(chosen.sum())), angles=angle[chosen], color=colour,
            scale=scale, width=0.0035, pivot="middle", zorder=order,
        )  # fmt: skip
    key = _round(0.7 * long)
    axes.quiverkey(drawn, 0.85, 1.05, key, f"{key:g} arcsec", labelpos="E", coordinates="axes", color=INK)


def _directions(
    axes: Axes, field: Field, centres: Doubles, d_ra: Doubles, d_dec: Doubles
) -> tuple[Doubles, Doubles, Doubles]:
    """Where arrows stand, in the data of the axes, and their angles on paper, degrees; shape (n,)."""
    ra, dec = np.radians(centres[:, 0]), np.radians(centres[:, 1])
    step = 1e-4 / np.maximum(np.hypot(d_ra, d_dec), 1e-12)
    ends = ra + step * d_ra / np.maximum(np.cos(dec), 1e-6), np.clip(dec + step * d_dec, -np.pi / 2, np.pi / 2)
    if field.is_sky:
        lon, lat = (-ra + np.pi) % (2 * np.pi) - np.pi, dec
        first = axes.transProjection.transform(np.column_stack([lon, lat]))  # type: ignore[attr-defined]
        # The end may lie beyond the edge of the map: the direction from the begin counts.
        last = axes.transProjection.transform(np.column_stack([lon - (ends[0] - ra), ends[1]]))  # type: ignore[attr-defined]
        return lon, lat, np.degrees(np.arctan2(*(last - first).T[::-1]))
    scale = np.degrees(1.0) * _plane_unit(field)[0]
    (x, y), (x_end, y_end) = (_to_plane(field, *place) for place in ((ra, dec), ends))
    # East is left.
    return x * scale, y * scale, np.degrees(np.arctan2(y_end - y, x - x_end))


def _to_plane(field: Field, ra: Doubles, dec: Doubles) -> tuple[Doubles, Doubles]:
    """Gnomonic: radians east and north of the centre in the plane, of radians on the sky."""
    turn, tilt = ra - np.radians(field.ra), np.radians(field.dec)
    depth = np.sin(tilt) * np.sin(dec) + np.cos(tilt) * np.cos(dec) * np.cos(turn)
    east = np.cos(dec) * np.sin(turn) / depth
    north = (np.cos(tilt) * np.sin(dec) - np.sin(tilt) * np.cos(dec) * np.cos(turn)) / depth
    return east, north


def _from_plane(field: Field, east: Doubles, north: Doubles) -> tuple[Doubles, Doubles]:
    """Degrees on the sky of radians in the plane."""
    tilt = np.radians(field.dec)
    x, z = np.cos(tilt) - north * np.sin(tilt), np.sin(tilt) + north * np.cos(tilt)
    ra = field.ra + np.degrees(np.arctan2(east, x))
    return ra, np.degrees(np.arctan2(z, np.hypot(x, east)))


def _round(value: float) -> float:
    """The nearest of 1, 2, 5 times a power of ten."""
    power = 10 ** np.floor(np.log10(value))
    return float(min((power * step for step in (1, 2, 5, 10)), key=lambda step: abs(step - value)))
