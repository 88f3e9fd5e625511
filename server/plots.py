"""Pictures of a store: sky density and the separations of a match."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skyband.queries.sky import Sky
from skyband.schema.names import quote

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# HEALPix order of the density map: pixels of 1.8 degrees.
_DENSITY_ORDER = 5
_BINS = 60


def match_figure(sky: Sky, table: str, path: Path) -> None:
    """Draw the sky density of a pair table and its separation histogram with the level chance alone would give.

    Args:
        sky: the store.
        table: a table made by `crossmatch`.
        path: PNG file to write.
    """
    import matplotlib as mpl

    # Without a screen, and without touching what the caller's own plots use.
    with mpl.rc_context({"backend": "agg", "font.size": 9}):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(11, 4.2), layout="constrained")
        FigureCanvasAgg(figure)
        _draw_density(figure.add_subplot(1, 2, 1, projection="mollweide"), sky, table)
        _draw_separations(figure.add_subplot(1, 2, 2), sky, table)
        figure.savefig(path, dpi=120)


def _draw_density(axes: Axes, sky: Sky, table: str) -> None:
    import healpy

    rows = sky.sql(
        f"SELECT healpix_of(healpix_29, {_DENSITY_ORDER}) AS pixel, count(*) AS n FROM {quote(table)} GROUP BY pixel"
    ).to_arrow()
    nside = 1 << _DENSITY_ORDER
    counts = np.zeros(12 * nside * nside)
    counts[rows["pixel"].to_numpy()] = rows["n"].to_numpy() / healpy.nside2pixarea(nside, degrees=True)
    longitude, latitude = np.linspace(-180, 180, 481), np.linspace(-90, 90, 241)
    lon, lat = np.meshgrid((longitude[:-1] + longitude[1:]) / 2, (latitude[:-1] + latitude[1:]) / 2)
    # East is left on maps of the sky: right ascension grows towards smaller longitudes of the projection.
    pixel = healpy.ang2pix(nside, -lon.ravel(), lat.ravel(), nest=True, lonlat=True)
    image = np.ma.masked_equal(counts[pixel].reshape(lon.shape), 0)
    drawn = axes.pcolormesh(np.radians(longitude), np.radians(latitude), image, norm=_log_scale(image), cmap="viridis")
    axes.figure.colorbar(drawn, ax=axes, orientation="horizontal", shrink=0.8, label="rows per square degree")
    axes.set_xticklabels([f"{(360 - ra) % 360}°" for ra in range(-150, 180, 30)], fontsize=7, color="white")
    axes.grid(alpha=0.3)
    axes.set_title(f"{table}: sky density (ICRS)")


def _log_scale(image: Any) -> Any:
    from matplotlib.colors import LogNorm, Normalize

    low, high = (float(image.min()), float(image.max())) if image.count() else (1.0, 1.0)
    return LogNorm(low, high) if high > low else Normalize(0, high)


def _draw_separations(axes: Axes, sky: Sky, table: str) -> None:
    details = sky.table(table).details
    radius_arcsec = float(details["options"]["radius_arcsec"])
    match = details["match"]
    sep_arcsec = sky.sql(f"SELECT sep_arcsec FROM {quote(table)} WHERE sep_arcsec IS NOT NULL").to_arrow()
    edges = np.linspace(0, radius_arcsec, _BINS + 1)
    axes.hist(sep_arcsec["sep_arcsec"].to_numpy(), bins=edges.tolist(), color="tab:blue", alpha=0.8, label="pairs")
    # Chance partners fill the circle evenly: their number in a ring goes with its area.
    chance_pairs = match["chance"]["rate"] * match["left_rows"]
    expected = chance_pairs * np.diff(edges**2) / radius_arcsec**2
    axes.stairs(expected, edges, color="tab:red", linewidth=1.5, label="expected by chance (shifted positions)")
    axes.set(xlabel="separation [arcsec]", ylabel="pairs per bin", title=f"{table}: separations", yscale="log")
    axes.set_ylim(bottom=min(0.5, expected[0] / 2) if chance_pairs else 0.5)
    axes.legend(frameon=False)
