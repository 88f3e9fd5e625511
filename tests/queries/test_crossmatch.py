"""The band join and the cross-match against brute force."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skyband.queries import Sky
from skyband.queries.crossmatch import Find, Join, MatchOptions, crossmatch
from skyband.queries.crossmatch.candidates import batch_count
from skyband.schema.columns import Column
from skyband.schema.settings import Settings
from tests.queries.brute_force import expected_pairs, random_sky, separations_arcsec


@pytest.mark.parametrize("find", list(Find))
@pytest.mark.parametrize("seed", [1, 2])
def test_every_find_keeps_the_pairs_plain_loops_keep(store: Any, make_table: Any, find: Find, seed: int) -> None:
    rng = np.random.default_rng(seed)
    left, right = random_sky(rng, 150, 0.02), random_sky(rng, 120, 0.02)
    for name, positions in (("gaia", left), ("wise", right)):
        make_table(name, id=list(range(len(positions))), ra=[p[0] for p in positions], dec=[p[1] for p in positions])
    report = crossmatch(store, MatchOptions(left="gaia", right="wise", radius_arcsec=15.0, into="m", find=find))
    with Sky(store.path) as sky:
        rows = sky.sql("SELECT gaia_id, wise_id, sep_arcsec FROM m").rows()
    assert {row[:2] for row in rows} == expected_pairs(left, right, 15.0, find)
    counts = report.counts
    assert (counts.pairs, counts.left_matched, counts.right_matched) == (
        len(rows),
        len({row[0] for row in rows}),
        len({row[1] for row in rows}),
    )
    truth = separations_arcsec(left, right)
    assert [row[2] for row in rows] == pytest.approx([float(truth[i, j]) for i, j, _ in rows], abs=1e-9)


SMALL_LEFT = {"id": [1, 2, 3, 4], "ra": [10.0, 10.0002, 50.0, 359.9999], "dec": [0.0, 0.0, 20.0, 0.0]}
SMALL_RIGHT = {"id": [7, 8, 9], "ra": [10.0001, 0.00005, 120.0], "dec": [0.0, 0.0, -30.0]}


@pytest.fixture
def small(store: Any, make_table: Any) -> Any:
    """Gaia 1 and 2 lie 0.36 arcsec beside wise 7; gaia 4 and wise 8 are 0.54 arcsec apart across RA 0."""
    make_table("gaia", **SMALL_LEFT, phot=[1.5, 2.5, 3.5, 4.5])
    make_table("wise", **SMALL_RIGHT, w1mpro=[10.5, 20.5, 30.5], phot=[0.0, 1.0, None])
    return store


PAIR = {
    (1, 7): (0.36, 1, 1, 1, 1, True),
    (2, 7): (0.36, 1, 2, 1, 1, False),
    (4, 8): (0.54, 1, 1, 1, 0, True),
}
ALONE_LEFT = {(3, None): (None,) * 6}
ALONE_RIGHT = {(None, 9): (None,) * 6}


@pytest.mark.parametrize(
    ("join", "stilts", "expected"),
    [
        (Join.INNER, "1and2", PAIR),
        (Join.LEFT, "all1", PAIR | ALONE_LEFT),
        (Join.RIGHT, "all2", PAIR | ALONE_RIGHT),
        (Join.FULL, "1or2", PAIR | ALONE_LEFT | ALONE_RIGHT),
        (Join.LEFT_ONLY, "1not2", ALONE_LEFT),
        (Join.RIGHT_ONLY, "2not1", ALONE_RIGHT),
        (Join.XOR, "1xor2", ALONE_LEFT | ALONE_RIGHT),
    ],
)
def test_the_seven_joins_list_whole_rows(small: Any, join: Join, stilts: str, expected: dict[Any, Any]) -> None:
    from skyband.queries.crossmatch import join_of

    assert join_of(stilts) is join
    crossmatch(small, MatchOptions(left="gaia", right="wise", radius_arcsec=1.0, into="m", find=Find.ALL, join=join))
    with Sky(small.path) as sky:
        rows = sky.sql("SELECT * EXCLUDE (ra, dec, healpix_29) FROM m").rows()
        assert sky.sql("SELECT bool_and(healpix_29 = healpix(29, ra, dec)) FROM m").rows() == [(True,)]
        assert (
            sky.sql("SELECT healpix_29 FROM m").to_arrow() == sky.sql("SELECT healpix_29 FROM m ORDER BY 1").to_arrow()
        )
    found = {row[:2]: (None if row[2] is None else round(row[2], 6), *row[3:]) for row in rows}
    assert found == expected


def test_wide_lists_all_columns_and_names_the_clashing_ones_by_their_table(small: Any) -> None:
    crossmatch(small, MatchOptions(left="gaia", right="wise", radius_arcsec=1.0, into="m", join=Join.FULL, wide=True))
    with Sky(small.path) as sky:
        result = sky.sql("SELECT * EXCLUDE (healpix_29) FROM m ORDER BY gaia_id, wise_id")
        assert [column.name for column in result.columns] == [
            *("gaia_id", "wise_id", "sep_arcsec", "left_rank", "right_rank", "n_neighbours", "n_mates"),
            *("is_mutual_best", "ra", "dec", "gaia_ra", "gaia_dec", "gaia_phot", "wise_ra", "wise_dec", "w1mpro"),
            "wise_phot",
        ]
        rows = [row[:2] + row[8:] for row in result.rows()]
    assert rows == [
        (1, 7, 10.0, 0.0, 10.0, 0.0, 1.5, 10.0001, 0.0, 10.5, 0.0),
        (2, None, 10.0002, 0.0, 10.0002, 0.0, 2.5, None, None, None, None),
        (3, None, 50.0, 20.0, 50.0, 20.0, 3.5, None, None, None, None),
        (4, 8, 359.9999, 0.0, 359.9999, 0.0, 4.5, 0.00005, 0.0, 20.5, 1.0),
        (None, 9, 120.0, -30.0, None, None, None, 120.0, -30.0, 30.5, None),
    ]


def test_counts_say_what_matched_on_both_sides(small: Any) -> None:
    options = MatchOptions(left="gaia", right="wise", radius_arcsec=1.0, into="m", find=Find.ALL)
    counts = crossmatch(small, options).counts
    assert (counts.pairs, counts.left_matched, counts.left_unmatched) == (3, 3, 1)
    assert (counts.right_matched, counts.right_unmatched) == (2, 1)


def test_text_ids_and_ties_are_decided_by_id(store: Any, make_table: Any) -> None:
    make_table("a", id=["x"], ra=[10.0], dec=[0.0])
    make_table("b", id=["p2", "p10", "p1"], ra=[10.0, 10.0, 10.0], dec=[0.0001, 0.0001, 0.0001])
    crossmatch(store, MatchOptions(left="a", right="b", radius_arcsec=1.0, into="m", find=Find.ALL))
    with Sky(store.path) as sky:
        rows = sky.sql("SELECT a_id, b_id, left_rank, right_rank, n_neighbours FROM m ORDER BY left_rank").rows()
    assert rows == [("x", "p1", 1, 1, 3), ("x", "p10", 2, 1, 3), ("x", "p2", 3, 1, 3)]


@pytest.mark.parametrize(("left", "right"), [(SMALL_LEFT, None), (None, SMALL_RIGHT), (None, None)])
def test_an_empty_side_gives_no_pairs_and_whole_outer_joins(
    store: Any, make_table: Any, left: dict[str, Any] | None, right: dict[str, Any] | None
) -> None:
    empty: dict[str, Any] = {"id": [], "ra": [], "dec": []}
    make_table("gaia", **(left or empty))
    make_table("wise", **(right or empty))
    for find in Find:
        options = MatchOptions(
            left="gaia", right="wise", radius_arcsec=5.0, into="m", find=find, join=Join.FULL, replace=True
        )
        report = crossmatch(store, options)
        assert report.counts.pairs == 0
        assert report.info.rows == len((left or empty)["id"]) + len((right or empty)["id"])


@pytest.mark.parametrize("radius_arcsec", [0.5, 30.0, 3600.0, 18000.0])
@pytest.mark.parametrize("batches", [2, 7, 40])
def test_batches_do_not_change_a_single_row(store: Any, make_table: Any, batches: int, radius_arcsec: float) -> None:
    rng = np.random.default_rng(5)
    spread = radius_arcsec / 3600 * 4
    left, right = random_sky(rng, 300, spread), random_sky(rng, 300, spread)
    whole_sky = np.degrees(np.arcsin(rng.uniform(-1, 1, 300)))
    for name, positions in (("gaia", left), ("wise", right)):
        positions += [(float(ra), float(dec)) for ra, dec in zip(rng.uniform(0, 360, 300), whole_sky, strict=True)]
        make_table(name, id=list(range(len(positions))), ra=[p[0] for p in positions], dec=[p[1] for p in positions])
    options: dict[str, Any] = {"left": "gaia", "right": "wise", "radius_arcsec": radius_arcsec, "find": Find.ALL}
    crossmatch(store, MatchOptions(into="whole", **options), batches=1)
    crossmatch(store, MatchOptions(into="cut", **options), batches=batches)
    with Sky(store.path) as sky:
        whole, cut = sky.sql("FROM whole").to_arrow(), sky.sql("FROM cut").to_arrow()
    assert len(whole) > 300
    assert whole == cut


@pytest.mark.parametrize("batches", [1, 3])
def test_rows_without_a_position_have_no_partner(store: Any, make_table: Any, batches: int) -> None:
    dec = [*np.linspace(-80, 80, 20), None, None]
    for name in ("gaia", "wise"):
        make_table(name, id=list(range(22)), ra=pa.array([0.0] * 21 + [None]), dec=pa.array(dec, pa.float64()))
    options = MatchOptions(left="gaia", right="wise", radius_arcsec=1.0, into="m", find=Find.ALL)
    assert crossmatch(store, options, batches=batches).counts.pairs == 20
    with Sky(store.path) as sky:
        assert sorted(sky.sql("SELECT gaia_id, wise_id FROM m").rows()) == [(row, row) for row in range(20)]


@pytest.mark.parametrize(
    ("rows", "memory_gb", "expected"),
    [(1_000, 4, 1), (1_000, 0.1, 1), (9_000_000, 4, 2), (30_000_000, 64, 4), (30_000_000, 1, 6), (1_000_000, 0.1, 2)],
)
def test_less_memory_and_more_rows_give_more_zones(rows: int, memory_gb: float, expected: int) -> None:
    assert batch_count(rows // 2, rows - rows // 2, Settings(memory_gb=memory_gb)) == expected


@pytest.mark.parametrize("batches", [1, 2, 40])
def test_rows_that_move_out_of_their_zone_find_their_partners(store: Any, make_table: Any, batches: int) -> None:
    rng = np.random.default_rng(6)
    ra, dec = rng.uniform(0, 360, 200), np.sort(rng.uniform(-1, 1, 200))
    pmdec = rng.choice([-1e5, 1e5], 200)  # mas/yr: 1600 arcsec until the other epoch, zones apart
    motions = [Column(name, "DOUBLE", unit="mas/yr", role=name) for name in ("pmra", "pmdec")]
    make_table(
        "gaia", id=list(range(200)), ra=ra, dec=dec, pmra=np.zeros(200), pmdec=pmdec, epoch=2016.0, metadata=motions
    )
    make_table("wise", id=list(range(200)), ra=ra, dec=dec + pmdec * -16 / 3.6e6, epoch=2000.0)
    options = MatchOptions(left="gaia", right="wise", radius_arcsec=0.1, into="m", find=Find.ALL)
    crossmatch(store, options, batches=batches)
    with Sky(store.path) as sky:
        assert sorted(sky.sql("SELECT gaia_id, wise_id FROM m").rows()) == [(row, row) for row in range(200)]


def test_a_self_match_lists_each_pair_once_and_links_groups(store: Any, make_table: Any) -> None:
    # A chain of three, a pair exactly on top of each other, and one alone.
    make_table(
        "gaia",
        id=[30, 10, 20, 5, 6, 99],
        ra=[10.0, 10.0002, 10.0004, 200.0, 200.0, 300.0],
        dec=[0.0, 0.0, 0.0, 89.0, 89.0, 0.0],
    )
    report = crossmatch(store, MatchOptions(left="gaia", right="gaia", radius_arcsec=1.0, into="twins", find=Find.ALL))
    with Sky(store.path) as sky:
        rows = sky.sql(
            "SELECT gaia_id, gaia_id_2, round(sep_arcsec, 6), n_neighbours, group_id, group_size FROM twins "
            "ORDER BY ALL"
        ).rows()
    assert rows == [(5, 6, 0.0, 1, 5, 2), (10, 20, 0.72, 2, 10, 3), (10, 30, 0.72, 2, 10, 3)]
    assert (report.counts.pairs, report.counts.left_matched, report.counts.left_unmatched) == (3, 5, 1)


@pytest.mark.parametrize("wide", [False, True])
def test_a_self_match_of_a_table_named_group_tells_its_ids_from_its_groups(
    store: Any, make_table: Any, wide: bool
) -> None:
    make_table("group", id=[30, 10], ra=[10.0, 10.0002], dec=[0.0, 0.0])
    options = MatchOptions(left="group", right="group", radius_arcsec=1.0, into="twins", find=Find.ALL, wide=wide)
    info = crossmatch(store, options).info
    with Sky(store.path) as sky:
        assert sky.sql("SELECT group_id, group_id_2, group_id_1, group_size FROM twins").rows() == [(10, 30, 10, 2)]
    said = {column.name: column.description for column in info.columns}
    assert (said["group_id"], said["group_id_1"]) == ("", "Least id of the linked group")


def test_groups_follow_long_chains(store: Any, make_table: Any) -> None:
    rng = np.random.default_rng(0)
    order = rng.permutation(500)
    make_table("gaia", id=order.tolist(), ra=(np.arange(500) * 0.0002).tolist(), dec=[0.0] * 500)
    crossmatch(store, MatchOptions(left="gaia", right="gaia", radius_arcsec=1.0, into="twins", find=Find.ALL))
    with Sky(store.path) as sky:
        assert sky.sql("SELECT DISTINCT group_id, group_size FROM twins").rows() == [(0, 500)]


def test_the_chance_rate_is_that_of_a_random_sky(store: Any, make_table: Any) -> None:
    rng = np.random.default_rng(8)
    rows, radius_arcsec = 20_000, 60.0
    # Half the rows are true pairs at 1 arcsec: the shift must leave them behind.
    for name in ("gaia", "wise"):
        make_table(
            name,
            id=list(range(rows)),
            ra=np.r_[np.arange(rows // 2) * 0.01, rng.uniform(0, 100, rows // 2)],
            dec=np.r_[np.full(rows // 2, 45.0), np.degrees(np.arcsin(rng.uniform(0, 0.5, rows // 2)))],
        )
    report = crossmatch(store, MatchOptions(left="gaia", right="wise", radius_arcsec=radius_arcsec, into="m"))
    chance = report.counts.chance
    truth = separations_chance(store, radius_arcsec, chance.shift_arcsec, chance.shifts)
    assert chance.sample_rows == rows
    assert chance.rate == pytest.approx(truth, abs=4 * chance.rate_error)


def separations_chance(store: Any, radius_arcsec: float, shift_arcsec: float, skies: int) -> float:
    """The rate with a k-d tree and astropy's offsets."""
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    with Sky(store.path) as sky:
        left, right = (
            SkyCoord(
                *(sky.sql(f"SELECT {c} FROM keys.{name}").to_arrow()[c].to_numpy() for c in ("ra", "dec")), unit="deg"
            )
            for name in ("gaia", "wise")
        )
    found = 0
    for sky_number in range(skies):
        shifted = left.directional_offset_by(sky_number * 360 / skies * u.deg, shift_arcsec * u.arcsec)
        found += int((shifted.match_to_catalog_sky(right)[1].arcsec <= radius_arcsec).sum())
    return found / (skies * len(left))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"radius_arcsec": 0.0}, "radius 0.0 arcsec"),
        ({"radius_arcsec": -1.0}, "radius -1.0 arcsec"),
        ({"radius_arcsec": math.nan}, "radius nan arcsec"),
        ({"radius_arcsec": 648001.0}, "180 degrees"),
        ({"into": "Robert'); DROP TABLE"}, "cannot name a table"),
        ({"into": "gaia"}, "one of the matched tables"),
        ({"right": "gaia"}, "self-match"),
        ({"right": "nothing"}, "no table 'nothing'"),
    ],
)
def test_impossible_options_are_refused_with_the_reason(small: Any, changes: dict[str, Any], message: str) -> None:
    from skyband.schema.errors import InputError

    chosen: dict[str, Any] = {"left": "gaia", "right": "wise", "radius_arcsec": 1.0, "into": "m"} | changes
    with pytest.raises(InputError, match=message):
        crossmatch(small, MatchOptions(**chosen))
    assert not small.has("m")


def test_a_table_that_is_there_needs_replace_and_keeps_its_history(small: Any) -> None:
    from skyband.schema.errors import TableExists

    options: dict[str, Any] = {"left": "gaia", "right": "wise", "into": "m"}
    crossmatch(small, MatchOptions(radius_arcsec=1.0, **options))
    with pytest.raises(TableExists, match="--replace"):
        crossmatch(small, MatchOptions(radius_arcsec=2.0, **options))
    crossmatch(small, MatchOptions(radius_arcsec=2.0, replace=True, **options))
    assert [version.version for version in small.info("m").versions] == [1, 2]


@pytest.mark.real
def test_xmatch_macro_and_command_agree_with_astropy_on_ngc_188(real_data: Path, store: Any, make_table: Any) -> None:
    import pyarrow.parquet as pq
    from astropy import units as u
    from astropy.coordinates import SkyCoord, search_around_sky

    gaia = pq.read_table(real_data / "xmatch_ngc188/gaia_dr2.parquet")
    twomass = pq.read_table(real_data / "xmatch_ngc188/twomass_psc.parquet")
    make_table("gaia", id=gaia["source_id"].to_pylist(), ra=gaia["ra"], dec=gaia["dec"])
    make_table("twomass", id=twomass["_2MASS"].to_pylist(), ra=twomass["RAJ2000"], dec=twomass["DEJ2000"])
    left = SkyCoord(gaia["ra"].to_numpy(), gaia["dec"].to_numpy(), unit="deg")
    right = SkyCoord(twomass["RAJ2000"].to_numpy(), twomass["DEJ2000"].to_numpy(), unit="deg")
    i, j, sep, _ = search_around_sky(left, right, 1 * u.arcsec)
    expected = {
        (gaia["source_id"][int(a)].as_py(), twomass["_2MASS"][int(b)].as_py()): d
        for a, b, d in zip(i, j, sep.arcsec, strict=True)
    }
    crossmatch(store, MatchOptions(left="gaia", right="twomass", radius_arcsec=1.0, into="m", find=Find.ALL))
    with Sky(store.path) as sky:
        for query in ("FROM xmatch('gaia', 'twomass', 1.0)", "SELECT gaia_id, twomass_id, sep_arcsec FROM m"):
            found = {(a, b): d for a, b, d in sky.sql(query).rows()}
            assert found.keys() == expected.keys()
            assert found == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("join", [Join.FULL, Join.RIGHT_ONLY])
@pytest.mark.parametrize("sides", [("narrow", "wise"), ("gaia", "narrow"), ("narrow", "narrow2")])
def test_positions_of_any_type_match(small: Any, make_table: Any, join: Join, sides: tuple[str, str]) -> None:
    ra, dec = pa.array([10.0, 0.0, 120.0], pa.float32()), pa.array([0, 0, -30], pa.int16())
    for name in ("narrow", "narrow2"):
        make_table(name, id=[7, 8, 9], ra=ra, dec=dec)
    crossmatch(
        small, MatchOptions(left=sides[0], right=sides[1], radius_arcsec=1.0, into="m", find=Find.ALL, join=join)
    )
    with Sky(small.path) as sky:
        types = sky.sql("SELECT DISTINCT typeof(ra), typeof(dec) FROM m").rows()
    assert types in ([("DOUBLE", "DOUBLE")], [])


@pytest.mark.parametrize("name", ["place", "left_row", "right_row", "chord2", "row", "left_id", "p", "s", "left_rank"])
def test_wide_keeps_columns_of_any_name_and_the_order(store: Any, make_table: Any, name: str) -> None:
    # In the order of the sky these rows are 3, 2, 1.
    own = {"id": [1, 2, 3], "ra": [10.0, 11.0, 12.0], "dec": [0.0, 0.0, 0.0], name: [1, 2, 3]}
    make_table("a", **own)
    make_table("b", **own)
    for right, find in (("b", Find.BEST), ("a", Find.ALL)):
        radius_arcsec = 1.0 if right == "b" else 2 * 3600.0
        crossmatch(
            store,
            MatchOptions(
                left="a", right=right, radius_arcsec=radius_arcsec, into="m", find=find, wide=True, replace=True
            ),
        )
        with Sky(store.path) as sky:
            rows = sky.sql("FROM m").to_arrow()
            first, second = (rows.column_names[place] for place in (0, 1))
            assert rows["healpix_29"].to_pylist() == sorted(rows["healpix_29"].to_pylist())
            columns = [column for column in rows.column_names if column.endswith(f"_{name}")]
            assert rows[columns[0]].to_pylist() == rows[first].to_pylist()
            assert rows[columns[1]].to_pylist() == rows[second].to_pylist()


def test_wide_numbers_names_that_still_clash(store: Any, make_table: Any) -> None:
    make_table("a", id=[1], ra=[1.0], dec=[1.0], mag=[1.5], b_mag=[2.5])
    make_table("b", id=[1], ra=[1.0], dec=[1.0], mag=[3.5])
    crossmatch(store, MatchOptions(left="a", right="b", radius_arcsec=1.0, into="m", wide=True))
    with Sky(store.path) as sky:
        assert sky.sql("SELECT a_mag, b_mag, b_mag_1 FROM m").rows() == [(1.5, 2.5, 3.5)]
        assert {"a_mag", "b_mag", "b_mag_1"} <= {column.name for column in sky.table("m").columns}


def test_a_column_that_hides_the_row_number_is_refused(make_table: Any) -> None:
    from skyband.schema.errors import BadName

    with pytest.raises(BadName, match="RowID"):
        make_table("a", id=[1], ra=[1.0], dec=[1.0], RowID=[3])


def test_a_table_with_gaps_is_refused(small: Any) -> None:
    from skyband.schema.errors import BadTable
    from skyband.schema.writer import write_table

    with write_table(small, "gaia") as writer:
        writer.connection.execute("CREATE TABLE new.main.data AS FROM t_gaia.main.data")
        writer.connection.execute("DELETE FROM new.main.data WHERE id = 2")
        columns = {column.name: column for column in writer.session.tables["gaia"].columns}
        writer.publish(action="test", command="", columns=columns)
    with pytest.raises(BadTable, match="gaps"):
        crossmatch(small, MatchOptions(left="gaia", right="wise", radius_arcsec=1.0, into="m"))
