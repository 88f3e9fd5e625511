"""A map of how good a classifier is on the sky."""

from __future__ import annotations

import numpy as np

from skyband.models.validation.report import ValidationReport
from skyband.schema.healpix import healpix_index
from skyband.server.report.figures import Plot
from skyband.server.report.maps import outline_labels, sky_axes

_ACROSS, _UP = 720, 360


def area_plot(report: ValidationReport) -> Plot | None:
    """Accuracy by place, for rows that lie in several pixels; None for fewer than three."""
    if len(report.areas) < 3:
        return None
    order = report.areas[0].order
    pixels = np.array([one.pixel for one in report.areas])
    accuracy = np.array([one.figures.accuracy.share for one in report.areas])
    east, north = np.linspace(-180, 180, _ACROSS + 1), np.linspace(-90, 90, _UP + 1)
    lon, lat = np.meshgrid((east[:-1] + east[1:]) / 2, (north[:-1] + north[1:]) / 2)
    # East is left on maps of the sky: right ascension grows towards smaller longitudes of the projection.
    where = healpix_index(order, -lon.ravel(), lat.ravel())
    sort = np.argsort(pixels)
    place = np.searchsorted(pixels[sort], where).clip(0, len(pixels) - 1)
    image = np.ma.masked_where(pixels[sort][place] != where, accuracy[sort][place]).reshape(lon.shape)
    figure, axes = sky_axes()
    drawn = axes.pcolormesh(np.radians(east), np.radians(north), image, cmap="viridis", rasterized=True)
    axes.set_axisbelow(False)
    outline_labels(axes.get_xticklabels())
    bar = figure.colorbar(drawn, ax=axes, orientation="horizontal", shrink=0.7, aspect=40, label="accuracy")
    if bar.solids is not None:
        bar.solids.set_rasterized(True)
    caption = f"Of rows in HEALPix pixels of order {order} with 30 of them or more; equatorial, east is left."
    return Plot("areas", "Accuracy on the sky", caption, figure)
