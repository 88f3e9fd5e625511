"""Reports on groups of three tables, and how errors say that true and chance pairs lie."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import rayleigh

from skyband.queries.association import AssociationOptions, associate, associate_many
from skyband.queries.crossmatch import Find
from skyband.schema.columns import Column
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from skyband.server.report import report_on, report_on_groups
from skyband.server.report.group_words import summary_of
from skyband.server.report.page import sections_of, write_plots
from tests.conftest import publish_rows
from tests.server.conftest import RunReport
from tests.server.reading import checked, columns, known


@pytest.fixture(scope="module")
def errors_known(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Tables a, b and c of circular errors that run from 0.1 to 1.5 arcsec, each with its own share of the objects; `m`
    associates two of them, `near` within sigmas, `g` and `every` all."""
    store = Store.create(Settings(store=str(tmp_path_factory.mktemp("known") / "sky"), threads=2))
    rng = np.random.default_rng(12)
    n = 12_000
    ra, dec = 50 + rng.uniform(-0.5, 0.5, n), rng.uniform(-0.5, 0.5, n)
    for name, share in (("a", 0.8), ("b", 0.7), ("c", 0.6)):
        seen = np.flatnonzero(rng.uniform(size=n) < share)
        error = rng.uniform(0.1, 1.5, len(seen))
        publish_rows(
            store, name, id=seen.tolist(), ra=ra[seen] + rng.normal(size=len(seen)) * error / 3600,
            dec=dec[seen] + rng.normal(size=len(seen)) * error / 3600, pos_error=error * 1000,
            v=rng.normal(18, 1, len(seen)),
            metadata=[Column("pos_error", "", "mas", role="pos_error"), Column("v", "", "mag", "phot.mag;em.opt.V")],
        )  # fmt: skip
    associate(store, AssociationOptions(tables=("a", "b"), into="m", find=Find.ALL, radius_arcsec=6.0))
    associate(store, AssociationOptions(tables=("a", "b"), into="near", find=Find.ALL, n_sigma=2.5))
    for into, find in (("g", Find.BEST), ("every", Find.ALL)):
        associate_many(store, AssociationOptions(tables=("a", "b", "c"), into=into, find=find, radius_arcsec=6.0))
    return store


def test_the_expected_curve_of_true_pairs_is_where_they_are(errors_known: Store) -> None:
    for name, n_sigma in (("m", np.inf), ("near", 2.5)):
        found = known(report_on(errors_known, name).separations)
        pairs = columns(
            errors_known,
            "SELECT p_match, a_id = b_id AS is_true, sep_arcsec, "
            f"sqrt(a.pos_error ** 2 + b.pos_error ** 2) / 1000 AS sigma "
            f"FROM {name} JOIN a ON a.id = a_id JOIN b ON b.id = b_id",
        )
        edges = np.array(found.edges)
        most = np.minimum(6.0, n_sigma * pairs.sigma) if name == "m" else n_sigma * pairs.sigma
        by_scipy = [
            (
                pairs.p_match * rayleigh.cdf(np.minimum(edge, most) / pairs.sigma) / rayleigh.cdf(most / pairs.sigma)
            ).sum()
            for edge in edges
        ]
        # What the fit adds to the errors as they are is little.
        assert found.true == pytest.approx(np.diff(by_scipy), rel=0.05, abs=3)
        true = np.histogram(pairs.sep_arcsec[pairs.is_true], edges)[0].reshape(-1, 6).sum(axis=1)
        expected = np.array(found.true).reshape(-1, 6).sum(axis=1)
        assert (np.abs(true - expected) < 4 * np.sqrt(expected) + 10).all()


def test_the_chance_level_of_normalised_separations_is_that_of_random_positions(errors_known: Store) -> None:
    report = report_on(errors_known, "m")
    found = known(report.sigmas)
    pairs = columns(errors_known, "SELECT sep_sigma FROM m WHERE a_id <> b_id")
    false = np.histogram(pairs.sep_sigma, found.edges)[0].reshape(-1, 10).sum(axis=1)
    expected = np.array(found.random).reshape(-1, 10).sum(axis=1)
    # Small errors have few false pairs of few sigmas: the radius ends them sooner.
    assert false == pytest.approx(expected, rel=0.15)


def test_groups_are_reported_as_pairs_of_the_leading_table(errors_known: Store, tmp_path: Path) -> None:
    for name in ("g", "every"):
        report = report_on_groups(errors_known, name)
        groups = columns(errors_known, f"SELECT a_id, b_id, c_id, p_match, sep_b_arcsec, left_rank FROM {name}")
        best = groups.left_rank == 1
        members = np.isfinite(groups.b_id[best]).astype(int) + np.isfinite(groups.c_id[best])
        rows = errors_known.info("a").rows
        assert report.members == [rows - best.sum(), *(int((members == k).sum()) for k in (1, 2))]
        assert [pair.subject.right.name for pair in report.pairs] == ["b", "c"]
        b = known(report.pairs[0].separations)
        with_b = np.isfinite(groups.b_id)
        ids = np.column_stack([groups.a_id[with_b], groups.b_id[with_b]])
        pairs, place = np.unique(ids, axis=0, return_inverse=True)
        p = np.bincount(place, groups.p_match[with_b])
        sep = np.zeros(len(pairs))
        sep[place] = groups.sep_b_arcsec[with_b]
        assert b.pairs == np.histogram(sep, b.edges)[0].tolist()
        assert b.wrong == pytest.approx(np.histogram(sep, b.edges, weights=1 - p)[0], abs=1e-9)
        assert b.true is not None and sum(b.true) == pytest.approx(p.sum())
        sigma = columns(errors_known, "SELECT a_id, b_id, sep_sigma FROM m")
        of_pairs = dict(zip(zip(sigma.a_id, sigma.b_id, strict=True), sigma.sep_sigma, strict=True))
        mine = [of_pairs[tuple(pair)] for pair in pairs.astype(int).tolist()]
        found = known(report.pairs[0].sigmas)
        assert np.abs(np.array(found.pairs) - np.histogram(mine, found.edges)[0]).sum() <= 0.01 * len(pairs)
        assert known(report.pairs[0].magnitudes).table == "a"
    sections = sections_of(report)
    drawn = [plot.name for section in sections for plot in section.plots]
    of_pair = ("separations", "normalised_separations", "share_by_magnitude", "density", "offsets")
    assert drawn == ["members", "cuts", *(f"{table}_{name}" for table in "bc" for name in of_pair)]
    page, parser = checked(
        report, sections, ("summary", "reliability", "a-and-b", "a-and-c", "how-it-was-made", "queries")
    )
    assert parser.count["svg"] == len(drawn) and "a and c" in page and "FROM &#34;every&#34;" in page
    assert len(write_plots(sections, tmp_path)) == len(drawn)
    facts, warnings = summary_of(report)
    assert facts["a rows with 2 counterparts"].startswith(f"{report.members[2]:,} of")
    assert "at p_any >= 0" in facts["expected contamination"] and not warnings
    assert [pair["counts"]["pairs"] for pair in report.document()["pairs"]] == [
        pair.subject.counts["pairs"] for pair in report.pairs
    ]


def test_the_command_reports_groups(errors_known: Store, run_report: RunReport) -> None:
    code, out, err = run_report(errors_known, "g", "-o", "g.html", "--png", "plots")
    assert (code, err.splitlines()[0]) == (0, "12 plots written to plots")
    assert out.startswith("leading table") and "c: systematic floor" in out
    assert json.loads(run_report(errors_known, "g", "--json")[1])["kind"] == "groups"
