"""Files of every format become the same table, with what they say of themselves."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import healpy
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.table import Table

from skyband.ingest.pipeline import IngestOptions, ingest
from skyband.queries import Sky
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.store import Store
from tests.ingest.stars import ROWS, Ask, Parquet, Take, write

FORMATS = ["parquet", "csv", "csv.gz", "tsv", "fits", "fits.gz", "vot", "ecsv"]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_rows(kind: str, stars: Table, tmp_path: Path, take: Take, rows: Ask) -> None:
    report = take(write(stars, tmp_path, kind))
    expected = sorted((*row, int(healpy.ang2pix(1 << 29, row[1], row[2], nest=True, lonlat=True))) for row in ROWS)
    assert sorted(rows("SELECT source_id, ra, dec, mag, name, healpix_29 FROM stars")) == expected
    keys = [key for (key,) in rows("SELECT healpix_29 FROM stars")]
    assert keys == sorted(keys)
    assert (report.rows_read, report.rows_kept, report.rejected) == (4, 4, {})
    types = [(column.name, column.type, column.role) for column in report.info.columns]
    assert types == [
        ("source_id", "BIGINT", "id"),
        ("ra", "DOUBLE", "ra"),
        ("dec", "DOUBLE", "dec"),
        ("mag", "DOUBLE", ""),
        ("name", "VARCHAR", ""),
        ("healpix_29", "BIGINT", ""),
    ]


@pytest.mark.parametrize("kind", ["fits", "vot", "ecsv"])
def test_headers_are_kept(kind: str, stars: Table, tmp_path: Path, take: Take, store: Store) -> None:
    take(write(stars, tmp_path, kind), description="Four well-known sources")
    info = store.info("stars")
    assert [(column.name, column.unit) for column in info.columns] == [
        ("source_id", ""),
        ("ra", "deg"),
        ("dec", "deg"),
        ("mag", "mag"),
        ("name", ""),
        ("healpix_29", ""),
    ]
    mag = info.column("mag")
    assert mag is not None
    assert mag.description == ("" if kind == "fits" else "Apparent magnitude")
    assert (info.description, info.source, info.frame, info.survey) == (
        "Four well-known sources",
        f"stars.{kind}",
        "ICRS",
        "",
    )


def test_a_folder_is_one_table(stars: Table, tmp_path: Path, take: Take, rows: Ask) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    for place in range(len(stars)):
        shutil.move(write(stars[place : place + 1], tmp_path, "fits"), folder / f"part-{place}.fits")
    report = take(folder)
    assert (report.rows_read, report.info.rows) == (4, 4)
    assert sorted(rows("SELECT source_id, ra, dec, mag, name FROM stars")) == sorted(ROWS)


def test_a_survey_tells_what_columns_mean(parquet: Parquet, take: Take, store: Store, rows: Ask) -> None:
    path = parquet(
        source_id=[5, 6], ra=[1.0, 2.0], dec=[3.0, 4.0], pmra=[1.5, None], pmdec=[2.5, None], ref_epoch=[2016.0, 2016.0]
    )
    take(path, survey="gaia_dr3")
    info = store.info("stars")
    assert (info.survey, bool(info.licence), bool(info.citation)) == ("gaia_dr3", True, True)
    pmra = info.role("pmra")
    assert pmra is not None
    assert (pmra.unit, pmra.ucd) == ("mas.yr**-1", "pos.pm;pos.eq.ra")
    assert rows("SELECT id, ra, dec, epoch, pmra, pmdec FROM keys.stars ORDER BY id") == [
        (5, 1.0, 3.0, 2016.0, 1.5, 2.5),
        (6, 2.0, 4.0, 2016.0, None, None),
    ]


def test_null_values_of_a_survey(parquet: Parquet, take: Take, rows: Ask, rejected: Ask, tmp_path: Path) -> None:
    definition = tmp_path / "own.toml"
    definition.write_text(
        """
        title = "A survey of one's own"
        epoch = 2005.5
        columns = [
          { name = "objid", type = "bigint", role = "id", null = [0] },
          { name = "lon", role = "ra", unit = "deg", null = [-9999] },
          { name = "lat", role = "dec", unit = "deg" },
          { name = "mag", unit = "mag", null = [-9999, -99.99] },
          { name = "flag", null = [-1] },
        ]
        """
    )
    path = parquet(
        objid=[1, 2, 0, 4],
        lon=[10.0, 20.0, 30.0, -9999.0],
        lat=[1.0, 2.0, 3.0, 4.0],
        mag=pa.array([-99.99, 17.5, -9999.0, 18.0], pa.float32()),
        flag=pa.array([3, -1, 0, 0], pa.int16()),
    )
    report = take(path, survey=str(definition))
    assert rows("SELECT objid, lon, lat, mag, flag FROM stars ORDER BY objid") == [
        (1, 10.0, 1.0, None, 3),
        (2, 20.0, 2.0, 17.5, None),
    ]
    assert rejected("reason, objid, lon") == [("missing id", None, 30.0), ("missing position", 4, None)]
    assert (report.info.epoch, report.info.description) == (2005.5, "A survey of one's own")


def test_nan_becomes_null_and_infinity_stays(parquet: Parquet, take: Take, rows: Ask) -> None:
    take(parquet(id=[1, 2, 3], ra=[1.0, 2.0, 3.0], dec=[0.0, 0.0, 0.0], x=[float("nan"), float("inf"), 1.5]))
    assert rows("SELECT x FROM stars ORDER BY id") == [(None,), (float("inf"),), (1.5,)]


@pytest.mark.parametrize(
    ("ids", "type_", "kept"),
    [
        (pa.array([1, 2], pa.uint8()), "BIGINT", [1, 2]),
        (pa.array([1, 2**63 - 1], pa.uint64()), "BIGINT", [1, 2**63 - 1]),
        (pa.array([1, 2**64 - 1], pa.uint64()), "VARCHAR", ["1", "18446744073709551615"]),
        (pa.array([Decimal(1), Decimal(10**19)], pa.decimal128(20, 0)), "VARCHAR", ["1", "10000000000000000000"]),
        (pa.array([" a1 ", "b"]), "VARCHAR", ["a1", "b"]),
        (pa.array(["Ångström 1", "αβγ"]), "VARCHAR", ["Ångström 1", "αβγ"]),
    ],
)
def test_ids_lose_no_digit(
    parquet: Parquet, take: Take, rows: Ask, ids: pa.Array, type_: str, kept: list[object]
) -> None:
    take(parquet(id=ids, ra=[1.0, 2.0], dec=[3.0, 4.0]))
    assert rows("SELECT DISTINCT typeof(id) FROM stars") == [(type_,)]
    assert rows("SELECT id FROM stars ORDER BY ra") == [(value,) for value in kept]


@pytest.mark.parametrize(
    ("values", "astropy_values"),
    [
        (pa.array([Decimal(10**37), None, Decimal(-7)], pa.decimal128(38, 0)), [1e37, None, -7.0]),
        (pa.array([Decimal(10**36), None, Decimal("0.5")], pa.decimal128(38, 1)), [1e36, None, 0.5]),
        (pa.array([2**64 - 1, None, 7], pa.uint64()), ["18446744073709551615", None, "7"]),
    ],
    ids=["decimal", "fraction", "unsigned"],
)
def test_numbers_beyond_64_bits_are_read_back(
    parquet: Parquet, take: Take, store: Store, tmp_path: Path, values: pa.Array, astropy_values: list[object]
) -> None:
    report = take(parquet(id=[1, 2, 3], ra=[1.0, 2.0, 3.0], dec=[0.0] * 3, x=values), epoch=2000.0)
    wide = [f"column x is {report.info.columns[3].type}: FITS and VOTable files get doubles of it, of 16 digits"]
    assert list(report.notes) == (wide if pa.types.is_decimal(values.type) else [])
    with Sky(store.path) as sky:
        result = sky.sql("SELECT x FROM stars ORDER BY id")
        assert result.rows() == [(value,) for value in values.to_pylist()]
        for suffix in ("csv", "parquet", "arrow", "json", "vot", "fits"):
            assert result.write(tmp_path / f"x.{suffix}") == 3
    assert pa.parquet.read_table(tmp_path / "x.parquet")["x"].to_pylist() == values.to_pylist()
    text = [None if value is None else str(value) for value in values.to_pylist()]
    assert (tmp_path / "x.csv").read_text().splitlines() == ["x", *(value or '""' for value in text)]
    for suffix in ("vot", "fits"):
        column = Table.read(tmp_path / f"x.{suffix}")["x"]
        # A text that is NULL is an empty one in VOTable and a masked one in FITS.
        found = [None if masked else value for value, masked in zip(column.tolist(), column.mask, strict=True)]
        assert [value or None for value in found] == astropy_values


def test_ids_of_other_surveys_have_their_type(parquet: Parquet, take: Take, rows: Ask) -> None:
    take(parquet(objID=[1, 2], specObjID=[0, 299489], ra=[1.0, 2.0], dec=[0.0, 0.0]), survey="sdss_dr18_phot")
    assert rows("SELECT objID, specObjID FROM stars ORDER BY objID") == [(1, "0"), (2, "299489")]


def test_blank_ids_are_missing(parquet: Parquet, take: Take, rows: Ask, rejected: Ask) -> None:
    take(parquet(id=["a", "", "  ", None], ra=[1.0, 2.0, 3.0, 4.0], dec=[0.0] * 4))
    assert rows("SELECT id FROM stars") == [("a",)]
    assert rejected("reason, ra") == [("missing id", 2.0), ("missing id", 3.0), ("missing id", 4.0)]


def test_text_that_should_be_a_number_is_an_unreadable_id(
    parquet: Parquet, take: Take, rows: Ask, rejected: Ask
) -> None:
    ids = ["12", "twelve", None, str(2**63)]
    take(parquet(source_id=ids, ra=[1.0, 2.0, 3.0, 4.0], dec=[0.0] * 4), survey="gaia_dr3")
    assert rows("SELECT source_id, typeof(source_id) FROM stars") == [(12, "BIGINT")]
    assert rejected("reason, source_id, ra") == [
        ("missing id", None, 3.0),
        ("unreadable value: source_id", "9223372036854775808", 4.0),
        ("unreadable value: source_id", "twelve", 2.0),
    ]


def test_float_ids_are_refused(parquet: Parquet, take: Take) -> None:
    with pytest.raises(BadTable, match=r"'id'.*@row"):
        take(parquet(id=[1.0, 2.0], ra=[1.0, 2.0], dec=[3.0, 4.0]))


def test_rows_can_be_numbered(parquet: Parquet, take: Take, rows: Ask, rejected: Ask) -> None:
    report = take(parquet(ra=[300.0, None, 1.0], dec=[3.0, 4.0, 5.0]), id="@row")
    assert rows("SELECT row_id, ra, dec FROM stars ORDER BY row_id") == [(1, 300.0, 3.0), (3, 1.0, 5.0)]
    assert rejected("reason, row_id, dec") == [("missing position", 2, 4.0)]
    column = report.info.role("id")
    assert column is not None
    assert (column.name, column.type) == ("row_id", "BIGINT")


def test_numbers_follow_the_file(parquet: Parquet, take: Take, rows: Ask) -> None:
    """More rows than one thread reads at once."""
    count = 300_000
    ra = np.random.default_rng(3).uniform(0, 360, count)
    take(parquet(ra=ra, dec=np.zeros(count), place=np.arange(1, count + 1)), id="@row")
    assert rows("SELECT count(*) FROM stars WHERE row_id <> place") == [(0,)]


def test_other_frames_are_converted(parquet: Parquet, take: Take, rows: Ask, store: Store) -> None:
    lon, lat = np.array([10.0, 121.17, 303.6]), np.array([-20.5, -21.57, 89.0])
    report = take(parquet(name=["a", "b", "c"], l=lon, b=lat), frame="galactic", ra="l", dec="b")
    found = rows("SELECT name, l, b, ra, dec, healpix_29 FROM stars ORDER BY name")
    expected = SkyCoord(lon, lat, unit="deg", frame="galactic").icrs
    for row, ra, dec, one_lon, one_lat in zip(found, expected.ra.deg, expected.dec.deg, lon, lat, strict=True):
        assert row[1:3] == (one_lon, one_lat)
        assert row[3:5] == pytest.approx((ra, dec), abs=1e-11)
        assert row[5] == healpy.ang2pix(1 << 29, row[3], row[4], nest=True, lonlat=True)
    ra_column = report.info.role("ra")
    assert ra_column is not None
    assert (ra_column.name, ra_column.unit, ra_column.ucd) == ("ra", "deg", "pos.eq.ra;meta.main")
    assert "GALACTIC" in ra_column.description
    assert rows("SELECT ra FROM keys.stars WHERE id = 'a'") == [(found[0][3],)]


def test_proper_motions_lose_their_role_on_other_axes(parquet: Parquet, take: Take, rows: Ask) -> None:
    path = parquet(id=[1], ra=[10.0], dec=[20.0], pmra=[5.0], pmdec=[6.0])
    report = take(path, frame="FK4 B1900")
    assert report.info.role("pmra") is None
    assert any("pmra, pmdec are along FK4 B1900 axes" in note for note in report.notes)
    assert rows("SELECT pmra FROM stars") == [(5.0,)]


def test_the_declared_frame_of_a_file_counts(tmp_path: Path, take: Take, rows: Ask) -> None:
    table = Table({"name": ["m31"], "ra": [10.0] * units.deg, "dec": [40.0] * units.deg})
    table.meta["RADESYS"], table.meta["EQUINOX"] = "FK4", 1950.0
    path = tmp_path / "old.fits"
    table.write(path)
    take(path)
    expected = SkyCoord(10.0, 40.0, unit="deg", frame="fk4").icrs
    ((ra, dec, ra_icrs, dec_icrs),) = rows("SELECT ra, dec, ra_icrs, dec_icrs FROM stars")
    assert (ra, dec) == (10.0, 40.0)
    assert (ra_icrs, dec_icrs) == pytest.approx((expected.ra.deg, expected.dec.deg), abs=1e-9)


def test_float32_positions_come_with_a_word(parquet: Parquet, take: Take, rows: Ask) -> None:
    ra = pa.array([123.456], pa.float32())
    report = take(parquet(id=[1], ra=ra, dec=pa.array([45.0], pa.float32())))
    assert any("32-bit" in note for note in report.notes)
    expected = healpy.ang2pix(1 << 29, float(ra[0].as_py()), 45.0, nest=True, lonlat=True)
    assert rows("SELECT typeof(ra), healpix_29 FROM stars") == [("FLOAT", expected)]


def test_whole_number_positions_become_double(parquet: Parquet, take: Take, rows: Ask) -> None:
    take(parquet(id=[1], ra=[10], dec=[-5]))
    assert rows("SELECT typeof(ra), ra, dec FROM stars") == [("DOUBLE", 10.0, -5.0)]


def test_tables_without_positions_are_sorted_by_id(parquet: Parquet, take: Take, rows: Ask, rejected: Ask) -> None:
    report = take(parquet(id=[3, 1, None, 1], name=["c", "b", "x", "a"]), positions=False)
    assert rows("FROM stars") == [(1, "a"), (3, "c")]
    assert rejected("reason, id, name") == [("duplicate id", 1, "b"), ("missing id", None, "x")]
    assert [column.name for column in report.info.columns] == ["id", "name"]


@pytest.mark.parametrize(
    ("epoch", "columns", "expected"),
    [
        (None, {}, None),
        (2015.5, {}, 2015.5),
        (2015.5, {"ref_epoch": [1999.0]}, 2015.5),
        (None, {"ref_epoch": [1999.0]}, 1999.0),
        ("when", {"when": [2001.25]}, 2001.25),
        ("mjd", {"mjd": [51544.5]}, 2000.0),
    ],
)
def test_where_the_epoch_comes_from(
    parquet: Parquet, take: Take, rows: Ask, epoch: float | str | None, columns: Any, expected: float | None
) -> None:
    report = take(parquet(id=[1], ra=[1.0], dec=[2.0], **columns), epoch=epoch)
    assert any("epoch of the positions is not known" in note for note in report.notes) == (expected is None)
    if expected is not None:
        assert rows("SELECT epoch FROM keys.stars") == [(expected,)]


def test_an_impossible_epoch() -> None:
    from skyband.ingest.pipeline import IngestOptions

    with pytest.raises(BadOption, match="20160"):
        IngestOptions(table="stars", epoch=20160.0)


def test_key_columns_of_a_file_are_replaced(parquet: Parquet, take: Take, rows: Ask) -> None:
    report = take(parquet(id=[1], ra=[45.0], dec=[0.0], healpix_29=[7], _healpix_29=[8]))
    assert [column.name for column in report.info.columns] == ["id", "ra", "dec", "healpix_29"]
    assert rows("SELECT healpix_29 = healpix(29, 45.0, 0.0) FROM stars") == [(True,)]
    assert len([note for note in report.notes if "replaced" in note]) == 2


@pytest.mark.parametrize(
    ("id_name", "ids", "late", "id_type", "m_type"),
    [
        ("objid", ["7", "8"], ["0.5", "x"], "BIGINT", "DOUBLE"),
        ("objid", ["J1234+5", "8"], ["1", "x"], "VARCHAR", "BIGINT"),
        ("number", ["7.5", "8"], ["0.5", "x"], "VARCHAR", "DOUBLE"),
    ],
)
def test_what_a_sample_does_not_show_loses_no_row(
    id_name: str, ids: list[str], late: list[str], id_type: str, m_type: str,
    tmp_path: Path, store: Store, rows: Ask, rejected: Ask,
) -> None:  # fmt: skip
    filler = "x" * 60
    path = tmp_path / "late.csv"
    lines = [f"{n + 100},{n / 500},3,{n % 5},{filler}" for n in range(60_000)]
    lines += [f"{id},1,2,{value},y" for id, value in zip(ids, late, strict=True)]
    path.write_text("\n".join([f"{id_name},l,b,m,filler", *lines]))
    told: list[int] = []
    options = IngestOptions(table="stars", id=id_name)
    report = ingest(store, [path], options, progress=lambda done, total: told.append(done))
    assert [column.type for column in report.info.columns if column.name in (id_name, "m")] == [id_type, m_type]
    assert (report.rows_read, report.rows_kept, report.rejected) == (60_002, 60_001, {"unreadable value: m": 1})
    assert rows(f"SELECT {id_name}::VARCHAR, m FROM stars WHERE filler = 'y'") == [(ids[0], float(late[0]))]
    assert rejected("line, text") == [(60_003, "8,1,2,x,y")]
    assert told[-1] >= report.rows_kept
