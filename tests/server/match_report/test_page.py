"""The page, the plots and the command, and matches that are odd."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skyband.ingest.pipeline import IngestOptions, ingest
from skyband.queries.association import AssociationOptions, associate, associate_many
from skyband.queries.crossmatch import Find, Join, MatchOptions, crossmatch
from skyband.schema.errors import BadTable, StorageError, TableNotFound
from skyband.schema.store import Store
from skyband.server.report import MatchReport, report_on
from skyband.server.report.page import Section, write_page, write_plots
from skyband.server.report.words import facts_of, warnings_of
from tests.server.conftest import RunReport
from tests.server.match_report.conftest import LEFT, MakeTable
from tests.server.reading import checked, known

DRAWN = {
    "separations", "normalised_separations", "share_by_magnitude", "share_by_galactic_latitude", "probabilities",
    "cuts", "density", "offsets",
}  # fmt: skip


def test_the_page_has_every_part(plain: MatchReport, likely: MatchReport, likely_sections: tuple[Section, ...]) -> None:
    page, parser = checked(likely, likely_sections)
    assert (parser.count["svg"], parser.count["figure"]) == (len(DRAWN), len(DRAWN))
    assert "Not drawn" not in page
    assert "currentColor" in page
    page, parser = checked(plain)
    assert parser.count["svg"] == len(DRAWN) - 3
    assert "Not drawn: a plain match has no probabilities." in page
    for text in ("skyband made it", "left_id, right_id, chord2_arcsec(chord2) AS sep_arcsec", "DuckDB", "--find"):
        assert text in page
    for version in (
        plain.subject.info.version.version_id,
        plain.subject.left.version_id,
        plain.subject.right.version_id,
    ):
        assert version in page


def test_plots_are_images_of_sensible_size(likely_sections: tuple[Section, ...], tmp_path: Path) -> None:
    files = write_plots(likely_sections, tmp_path / "new" / "plots")
    assert {path.stem for path in files} == DRAWN
    for path in files:
        with Image.open(io.BytesIO(path.read_bytes())) as image:
            image.load()
            assert image.format == "PNG"
            assert 800 <= image.width <= 1600
            assert 400 <= image.height <= 1200
            colours = image.convert("RGB").getcolors(1 << 20)
        assert colours is not None
        assert len(colours) > 30, path


def test_the_report_says_what_became_of_its_tables(make_table: MakeTable, store: Store, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    ra, dec = rng.uniform(10, 12, 300).tolist(), rng.uniform(-1, 1, 300).tolist()
    make_table("a", id=range(300), ra=ra, dec=dec)
    make_table("b", id=range(300), ra=ra, dec=dec)
    crossmatch(store, MatchOptions(left="a", right="b", radius_arcsec=1.0, into="m"))
    associate(
        store,
        AssociationOptions(tables=("a", "b"), radius_arcsec=1.0, into="n", error_arcsec={"a": 0.1, "b": 0.1}),
    )
    report = report_on(store, "m")
    assert warnings_of(report) == []
    assert report.pairs_sql == "SELECT * FROM xmatch('a', 'b', 1.0)"
    make_table("b", id=range(300), ra=ra, dec=dec)
    report = report_on(store, "m")
    assert (
        "b has been published again since the match (matched was version 1, now it is version 2"
        in warnings_of(report)[0]
    )
    assert "published again" in report.document()["offsets"]["unknown"]
    assert "published again" in facts_of(report)["displacement of the pairs (median)"]
    assert known(report.separations).random is not None
    store.drop("a")
    for name in ("m", "n"):
        report = report_on(store, name)
        assert "a has been dropped since the match" in warnings_of(report)[0]
        document = report.document()
        for part in ("offsets", "latitudes", "magnitudes", "footprint"):
            assert "a has been dropped" in document[part]["unknown"]
        page, _ = checked(report)
        assert "a has been dropped since the match: what needs its rows as they were is left out." in page
    assert known(report.separations).random is None
    store.drop("b")
    make_table("b", id=[1], ra=[1.0], dec=[1.0])
    assert "matched was another table" in " ".join(warnings_of(report_on(store, "m")))


def test_a_damaged_table_is_named(make_table: MakeTable, store: Store) -> None:
    make_table("a", id=[1], ra=[1.0], dec=[1.0])
    make_table("b", id=[1], ra=[1.0], dec=[1.0])
    crossmatch(store, MatchOptions(left="a", right="b", radius_arcsec=1.0, into="m"))
    store.table_file("b").write_bytes(b"no table")
    report = report_on(store, "m")
    assert "b cannot be read" in warnings_of(report)[0]
    assert report.document()["density"]["pairs"] == [1]


@pytest.mark.parametrize(("join", "why"), [(Join.LEFT_ONLY, "only rows without a partner"), (Join.INNER, "no pairs")])
def test_a_table_without_pairs_is_reported(make_table: MakeTable, store: Store, join: Join, why: str) -> None:
    make_table("a", id=[1, 2], ra=[10.0, 20.0], dec=[0.0, 0.0])
    make_table("b", id=[1], ra=[10.0 if join is Join.LEFT_ONLY else 10.001], dec=[0.0])
    crossmatch(store, MatchOptions(left="a", right="b", radius_arcsec=1.0, into="m", join=join))
    report = report_on(store, "m")
    document = report.document()
    assert why in document["separations"]["unknown"]
    page, parser = checked(report)
    assert why in page
    # That no row of the table is in a pair says something only where the table would list pairs.
    assert parser.count.get("svg", 0) == (0 if join is Join.LEFT_ONLY else 1)


@pytest.mark.parametrize("rows", [0, 2])
def test_tiny_tables_are_reported(make_table: MakeTable, store: Store, rows: int) -> None:
    errors = {"a": 0.1, "b": 0.1}
    for name in ("a", "b"):
        make_table(name, id=range(rows), ra=[10.0] * rows, dec=[0.0] * rows)
    crossmatch(store, MatchOptions(left="a", right="b", radius_arcsec=1.0, into="m"))
    associate(store, AssociationOptions(tables=("a", "b"), n_sigma=3.0, into="n", error_arcsec=errors))
    for name in ("m", "n"):
        report = report_on(store, name)
        page, _ = checked(report)
        assert "not known" in page
        assert json.loads(json.dumps(report.document()))["rows"] == rows


def test_duplicates_of_one_table(make_table: MakeTable, store: Store) -> None:
    make_table("a", id=range(4), ra=[10.0, 10.0001, 50.0, 120.0], dec=[0.0, 0.0, 0.0, 60.0])
    crossmatch(store, MatchOptions(left="a", right="a", radius_arcsec=1.0, into="twins", find=Find.ALL))
    report = report_on(store, "twins")
    shares = known(report.latitudes)
    # Both rows of the pair are in it.
    assert (sum(shares.rows), sum(shares.matched)) == (4, 2)
    assert sum(known(report.separations).pairs) == 1
    checked(report)


def test_what_is_no_match_of_two_tables_is_an_error(make_table: MakeTable, store: Store) -> None:
    make_table("a", id=[1], ra=[1.0], dec=[1.0])
    with pytest.raises(BadTable, match="'a' is no match: make one with skyband crossmatch"):
        report_on(store, "a")
    with pytest.raises(TableNotFound, match="no table 'm'"):
        report_on(store, "m")
    for name in ("b", "c"):
        make_table(name, id=[1], ra=[1.0], dec=[1.0])
    options = AssociationOptions(
        tables=("a", "b", "c"), radius_arcsec=1.0, into="m", error_arcsec=dict.fromkeys(("a", "b", "c"), 0.1)
    )
    associate_many(store, options)
    with pytest.raises(BadTable, match="a match of 3 tables, not of two"):
        report_on(store, "m")


def test_a_page_that_cannot_be_written_is_an_error(plain: MatchReport, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        write_page(plain, (), tmp_path / "file" / "report.html")


def test_the_command_writes_what_is_asked(simulated: Store, run_report: RunReport, plain: MatchReport) -> None:
    code, out, err = run_report(simulated, "plain")
    assert (code, err) == (0, "report written to plain.html\n")
    assert out.splitlines()[0].split(maxsplit=2)[2] == facts_of(plain)["left table"]
    assert Path("plain.html").read_text().startswith("<!doctype html>")
    code, out, err = run_report(simulated, "plain", "--json")
    document, expected = json.loads(out), plain.document()
    assert {**document, "made_at": ""} == {**expected, "made_at": ""}
    assert (code, err, sorted(path.name for path in Path().iterdir())) == (0, "", ["plain.html"])
    code, _, err = run_report(simulated, "plain", "-o", "out/report.html", "--png", "plots")
    assert (code, err) == (0, "5 plots written to plots\nreport written to out/report.html\n")
    assert len(list(Path("plots").glob("*.png"))) == 5


def test_the_command_names_what_is_wrong(simulated: Store, run_report: RunReport) -> None:
    code, out, err = run_report(simulated, LEFT)
    assert (code, out) == (2, "")
    assert f"table {LEFT!r} is no match" in err
    assert run_report(simulated, "nothing")[0] == 2
    assert list(Path().iterdir()) == []


@pytest.mark.real
def test_real_matches_are_reported(real_data: Path, store: Store) -> None:
    for path, options in (
        ("xmatch_ngc188/gaia_dr2.parquet", IngestOptions(table="gaia", epoch=2015.5)),
        ("xmatch_ngc188/twomass_psc.parquet", IngestOptions(table="twomass", survey="twomass_psc")),
    ):
        ingest(store, [real_data / path], options)
    crossmatch(store, MatchOptions(left="twomass", right="gaia", radius_arcsec=2.0, into="m", find=Find.BEST1))
    report = report_on(store, "m")
    field = known(report.field)
    assert (field.is_sky, field.radius_deg < 0.6) == (False, True)
    # The README of the catalogues counts 4,162 rows of 2MASS with a neighbour within 2 arcsec.
    assert sum(known(report.separations).pairs) == 4162
    assert known(report.magnitudes).value == "Jmag"
    assert abs(known(report.offsets).median_dec_arcsec) < 0.1
    _, parser = checked(report)
    assert parser.count["svg"] == 5
