"""Galaxies around a source, against brute force with astropy."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

from skyband.models.features import FeatureOptions, feature_table
from skyband.queries import Sky
from skyband.schema.store import Store
from tests.conftest import MakeTable

REACHES = (1, 3, 5)
COLOURS = {"g": "gmag", "r": "rmag", "extended_optical": "cls"}


def scatter(rng: np.random.Generator, number: int) -> dict[str, np.ndarray]:
    """Sources within a quarter of a degree of the pole, of RA 0 and of a place in between."""
    centre = rng.integers(0, 3, number)
    east, north = rng.uniform(-0.25, 0.25, (2, number))
    at_pole = SkyCoord(np.degrees(np.arctan2(north, east)) * u.deg, (90 - np.hypot(east, north)) * u.deg)
    ra = np.where(centre == 0, at_pole.ra.deg, np.where(centre == 1, east % 360, 200 + east / np.cos(np.radians(45))))
    dec = np.where(centre == 0, at_pole.dec.deg, np.where(centre == 1, north, 45 + north))
    g_minus_r = np.round(rng.uniform(0.3, 1.4, number), 2)
    return {
        "ra": ra, "dec": dec, "rmag": np.full(number, 18.0), "gmag": 18 + g_minus_r,
        "cls": (rng.random(number) < 0.6).astype(float),
    }  # fmt: skip


def publish(make_table: MakeTable, name: str, sources: dict[str, np.ndarray], unknown: np.ndarray) -> None:
    others = {key: pa.array(sources[key], mask=unknown & (key == "gmag")) for key in ("rmag", "gmag", "cls")}
    make_table(name, id=list(range(len(sources["ra"]))), ra=sources["ra"], dec=sources["dec"], **others)


@pytest.mark.parametrize("own", [True, False])
def test_counts_are_those_of_brute_force(store: Store, make_table: MakeTable, own: bool) -> None:
    rng = np.random.default_rng(8)
    left = scatter(rng, 500)
    right = left if own else scatter(rng, 700)
    unknown_left = rng.random(500) < 0.1
    unknown_right = unknown_left if own else rng.random(700) < 0.1
    publish(make_table, "sources", left, unknown_left)
    publish(make_table, "around", right, unknown_right)
    # Another table finds its columns by itself: these have names that say what they are.
    options = FeatureOptions(groups=("environment",), inputs=COLOURS, neighbours=None if own else "sdss_like")
    if not own:
        columns = {"psfMag_r": pa.array(right["rmag"] + right["cls"]), "modelMag_r": pa.array(right["rmag"])}
        make_table(
            "sdss_like", id=list(range(700)), ra=right["ra"], dec=right["dec"], rmag=pa.array(right["rmag"]),
            gmag=pa.array(right["gmag"], mask=unknown_right), **columns,
        )  # fmt: skip
    with Sky(store.path) as sky:
        found = feature_table(sky, "sources", options).rows().to_pandas().sort_values("id", ignore_index=True)

    places = [SkyCoord(side["ra"] * u.deg, side["dec"] * u.deg) for side in (left, right)]
    apart = places[0][:, None].separation(places[1][None, :]).arcmin
    other = ~np.eye(500, dtype=bool) if own else apart > 1 / 60
    counted = other & (right["cls"] == 1)[None, :]
    colour = [np.where(unknown, np.nan, side["gmag"] - side["rmag"]) for side, unknown in
              ((left, unknown_left), (right, unknown_right))]  # fmt: skip
    alike = np.abs(colour[0][:, None] - colour[1][None, :]) < 0.105
    for reach in REACHES:
        near = counted & (apart <= reach)
        np.testing.assert_array_equal(found[f"galaxies_{reach}arcmin"], near.sum(1))
        same = np.where(unknown_left, np.nan, (near & alike).sum(1))
        np.testing.assert_array_equal(found[f"same_colour_{reach}arcmin"], same)
        known = near & np.isfinite(colour[1])[None, :]
        with np.errstate(invalid="ignore"):
            red = (known & (np.nan_to_num(colour[1]) > 0.855)[None, :]).sum(1) / known.sum(1)
        np.testing.assert_allclose(found[f"red_fraction_{reach}arcmin"], red, rtol=1e-6)
    assert found.galaxies_5arcmin.max() > 3 and found.same_colour_3arcmin.max() > 0


def test_clusters_stand_among_galaxies_of_their_colour(sky: Sky) -> None:
    rows = (
        feature_table(sky, "objects", FeatureOptions(groups=("environment",))).rows(labels="labels.class").to_pandas()
    )
    counts = rows.groupby("label").galaxies_5arcmin.median()
    assert counts["cluster"] >= 3 and counts["star"] == 0


def test_a_part_of_the_sky_counts_the_galaxies_of_all(sky: Sky) -> None:
    table = feature_table(sky, "objects", FeatureOptions(groups=("environment", "magnitudes")))
    every = table.rows().to_pandas()
    lower, upper = (int(every.healpix_29.quantile(share)) for share in (0.3, 0.6))
    some = table.rows(healpix=(lower, upper)).to_pandas()
    expected = every[every.healpix_29.between(lower, upper)]
    assert 0.25 * len(every) < len(some) < 0.35 * len(every)
    some, expected = (frame.sort_values("object_id", ignore_index=True) for frame in (some, expected))
    assert some.equals(expected)
