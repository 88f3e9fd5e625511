"""The clients astronomers use, against a running service: STILTS and pyvo, with astropy as the judge of rows."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvo
from astropy.coordinates import SkyCoord
from astropy.table import Table

from skyband.queries import Sky

needs_stilts = pytest.mark.skipif(shutil.which("stilts") is None, reason="STILTS is not installed")


def stilts(*arguments: str) -> str:
    """Run STILTS and return what it prints; it must succeed."""
    done = subprocess.run(["stilts", *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@needs_stilts
def test_taplint_finds_nothing(service: Any) -> None:
    report = stilts("taplint", f"tapurl={service.tap}", "report=EWF", "stages=-LOC")
    assert "Totals: Errors: 0; Warnings: 0; Failures: 0" in report, report


@needs_stilts
@pytest.mark.parametrize("urls", ["off", "public"])
def test_taplint_misses_the_uploads_by_url_where_they_are_off(own_sky: Path, serve: Any, urls: str) -> None:
    """Files are declared all the same: TOPCAT would offer no uploads otherwise, and they are taken."""
    with serve(own_sky, upload_urls=urls) as service:
        report = stilts("taplint", f"tapurl={service.tap}", "report=EWF", "stages=CAP UPL")
    codes = re.findall(r"^([EWF]-\w+-\w+)-\d+", report, re.MULTILINE)
    assert codes == (["E-CAP-MUPM"] if urls == "off" else []), report


@needs_stilts
@pytest.mark.parametrize("sync", ["true", "false"])
def test_tapquery_gets_the_rows(service: Any, sky_folder: Path, sync: str) -> None:
    query = "SELECT TOP 20 designation, ra, j_m FROM sim_nir WHERE j_m IS NOT NULL ORDER BY designation"
    text = stilts("-verbose", "tapquery", f"tapurl={service.tap}", f"sync={sync}", f"adql={query}", "ofmt=csv")
    with Sky(sky_folder) as sky:
        expected = sky.sql(query.replace("TOP 20 ", "") + " LIMIT 20").rows()
    found = [tuple(line.split(",")) for line in text.splitlines() if "," in line][1:]
    assert [(name, float(ra), np.float32(j)) for name, ra, j in found] == [
        (name, ra, np.float32(j)) for name, ra, j in expected
    ]


@needs_stilts
def test_tapskymatch_agrees_with_astropy(service: Any, sky_folder: Path, tmp_path: Path) -> None:
    with Sky(sky_folder) as sky:
        nir = sky.sql("SELECT designation, ra, dec FROM sim_nir").to_astropy()
        gaia = sky.sql("SELECT source_id, ra, dec FROM sim_astrometry").to_arrow()
    nir.write(tmp_path / "nir.fits")
    stilts(
        "tapskymatch", f"tapurl={service.tap}", "taptable=sim_astrometry", "taplon=ra", "taplat=dec",
        "tapcols=source_id", f"in={tmp_path / 'nir.fits'}", "inlon=ra", "inlat=dec", "sr=0.0003", "find=all",
        "blocksize=500", f"out={tmp_path / 'pairs.fits'}",
    )  # fmt: skip
    pairs = Table.read(tmp_path / "pairs.fits")
    left = SkyCoord(nir["ra"], nir["dec"], unit="deg")
    right = SkyCoord(gaia["ra"].to_numpy(), gaia["dec"].to_numpy(), unit="deg")
    i, j, _, _ = right.search_around_sky(left, 0.0003 * left.ra.unit)
    expected = {(str(nir["designation"][a]), gaia["source_id"][int(b)].as_py()) for a, b in zip(i, j, strict=True)}
    assert len(expected) > 500
    assert {
        (str(name).strip(), int(id)) for name, id in zip(pairs["designation"], pairs["source_id"], strict=True)
    } == (expected)


@needs_stilts
def test_coneskymatch_and_cone_lint(service: Any, tmp_path: Path) -> None:
    Table({"lon": [266.4, 10.0], "lat": [-28.9, 41.0]}).write(tmp_path / "centres.fits")
    stilts(
        "coneskymatch", f"in={tmp_path / 'centres.fits'}", "ra=lon", "dec=lat", "sr=2", "find=all",
        f"serviceurl={service.url}/scs/sim_nir?", "servicetype=cone", f"out={tmp_path / 'found.fits'}",
    )  # fmt: skip
    found = Table.read(tmp_path / "found.fits")
    counts = [
        service.client.get(
            "/sql", params={"query": f"SELECT count(*) AS n FROM cone('sim_nir', {ra}, {dec}, 2)"}
        ).json()
        for ra, dec in ((266.4, -28.9), (10.0, 41.0))
    ]
    assert len(found) == sum(document["rows"][0][0] for document in counts) > 0


@needs_stilts
@pytest.mark.parametrize("format", ["votable", "votable/td", "votable/b"])
def test_votlint_is_silent(service: Any, tmp_path: Path, format: str) -> None:
    for table in ("sim_nir", "sim_astrometry", "sim_truth", "TAP_SCHEMA.columns"):
        response = service.client.get(
            "/tap/sync", params={"LANG": "ADQL", "QUERY": f"SELECT TOP 200 * FROM {table}", "FORMAT": format}
        )
        path = tmp_path / f"{table}.vot"
        path.write_bytes(response.content)
        assert stilts("votlint", str(path)) == ""


# pyvo leaves closing its connections to the garbage collector.
leaves_sockets = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture
def tap(service: Any) -> Any:
    return pyvo.dal.TAPService(service.tap)


@leaves_sockets
def test_pyvo_reads_what_the_service_says_of_itself(tap: Any, sky_folder: Path) -> None:
    with Sky(sky_folder) as sky:
        names = set(sky.tables)
    assert set(tap.tables.keys()) == names | {
        f"TAP_SCHEMA.{name}" for name in ("schemas", "tables", "columns", "keys", "key_columns")
    }
    column = next(column for column in tap.tables["sim_nir"].columns if column.name == "j_m")
    assert (column.unit, column.ucd) == ("mag", "phot.mag;em.IR.J")
    assert (tap.maxrec, tap.hardlimit) == (1_000_000, 20_000_000)
    for example in tap.examples:
        assert example.execute() is not None


@leaves_sockets
def test_pyvo_asks_synchronously(tap: Any) -> None:
    rows = tap.run_sync("SELECT TOP 5 source_id, ra AS alpha FROM sim_astrometry", maxrec=3).to_table()
    assert rows.colnames == ["source_id", "alpha"]
    assert len(rows) == 3
    assert str(rows["alpha"].unit) == "deg"


UPLOAD = Table({"name": ["a", "bé", ""], "ra": [266.4, 10.0, 0.0], "dec": [-28.9, 41.0, 0.0], "n": [1, 2, 3]})
JOINED = (
    "SELECT u.name, u.n, count(*) AS hits FROM TAP_UPLOAD.mine AS u "
    "JOIN sim_astrometry AS g ON DISTANCE(u.ra, u.dec, g.ra, g.dec) < 5 GROUP BY u.name, u.n ORDER BY u.n"
)


@leaves_sockets
@pytest.mark.parametrize("run", ["run_sync", "run_async"])
def test_pyvo_uploads_tables(tap: Any, service: Any, run: str) -> None:
    rows = getattr(tap, run)(JOINED, uploads={"mine": UPLOAD}).to_table()
    expected = []
    for name, ra, dec, n in UPLOAD.iterrows():
        query = f"SELECT count(*) AS n FROM cone('sim_astrometry', {ra}, {dec}, 5)"
        found = service.client.get("/sql", params={"query": query}).json()["rows"][0][0]
        expected += [(name, n, found)] if found else []
    assert len(expected) > 1
    assert [tuple(row) for row in rows] == expected


@leaves_sockets
@pytest.mark.parametrize("run", ["run_sync", "run_async"])
def test_pyvo_is_told_what_is_wrong_and_where(tap: Any, run: str) -> None:
    with pytest.raises(pyvo.dal.DALQueryError, match=r"line 1, column 8.*nonsense"):
        getattr(tap, run)("SELECT nonsense FROM sim_nir")


@leaves_sockets
def test_pyvo_follows_jobs(tap: Any) -> None:
    job = tap.submit_job("SELECT count(*) AS n FROM sim_nir")
    assert job.phase == "PENDING"
    job.run().wait(timeout=60)
    assert job.phase == "COMPLETED"
    assert job.fetch_result().to_table()["n"][0] > 1000
    assert job.job_id in {description.jobid for description in tap.get_job_list()}
    job.delete()
    assert job.job_id not in {description.jobid for description in tap.get_job_list()}


def test_overflow_is_told_after_the_rows(service: Any) -> None:
    def ask(top: str, maxrec: int) -> tuple[int, bool]:
        parameters = {"LANG": "ADQL", "QUERY": f"SELECT {top} ra FROM sim_nir", "MAXREC": str(maxrec)}
        content = service.client.get("/tap/sync", params=parameters).content
        overflow = content.find(b'value="OVERFLOW"')
        assert overflow == -1 or overflow > content.find(b"</TABLE>")
        return len(Table.read(io.BytesIO(content), format="votable")), overflow != -1

    assert ask("", 10) == (10, True)
    assert ask("TOP 10", 10) == (10, False)
    assert ask("TOP 5", 10) == (5, False)
    assert ask("", 0) == (0, True)
