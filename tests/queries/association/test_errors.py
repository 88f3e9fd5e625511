"""Errors that the tables quote wrongly, against the truth of simulated skies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skyband.queries import Sky
from skyband.queries.association import AssociationOptions, AssociationReport, associate, associate_many
from skyband.queries.crossmatch import Find
from skyband.schema.columns import Column
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from tests.conftest import publish_rows
from tests.queries.association.conftest import ERROR, check_deciles, scattered

COVARIANCE = [
    Column("ra_error", "", unit="mas", role="ra_error"),
    Column("dec_error", "", unit="mas", role="dec_error"),
    Column("ra_dec_corr", "", role="ra_dec_corr"),
]
ELLIPSE = [
    Column("pos_error", "", unit="mas", role="pos_error"),
    Column("error_minor", "", unit="mas", role="error_minor"),
    Column("error_angle", "", unit="deg", role="error_angle"),
]


def publish_with_covariances(
    store: Store, rng: np.random.Generator, name: str, sky: np.ndarray[Any, Any], quoted: float
) -> None:
    """Table `name` of objects (id, ra, dec) seen with errors that it quotes by a factor too large."""
    n = sky.shape[1]
    east_arcsec, north_arcsec, corr = rng.uniform(0.3, 2, n), rng.uniform(0.3, 2, n), rng.uniform(-0.9, 0.9, n)
    one, other = rng.normal(size=(2, n))
    east, north = east_arcsec * one, north_arcsec * (corr * one + np.sqrt(1 - corr**2) * other)
    publish_rows(
        store, name, id=sky[0].astype(int).tolist(), metadata=COVARIANCE,
        ra=sky[1] + east / 3600 / np.cos(np.radians(sky[2])), dec=sky[2] + north / 3600,
        ra_error=east_arcsec * 1000 * quoted, dec_error=north_arcsec * 1000 * quoted, ra_dec_corr=corr,
    )  # fmt: skip


def publish_with_ellipses(
    store: Store, rng: np.random.Generator, name: str, sky: np.ndarray[Any, Any], quoted: float
) -> None:
    """The same with error ellipses."""
    n = sky.shape[1]
    major, angle = rng.uniform(0.5, 2, n), rng.uniform(0, 180, n)
    minor = major * rng.uniform(0.2, 1, n)
    along, across = major * rng.normal(size=n), minor * rng.normal(size=n)
    sin, cos = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    publish_rows(
        store, name, id=sky[0].astype(int).tolist(), metadata=ELLIPSE,
        ra=sky[1] + (along * sin + across * cos) / 3600 / np.cos(np.radians(sky[2])),
        dec=sky[2] + (along * cos - across * sin) / 3600,
        pos_error=major * 1000 * quoted, error_minor=minor * 1000 * quoted, error_angle=angle,
    )  # fmt: skip


@pytest.fixture(scope="module", params=[0.5, 1.0, 2.0], ids=["halved", "right", "doubled"])
def quoted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, float]:
    """A store whose tables a, b and c quote errors by a factor too large."""
    store = Store.create(Settings(store=str(tmp_path_factory.mktemp("errors") / "sky"), memory_gb=1.0, threads=2))
    rng = np.random.default_rng(10)
    n = 100_000
    sky = np.array([np.arange(n), 180 + rng.uniform(-1.6, 1.6, n), 60 + rng.uniform(-0.4, 0.4, n)])
    for name, share, publish in (
        ("a", 0.5, publish_with_covariances), ("b", 0.6, publish_with_ellipses), ("c", 0.6, publish_with_covariances),
    ):  # fmt: skip
        publish(store, rng, name, sky[:, rng.uniform(size=n) < share], request.param)
    return store, request.param


def check_probabilities(store: Store, pairs: str) -> None:
    """Each decile of (is_true, p) comes true within 0.03."""
    with Sky(store.path) as sky:
        found = sky.sql(pairs).to_arrow()
    check_deciles(np.asarray(found["p"]), np.asarray(found["is_true"]), within=0.03)


def check_scale(report: AssociationReport, quoted: float) -> None:
    tuning = report.counts.tuning
    assert tuning.error_scale_fitted
    assert tuning.error_scale == (1.0 if quoted == 1 else pytest.approx(1 / quoted, rel=0.05))
    assert tuning.floor_arcsec < 0.3  # the errors of a pair are ten times larger


def test_errors_that_are_quoted_wrongly_are_scaled(quoted: tuple[Store, float]) -> None:
    store, factor = quoted
    options = AssociationOptions(tables=("a", "b"), radius_arcsec=10.0, into="wide", find=Find.ALL)
    check_scale(associate(store, options), factor)
    check_probabilities(store, "SELECT a_id = b_id AS is_true, p_match AS p FROM wide")
    with Sky(store.path) as sky:
        [(chi2,)] = sky.sql("SELECT avg(sep_sigma ** 2) / 2 FROM wide WHERE a_id = b_id").rows()
    assert chi2 == pytest.approx(1, abs=0.05)


def test_a_reach_in_sigmas_is_one_of_scaled_errors(quoted: tuple[Store, float]) -> None:
    store, factor = quoted
    options = AssociationOptions(tables=("a", "b"), n_sigma=3.5, into="near", find=Find.ALL)
    check_scale(associate(store, options), factor)
    with Sky(store.path) as sky:
        [(found, most)] = sky.sql("SELECT count(*) FILTER (a_id = b_id), max(sep_sigma) FROM near").rows()
        [(true,)] = sky.sql("SELECT count(*) FROM a JOIN b USING (id)").rows()
    assert most <= 3.5
    assert found / true == pytest.approx(1 - np.exp(-(3.5**2) / 2), abs=0.003)


def test_a_radius_that_cuts_true_pairs_off_does_not_make_errors_small(quoted: tuple[Store, float]) -> None:
    store, factor = quoted
    options = AssociationOptions(tables=("a", "b"), radius_arcsec=4.0, into="cut", find=Find.ALL)
    check_scale(associate(store, options), factor)


def test_groups_have_scaled_errors_too(store: Store) -> None:
    """The same sky, its errors quoted right and twice too large, has the same groups with the same probabilities."""
    n = 4000
    where = np.random.default_rng(2)
    sky = np.array([np.arange(n), 180 + where.uniform(-0.3, 0.3, n), 60 + where.uniform(-0.15, 0.15, n)])
    common: dict[str, Any] = {"radius_arcsec": 8.0, "find": Find.ALL, "completeness": 0.9}
    groups = []
    for factor, names in ((1.0, ("a1", "b1", "c1")), (2.0, ("a2", "b2", "c2"))):
        rng = np.random.default_rng(3)
        for name, publish in zip(names, (publish_with_covariances, publish_with_ellipses) * 2, strict=False):
            publish(store, rng, name, sky, factor)
        into = f"groups_{names[0]}"
        fitted = associate_many(store, AssociationOptions(tables=names, into=f"{into}_fitted", **common))
        for partner in fitted.counts.partners:
            assert partner.tuning.error_scale == (1.0 if factor == 1 else pytest.approx(0.5, rel=0.05))
        given = AssociationOptions(tables=names, into=into, error_scale=1 / factor, floor_arcsec=0.0, **common)
        assert associate_many(store, given).counts.partners[0].tuning.error_scale == 1 / factor
        ids = ", ".join(f"coalesce({name}_id, -1)" for name in names)
        with Sky(store.path) as opened:
            groups.append({row[:3]: row[3:] for row in opened.sql(f"SELECT {ids}, p_match, p_any FROM {into}").rows()})
    assert groups[0].keys() == groups[1].keys() and len(groups[0]) > n
    for members, found in groups[0].items():
        assert groups[1][members] == pytest.approx(found, rel=1e-9, abs=1e-12)


def test_a_scale_that_is_given_is_taken(quoted: tuple[Store, float]) -> None:
    store, factor = quoted
    report = associate(
        store,
        AssociationOptions(
            tables=("a", "b"), radius_arcsec=10.0, into="given", find=Find.ALL, error_scale=1 / factor, floor_arcsec=0.0
        ),
    )
    tuning = report.counts.tuning
    assert (tuning.error_scale, tuning.error_scale_fitted) == (1 / factor, False)
    check_probabilities(store, "SELECT a_id = b_id AS is_true, p_match AS p FROM given")


def test_the_sample_is_as_wide_as_a_systematic_error_asks(store: Store) -> None:
    """Tables that think themselves exact to 10 mas and are off by an arcsec."""
    rng = np.random.default_rng(4)
    n = 3000
    ra, dec = rng.uniform(200, 210, n), rng.uniform(-5, 5, n)
    for name, error_arcsec in (("exact", 0.01), ("boast", 1.0)):
        seen = scattered(rng, ra, dec, np.full(n, error_arcsec))
        publish_rows(
            store, name, id=list(range(n)), ra=seen[0], dec=seen[1], pos_error=np.full(n, 10.0), metadata=[ERROR]
        )
    report = associate(store, AssociationOptions(tables=("exact", "boast"), n_sigma=3.0, into="m"))
    assert report.counts.tuning.floor_arcsec == pytest.approx(1.0, rel=0.03)
    assert report.counts.pairs / n == pytest.approx(1 - np.exp(-4.5), abs=0.005)


def test_errors_of_unlike_scale_keep_groups_as_probable_as_their_pairs(store: Store) -> None:
    """Two tables quote their errors right and one three times too large: groups of two are pairs."""
    rng = np.random.default_rng(5)
    n = 8000
    ra, dec = rng.uniform(10, 12, n), rng.uniform(-1, 1, n)
    for name, factor in (("a", 1.0), ("b", 1.0), ("c", 3.0)):
        error = rng.uniform(0.2, 1.5, n)
        seen = scattered(rng, ra, dec, error)
        publish_rows(
            store, name, id=list(range(n)), ra=seen[0], dec=seen[1], pos_error=error * 1000 * factor, metadata=[ERROR]
        )
    common: dict[str, Any] = {"radius_arcsec": 8.0, "find": Find.ALL}
    report = associate_many(store, AssociationOptions(tables=("a", "b", "c"), into="g", **common))
    scales = [partner.tuning.error_scale for partner in report.counts.partners]
    assert scales[0] == 1.0 and scales[1] < 0.7
    for other in "bc":
        associate(store, AssociationOptions(tables=("a", other), into=f"p{other}", **common))
        absent = "c" if other == "b" else "b"
        with Sky(store.path) as sky:
            rows = sky.sql(
                f"SELECT g.ln_bayes, p.ln_bayes AS alone FROM g JOIN p{other} p ON g.a_id = p.a_id "
                f"AND g.{other}_id = p.{other}_id WHERE g.{absent}_id IS NULL"
            ).to_arrow()
        assert len(rows) > 1000
        np.testing.assert_allclose(np.asarray(rows["ln_bayes"]), np.asarray(rows["alone"]), rtol=1e-6, atol=1e-6)
