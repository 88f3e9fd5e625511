"""Observed magnitudes and colours fall where the literature has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

OPTICAL = "FROM optical o JOIN truth t ON objid = optical_id"
NIR = "FROM nir o JOIN truth t ON designation = nir_id"
MIR = "FROM mir o JOIN truth t ON designation = mir_id"


def share(views: Any, source: str, sample: str, box: str, *, objects: int = 30) -> float:
    """Share of a sample, which must have so many objects at least, inside a box."""
    count, inside = views.rows(f"SELECT count(*), avg(({box})::INT) {source} WHERE {sample}")[0]
    assert count >= objects
    return float(inside)


# A quarter of the sky has next to no dust: the colours there are the intrinsic ones.
CLEAR = "o.extinction_r < 0.12 AND o.psfMag_r < 19.5"


@pytest.mark.parametrize(
    ("sample", "box", "least"),
    [
        # Main sequence (Covey et al. 2007): g - r saturates near 1.4, r - i goes on.
        ("t.subtype[1] = 'G' AND class = 'star'", "psfMag_g - psfMag_r BETWEEN 0.3 AND 0.65", 0.95),
        ("t.subtype[1] = 'G' AND class = 'star'", "psfMag_r - psfMag_i BETWEEN 0.0 AND 0.3", 0.95),
        ("t.subtype[1] = 'K' AND class = 'star'", "psfMag_g - psfMag_r BETWEEN 0.45 AND 1.45", 0.97),
        ("t.subtype IN ('M2', 'M3', 'M4') AND class = 'star'", "psfMag_g - psfMag_r BETWEEN 1.25 AND 1.65", 0.95),
        ("t.subtype IN ('M2', 'M3', 'M4') AND class = 'star'", "psfMag_r - psfMag_i BETWEEN 0.8 AND 1.8", 0.95),
        # White dwarfs are blue of the main sequence (Kleinman et al. 2004: u - g < 0.8 mostly, g - r < 0.2).
        ("class = 'white_dwarf' AND teff > 8000", "psfMag_u - psfMag_g < 0.7 AND psfMag_g - psfMag_r < 0.25", 0.95),
        # Quasars at z < 2.2 have an ultraviolet excess (Richards et al. 2002: u - g < 0.6).
        ("class = 'quasar' AND redshift < 2.0", "psfMag_u - psfMag_g < 0.7", 0.93),
    ],
)  # fmt: skip
def test_optical_colours(views: Any, sample: str, box: str, least: float) -> None:
    sample = f"{CLEAR} AND {sample}"
    assert share(views, OPTICAL, f"{sample} AND psfMag_u IS NOT NULL AND psfMag_g IS NOT NULL", box) > least


def test_galaxies_are_red_or_blue(views: Any) -> None:
    found = views.arrays(
        f"SELECT modelMag_u - modelMag_r AS colour, t.subtype {OPTICAL} WHERE class = 'galaxy' AND redshift < 0.15 "
        "AND o.extinction_r < 0.3 AND modelMagErr_u < 0.2"
    )
    early = found["subtype"] == "early-type"
    # Strateva et al. (2001) part them at u - r = 2.22.
    assert np.median(found["colour"][early]) > 2.3
    assert np.median(found["colour"][~early]) < 2.0


def test_extended_and_point_sources(views: Any) -> None:
    bright = "modelMag_r < 20"
    assert share(views, OPTICAL, f"{bright} AND class = 'galaxy'", "type = 3") > 0.95
    assert share(views, OPTICAL, f"{bright} AND class = 'cluster'", "type = 3 AND petroR50_r > 2") > 0.95
    assert share(views, OPTICAL, f"{bright} AND class IN ('star', 'giant', 'white_dwarf')", "type = 6") > 0.995


def test_infrared_colours(views: Any) -> None:
    good = "w1sigmpro < 0.1 AND w2sigmpro < 0.1"
    # Stern et al. (2012): W1 - W2 >= 0.8 finds quasars.
    assert share(views, MIR, f"{good} AND class = 'quasar' AND redshift < 3", "w1mpro - w2mpro > 0.8") > 0.9
    assert share(views, MIR, f"{good} AND class IN ('star', 'giant')", "w1mpro - w2mpro > 0.5") < 0.01
    assert share(views, MIR, f"{good} AND t.subtype[1] = 'T'", "w1mpro - w2mpro > 0.4", objects=10) > 0.9
    # Wright et al. (2010), fig. 12: star-forming galaxies at W2 - W3 of 3 to 4.5, early types below 2.
    in_w3 = f"{good} AND w3sigmpro < 0.2 AND redshift < 0.4"
    assert share(views, MIR, f"{in_w3} AND t.subtype = 'late-type'", "w2mpro - w3mpro BETWEEN 2 AND 5") > 0.95


def test_near_infrared_tells_giants_from_dwarfs(views: Any) -> None:
    # Bessell & Brett (1988): J - H of M giants is above 0.75, of M dwarfs near 0.6.
    good = "j_msigcom < 0.03 AND h_msigcom < 0.03 AND t.subtype IN ('K4', 'K5', 'M0', 'M2', 'M3')"
    assert share(views, NIR, f"{good} AND class = 'giant'", "j_m - h_m > 0.65") > 0.85
    dwarfs = "j_msigcom < 0.03 AND h_msigcom < 0.03 AND class = 'star' AND t.subtype[1] = 'M'"
    assert share(views, NIR, dwarfs, "j_m - h_m BETWEEN 0.5 AND 0.75") > 0.9


def test_the_hertzsprung_russell_diagram(views: Any) -> None:
    found = views.arrays(
        "SELECT class, bp_rp, phot_g_mean_mag + 5 * log10(a.parallax / 100) AS absolute FROM astrometry a JOIN truth t "
        "ON source_id = astrometry_id WHERE a.parallax > 10 * a.parallax_error AND bp_rp IS NOT NULL"
    )
    dwarfs, sequence, giants = (found["class"] == name for name in ("white_dwarf", "star", "giant"))
    assert min(dwarfs.sum(), sequence.sum(), giants.sum()) > 100
    # Babusiaux et al. (2018): white dwarfs lie below G_abs = 6 + 5 (BP - RP), the main sequence above it.
    line = 6.0 + 5.0 * found["bp_rp"]
    assert np.mean((found["absolute"] > line)[dwarfs]) > 0.99
    assert np.mean((found["absolute"] < line)[sequence]) > 0.98
    # With this parallax signal there is little dust in front: giants are above M_G = 4 and redder than 0.85.
    assert np.mean(((found["absolute"] < 4.5) & (found["bp_rp"] > 0.85))[giants]) > 0.95


def test_magnitudes_scatter_by_their_errors(views: Any) -> None:
    found = views.arrays(
        f"SELECT (modelMag_r - mag_r) / modelMagErr_r AS scaled {OPTICAL} WHERE modelMag_r IS NOT NULL AND class IN "
        "('giant', 'white_dwarf', 'quasar') AND modelMagErr_r > 0.02"
    )
    n = found["scaled"].size
    assert abs(found["scaled"].mean()) < 5.0 / np.sqrt(n)
    assert abs(found["scaled"].std() - 1.0) < 5.0 / np.sqrt(2 * n) + 0.01


def test_blends_are_brighter_than_their_primary(views: Any) -> None:
    blended, single = (
        views.number(
            "SELECT median(o.modelMag_r - p.mag_r) FROM truth c JOIN truth p ON c.parent_id = p.true_id "
            "JOIN optical o ON o.objid = p.optical_id "
            f"WHERE c.class = 'star' AND c.mag_r < p.mag_r + 1.0 AND p.mag_r < 19 AND c.optical_id IS {null}"
        )
        for null in ("NULL", "NOT NULL")
    )
    assert blended < -0.3
    assert abs(single) < 0.02


def test_bands_are_missing_towards_the_limits(views: Any) -> None:
    assert views.number("SELECT avg((psfMag_u IS NULL)::INT) FROM optical WHERE psfMag_r < 17") < 0.2
    assert views.number("SELECT avg((psfMag_u IS NULL)::INT) FROM optical WHERE psfMag_r > 21.5") > 0.5
    assert views.number("SELECT avg((w3sigmpro IS NULL)::INT) FROM mir WHERE w1mpro > 15") > 0.8
    assert views.number("SELECT count(*) FROM optical WHERE (psfMag_u IS NULL) <> (psfMagErr_u IS NULL)") == 0
    assert views.number("SELECT count(*) FROM nir WHERE j_m IS NULL OR h_m IS NULL OR k_m IS NULL") == 0
    assert views.number("SELECT count(*) FROM mir WHERE w1mpro IS NULL OR w4mpro IS NULL") == 0


def test_quality_letters_say_what_the_errors_say(views: Any) -> None:
    for table, bands, limits in (
        ("nir", ("j_msigcom", "h_msigcom", "k_msigcom"), ((0.1086, "A"), (0.1551, "B"), (0.2171, "C"), (0.5429, "D"))),
        ("mir", ("w1sigmpro", "w2sigmpro", "w3sigmpro", "w4sigmpro"), ((0.1086, "A"), (0.3619, "B"), (0.5429, "C"))),
    ):
        for place, error in enumerate(bands, 1):
            cases = " ".join(f"WHEN {error} < {limit} - 0.001 THEN '{letter}'" for limit, letter in limits)
            clear = " AND ".join(f"abs({error} - {limit}) > 0.001" for limit, _ in limits)
            wrong = f"({error} IS NULL OR {clear}) AND ph_qual[{place}] <> CASE {cases} ELSE 'U' END"
            assert views.number(f"SELECT count(*) FROM {table} WHERE {wrong}") == 0


def test_surveys_see_to_their_depth(views: Any) -> None:
    for table, magnitude, low, high in (
        ("optical", "modelMag_r", 22.0, 23.8),
        ("nir", "j_m", 16.0, 18.0),
        ("mir", "w1mpro", 16.3, 17.8),
        ("astrometry", "phot_g_mean_mag", 20.5, 21.2),
    ):
        assert low < views.number(f"SELECT quantile_cont({magnitude}, 0.99) FROM {table}") < high


def test_radial_velocities_are_of_bright_stars(views: Any) -> None:
    found = views.rows(
        "SELECT DISTINCT class FROM astrometry JOIN truth ON source_id = astrometry_id "
        "WHERE radial_velocity IS NOT NULL"
    )
    assert set(found) == {("star",), ("giant",)}
    assert views.number("SELECT max(phot_g_mean_mag) FROM astrometry WHERE radial_velocity IS NOT NULL") < 14.3


def test_transients_are_caught_by_one_survey_or_two(views: Any) -> None:
    times = views.arrays(
        "SELECT (optical_id IS NOT NULL)::INT + (nir_id IS NOT NULL)::INT + (mir_id IS NOT NULL)::INT + "
        "(astrometry_id IS NOT NULL)::INT AS surveys FROM truth WHERE class = 'transient'"
    )["surveys"]
    assert times.max() == 2
    assert np.mean(times > 0) > 0.4
