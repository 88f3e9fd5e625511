"""Motions, errors and measured pairs against astropy."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skyband.queries import Sky
from skyband.queries.association import AssociationOptions, Offsets, associate
from skyband.queries.crossmatch import Find, MatchOptions, crossmatch
from skyband.queries.crossmatch.astrometry import Astrometry
from skyband.schema.columns import Column
from skyband.schema.session import Session
from skyband.schema.store import Store

PM = [Column(role, "", unit="mas.yr**-1", role=role) for role in ("pmra", "pmdec")]


def moved(session: Session, table: str, epoch: float) -> SkyCoord:
    """Positions of a table at an epoch, by id."""
    side = Astrometry(session.tables[table], moves=True)
    points = session.connection.sql(
        f"SELECT p.x, p.y, p.z FROM {side.moved_to(epoch, side.rows())} p "
        f"JOIN (SELECT rowid AS row, id FROM t_{table}.main.data) t ON t.row = p.id ORDER BY t.id"
    ).to_arrow_table()
    x, y, z = (np.asarray(points[name]) for name in "xyz")
    np.testing.assert_allclose(x**2 + y**2 + z**2, 1, atol=1e-15)
    return SkyCoord(x=x, y=y, z=z, representation_type="cartesian")


def test_motion_over_fifty_years_is_that_of_astropy(store: Store, make_table: Any) -> None:
    """To 0.1 mas, for stars anywhere, at the poles too, and for Barnard's."""
    rng = np.random.default_rng(4)
    n = 5000
    ra, dec = rng.uniform(0, 360, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))
    dec[:200] = 90 - rng.exponential(1e-4, 200)
    dec[200:400] = -90 + rng.exponential(1e-4, 200)
    pmra, pmdec = rng.normal(0, 300, n), rng.normal(0, 300, n)
    ra[-1], dec[-1], pmra[-1], pmdec[-1] = 269.45207696, 4.69336497, -801.551, 10362.394
    make_table("stars", id=list(range(n)), ra=ra, dec=dec, pmra=pmra, pmdec=pmdec, epoch=2016.0, metadata=PM)
    session = Session(store.tables_folder, store.settings)
    stars = SkyCoord(
        ra * u.deg, dec * u.deg, pm_ra_cosdec=pmra * u.mas / u.yr, pm_dec=pmdec * u.mas / u.yr,
        obstime=Time(2016.0, format="jyear"), distance=np.full(n, 10.0) * u.pc,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ERFA, on years far from now
        for epoch in (1966.0, 2066.0):
            expected = stars.apply_space_motion(Time(epoch, format="jyear"))
            apart = moved(session, "stars", epoch).separation(SkyCoord(expected.ra, expected.dec))
            assert apart.to_value(u.mas).max() < 0.1
    session.close()


def test_stars_without_a_motion_stay(store: Store, make_table: Any) -> None:
    make_table("stars", id=[1, 2], ra=[10.0, 20.0], dec=[5.0, 6.0], pmra=[None, float("nan")], pmdec=[1.0, 2.0],
               epoch=2000.0, metadata=PM)  # fmt: skip
    session = Session(store.tables_folder, store.settings)
    there = moved(session, "stars", 2100.0)
    session.close()
    assert there.separation(SkyCoord([10.0, 20.0], [5.0, 6.0], unit="deg")).to_value(u.mas).max() < 1e-6


@given(
    ra=st.floats(0, 360), dec=st.floats(-90, 90), angle=st.floats(0, 360), sep_arcsec=st.floats(0.01, 5),
    errors=st.tuples(st.floats(100, 900), st.floats(100, 900), st.floats(-0.9, 0.9)),
    ellipse=st.tuples(st.floats(100, 900), st.floats(0.1, 1), st.floats(0, 180)),
)  # fmt: skip
@example(ra=0, dec=89.99999, angle=90, sep_arcsec=3, errors=(800, 100, 0.5), ellipse=(900, 0.2, 30))
@example(ra=359.9999999, dec=0, angle=90, sep_arcsec=3, errors=(800, 100, 0.5), ellipse=(900, 0.2, 120))
@example(ra=12, dec=-89.9999999, angle=10, sep_arcsec=1, errors=(800, 100, -0.8), ellipse=(700, 0.5, 77))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_pair_is_measured_as_astropy_does(
    store: Store, make_table: Any, ra: float, dec: float, angle: float, sep_arcsec: float,
    errors: tuple[float, float, float], ellipse: tuple[float, float, float],
) -> None:  # fmt: skip
    """Separation, and its normalised form from a covariance on one side and an ellipse on the other: both are turned
    into the frame of the left row with vectors, which know of no pole."""
    left = SkyCoord(ra, dec, unit="deg")
    right = left.directional_offset_by(angle * u.deg, sep_arcsec * u.arcsec)
    ra_error, dec_error, corr = errors
    major, ratio, position_angle = ellipse
    roles = {"ra_error": "mas", "dec_error": "mas", "ra_dec_corr": "", "pos_error": "mas", "error_minor": "mas",
             "error_angle": "deg"}  # fmt: skip
    metadata = [Column(role, "", unit=unit, role=role) for role, unit in roles.items()]
    for name in ("one", "other"):
        (store.tables_folder / f"{name}.duckdb").unlink(missing_ok=True)
    make_table("one", id=[1], ra=[ra], dec=[dec], ra_error=[ra_error], dec_error=[dec_error], ra_dec_corr=[corr],
               metadata=metadata[:3])  # fmt: skip
    make_table("other", id=[2], ra=[right.ra.deg], dec=[right.dec.deg], pos_error=[major], error_minor=[major * ratio],
               error_angle=[position_angle], metadata=metadata[3:])  # fmt: skip
    associate(store, AssociationOptions(tables=("one", "other"), radius_arcsec=10.0, into="m", find=Find.ALL,
                                        floor_arcsec=0.0, completeness=0.5, replace=True))  # fmt: skip
    with Sky(store.path) as sky:
        [(found_sep, found_sigma)] = sky.sql("SELECT sep_arcsec, sep_sigma FROM m").rows()

    def frame(where: SkyCoord) -> tuple[Any, Any]:
        east = np.array([-np.sin(where.ra.rad), np.cos(where.ra.rad), 0])
        return east, np.cross(where.cartesian.xyz.value, east)

    def spread(where: SkyCoord, covariance: Any) -> Any:
        axes = np.array(frame(where))
        return axes.T @ covariance @ axes

    theta = np.radians(position_angle)
    along = np.array([np.sin(theta), np.cos(theta)])  # east and north of the major axis
    across = np.array([np.cos(theta), -np.sin(theta)])
    of_right = major**2 * (np.outer(along, along) + ratio**2 * np.outer(across, across))
    of_left = [[ra_error**2, corr * ra_error * dec_error], [corr * ra_error * dec_error, dec_error**2]]
    in_space = spread(left, of_left) + spread(right, of_right)
    axes = np.array(frame(left))
    step = axes @ (right.cartesian.xyz.value - left.cartesian.xyz.value) * np.degrees(1) * 3.6e6
    expected = np.sqrt(step @ np.linalg.solve(axes @ in_space @ axes.T, step))
    assert found_sep == pytest.approx(left.separation(right).arcsec, rel=1e-6, abs=1e-8)
    assert found_sigma == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("cosigma", "corr"), [(0.3, 0.09 / 0.4), (-0.6, -0.36 / 0.4), (None, 0.0)])
def test_a_cosigma_is_the_root_of_a_covariance(
    store: Store, make_table: Any, cosigma: float | None, corr: float
) -> None:
    """What IPAC lists as sigradec, in place of a correlation."""
    found = []
    for name, role, unit, value in (("ipac", "ra_dec_cosigma", "arcsec", cosigma), ("gaia", "ra_dec_corr", "", corr)):
        roles = {"ra_error": "arcsec", "dec_error": "arcsec", role: unit}
        make_table(
            name, id=[1], ra=[10.0], dec=[20.0], ra_error=[0.5], dec_error=[0.8],
            **{role: pa.array([value], pa.float64())},
            metadata=[Column(role, "", unit=unit, role=role) for role, unit in roles.items()],
        )  # fmt: skip
        make_table(f"near_{name}", id=[1], ra=[10.0002], dec=[20.0001], metadata=[])
        associate(
            store,
            AssociationOptions(
                tables=(name, f"near_{name}"), radius_arcsec=5.0, into=f"m_{name}", floor_arcsec=0.0,
                error_arcsec={f"near_{name}": 0.1}, completeness=0.5,
            ),
        )  # fmt: skip
        with Sky(store.path) as sky:
            found += sky.sql(f"SELECT sep_sigma, ln_bayes FROM m_{name}").rows()
    assert found[0] == pytest.approx(found[1], rel=1e-9)


def test_rows_meet_at_the_epoch_of_the_table_that_rests(store: Store, make_table: Any) -> None:
    """A star of 10 arcsec/yr is found at each of the years it was seen in, with the error its motion adds."""
    years = np.array([1990.0, 1995.0, 2001.0, 2010.5])
    seen = [SkyCoord(40.0 + place, 60.0, unit="deg") for place in range(4)]
    stars = SkyCoord([s.ra for s in seen], [s.dec for s in seen])
    later = [
        star.directional_offset_by(90 * u.deg, 10.0 * (year - 2016.0) * u.arcsec)
        for star, year in zip(stars, years, strict=True)
    ]
    errors = [Column(role, "", unit="mas.yr**-1", role=role) for role in ("pmra_error", "pmdec_error")]
    position = Column("pos_error", "", unit="mas", role="pos_error")
    make_table(
        "stars", id=[0, 1, 2, 3], ra=stars.ra.deg, dec=stars.dec.deg, pmra=np.full(4, 10_000.0), pmdec=np.zeros(4),
        pmra_error=np.full(4, 20.0), pmdec_error=np.full(4, 20.0), pos_error=np.full(4, 100.0), epoch=2016.0,
        metadata=[*PM, *errors, position],
    )  # fmt: skip
    make_table(
        "plates", id=[0, 1, 2, 3], ra=[p.ra.deg for p in later], dec=[p.dec.deg for p in later], year=years,
        pos_error=np.full(4, 300.0), metadata=[Column("year", "", unit="yr", role="epoch"), position],
    )  # fmt: skip
    options = AssociationOptions(tables=("stars", "plates"), radius_arcsec=0.5, into="m", find=Find.ALL,
                                 floor_arcsec=0.0, completeness=0.5)  # fmt: skip
    associate(store, options)
    with Sky(store.path) as sky:
        rows = sky.sql("SELECT stars_id, plates_id, sep_arcsec, sep_sigma FROM m ORDER BY 1").rows()
    assert [(a, b) for a, b, _, _ in rows] == [(0, 0), (1, 1), (2, 2), (3, 3)]
    for (_, _, sep_arcsec, sep_sigma), year in zip(rows, years, strict=True):
        assert sep_arcsec < 0.02  # a circle of position angle 90 is no great circle
        if sep_arcsec > 1e-4:
            error = np.sqrt(0.1**2 + 0.3**2 + (0.02 * (year - 2016.0)) ** 2)
            assert sep_sigma == pytest.approx(sep_arcsec / error, rel=1e-3)


@pytest.mark.parametrize("resting", ["stars", "plates"])
def test_an_uncertain_epoch_spreads_rows_along_the_motion(store: Store, make_table: Any, resting: str) -> None:
    """A star of 3 arcsec/yr to the east, seen in a year that is known to 2 years; also where the star is the right row,
    close to a pole."""
    dec = 60.0 if resting == "plates" else 89.9
    star = SkyCoord(40.0, dec, unit="deg")
    later = star.directional_offset_by(90 * u.deg, 36 * u.arcsec)
    later = later.directional_offset_by(later.position_angle(star) + 90 * u.deg, 0.5 * u.arcsec)
    position = Column("pos_error", "", unit="mas", role="pos_error")
    make_table(
        "stars", id=[7, 8], ra=[40.0, 50.0], dec=[dec, -20.0], pmra=[3000.0, None], pmdec=[0.0, None],
        pos_error=[300.0, 300.0], epoch=2000.0, metadata=[*PM, position],
    )  # fmt: skip
    make_table("plates", id=[9], ra=[later.ra.deg], dec=[later.dec.deg], pos_error=[400.0], epoch=2010.0,
               metadata=[position])  # fmt: skip
    tables = ("stars", "plates") if resting == "plates" else ("plates", "stars")
    sigmas = {}
    for years in (None, 2.0):
        given = {} if years is None else {"plates": years}
        associate(store, AssociationOptions(tables=tables, n_sigma=20.0, into="m", floor_arcsec=0.0, completeness=0.5,
                                            epoch_error_yr=given, replace=True))  # fmt: skip
        with Sky(store.path) as sky:
            [(sigmas[years],)] = sky.sql("SELECT sep_sigma FROM m").rows()
    assert sigmas[None] == pytest.approx(np.hypot(6.0, 0.5) / 0.5, rel=1e-3)
    assert sigmas[2.0] == pytest.approx(np.hypot(6.0 / np.hypot(0.5, 2.0 * 3.0), 0.5 / 0.5), rel=1e-3)


def test_a_plain_match_moves_stars_too(store: Store, make_table: Any) -> None:
    later = SkyCoord(40.0, 60.0, unit="deg").directional_offset_by(0 * u.deg, 32 * u.arcsec)
    make_table("stars", id=[7], ra=[40.0], dec=[60.0], pmra=[0.0], pmdec=[2000.0], epoch=2000.0, metadata=PM)
    make_table("plates", id=[9], ra=[later.ra.deg], dec=[later.dec.deg], epoch=2016.0)
    for options, pairs in (
        ({}, [(7, 9)]),
        ({"propagate": False}, []),
        ({"epoch": 2016.0}, [(7, 9)]),
        ({"epoch": 2000.0}, []),
    ):
        crossmatch(
            store, MatchOptions(left="stars", right="plates", radius_arcsec=1.0, into="m", replace=True, **options)
        )
        with Sky(store.path) as sky:
            assert sky.sql("SELECT stars_id, plates_id FROM m").rows() == pairs


def test_a_systematic_error_and_a_displacement_are_found_and_removed(store: Store, make_table: Any) -> None:
    rng = np.random.default_rng(6)
    n = 20_000
    ra, dec = rng.uniform(100, 140, n), np.degrees(np.arcsin(rng.uniform(0, 0.6, n)))
    error = Column("pos_error", "", unit="mas", role="pos_error")
    make_table("one", id=list(range(n)), ra=ra, dec=dec, pos_error=np.full(n, 100.0), metadata=[error])
    # Errors are 0.2 arcsec, of which the table knows 0.12; displaced by (0.15, -0.08), a slope of 0.3 over the sky.
    east = rng.normal(0.15, 0.2, n) + 0.3 * (ra - 120) / 40
    north = rng.normal(-0.08, 0.2, n)
    make_table(
        "other", id=list(range(n)), ra=ra + east / 3600 / np.cos(np.radians(dec)), dec=dec + north / 3600,
        pos_error=np.full(n, 120.0), metadata=[error],
    )  # fmt: skip
    sigma = {}
    for offsets in Offsets:
        report = associate(
            store,
            AssociationOptions(
                tables=("one", "other"), radius_arcsec=3.0, into="m", offsets=offsets, floor_arcsec=0.0, replace=True
            ),
        )
        with Sky(store.path) as sky:
            [(sigma[offsets],)] = sky.sql("SELECT sqrt(avg(sep_arcsec ** 2) / 2) FROM m").rows()
    tuning = report.counts.tuning
    assert tuning.offset_ra_arcsec == pytest.approx(0.15, abs=0.02)
    assert tuning.offset_dec_arcsec == pytest.approx(-0.08, abs=0.01)
    assert tuning.map_rms_arcsec is not None and tuning.map_rms_arcsec > 3 * (tuning.map_error_arcsec or 0)
    true = np.hypot(0.2, 0.0)
    assert sigma[Offsets.KEEP] > sigma[Offsets.CONSTANT] > sigma[Offsets.MAP]
    assert sigma[Offsets.MAP] == pytest.approx(true, rel=0.03)
    fitted = associate(
        store,
        AssociationOptions(tables=("one", "other"), radius_arcsec=3.0, into="m", offsets=Offsets.MAP, replace=True),
    ).counts.tuning
    # What the quoted errors lack, the slope over the field among it: the map is made of the same pairs.
    assert fitted.floor_arcsec == pytest.approx(np.sqrt(0.2**2 - 0.1**2 - 0.12**2 + 0.3**2 / 12 / 2), rel=0.1)
