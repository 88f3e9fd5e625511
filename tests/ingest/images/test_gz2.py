"""Galaxy Zoo 2 in its published layout: votes, file names and images come together by asset id and by position."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from skyband.ingest.pipeline import IngestReport
from skyband.queries import Sky
from skyband.schema.store import Store
from tests.ingest.images.conftest import Add, Put
from tests.pictures import jpeg

Take = Callable[..., IngestReport]
Ask = Callable[..., list[tuple[Any, ...]]]

HEAD = ["dr7objid", "ra", "dec", "rastring", "decstring", "sample", "gz2_class", "total_classifications", "total_votes"]
ANSWERS = {
    "t01_smooth_or_features": "a01_smooth a02_features_or_disk a03_star_or_artifact",
    "t02_edgeon": "a04_yes a05_no",
    "t03_bar": "a06_bar a07_no_bar",
    "t04_spiral": "a08_spiral a09_no_spiral",
    "t05_bulge_prominence": "a10_no_bulge a11_just_noticeable a12_obvious a13_dominant",
    "t06_odd": "a14_yes a15_no",
    "t07_rounded": "a16_completely_round a17_in_between a18_cigar_shaped",
    "t08_odd_feature": "a19_ring a20_lens_or_arc a21_disturbed a22_irregular a23_other a24_merger a38_dust_lane",
    "t09_bulge_shape": "a25_rounded a26_boxy a27_no_bulge",
    "t10_arms_winding": "a28_tight a29_medium a30_loose",
    "t11_arms_number": "a31_1 a32_2 a33_3 a34_4 a36_more_than_4 a37_cant_tell",
}
SUFFIXES = ["count", "weight", "fraction", "weighted_fraction", "debiased", "flag"]
VOTES = [f"{task}_{answer}_{s}" for task, answers in ANSWERS.items() for answer in answers.split() for s in SUFFIXES]

GALAXIES = [
    # dr7objid (18 digits, which a float would round), ra, dec, sample, class, classifications, votes
    (587722981736120347, 179.0428924560547, -0.3516771495342255, "original", "Er", 44, 143),
    (587722981741363294, 191.0427, -0.33, "original", "Sc2m", 42, 211),
    (588017703996096547, 160.9904, 11.7038, "extra", "SBb?t(m)", 45, 195),
]
ASSETS = {587722981736120347: [10017], 587722981741363294: [103643, 295001], 588017703996096547: [106096]}


def line(values: Sequence[object]) -> str:
    return ",".join(map(str, values)) + "\n"


def row(galaxy: tuple[Any, ...], number: int) -> list[object]:
    """The row of a galaxy; its n-th value of all votes is its number and n, so that no two are the same."""
    objid, ra, dec, sample, kind, classifications, votes = galaxy
    cells: list[object] = []
    for place, name in enumerate(VOTES):
        whole = name.endswith(("_count", "_flag"))
        cells.append(number * 1000 + place if whole else (number * 1000 + place) / 1e4)
    return [objid, ra, dec, "11:56:10.29", "-00:21:06.0", sample, kind, classifications, votes, *cells]


@pytest.fixture
def tables(put: Put, take: Take) -> tuple[IngestReport, IngestReport]:
    """Both tables, from files in the published layout."""
    text = line(HEAD + VOTES) + "".join(line(row(galaxy, number)) for number, galaxy in enumerate(GALAXIES))
    hart = put("gz2_hart16.csv.gz", gzip.compress(text.encode()))
    mapping = line(["objid", "sample", "asset_id"]) + "".join(
        line([objid, "original", asset]) for objid, assets in ASSETS.items() for asset in assets
    )
    files = put("gz2_filename_mapping.csv", mapping.encode())
    return (
        take(hart, table="gz2", survey="gz2_hart16"),
        take(files, table="gz2_files", survey="gz2_filename_mapping"),
    )


def test_the_whole_vote_tree_comes_in(tables: tuple[IngestReport, IngestReport], rows: Ask) -> None:
    hart, files = tables
    assert len(HEAD + VOTES) == 231
    assert (hart.rows_kept, hart.rejected, files.rows_kept, files.rejected) == (3, {}, 4, {})
    assert [column.name for column in hart.info.columns] == [*HEAD, *VOTES, "healpix_29"]
    assert all(column.description and column.ucd for column in hart.info.columns)
    listed = ", ".join(HEAD[:3] + HEAD[5:] + VOTES)
    expected = [row(galaxy, number) for number, galaxy in enumerate(GALAXIES)]
    found = rows(f"SELECT {listed} FROM gz2 ORDER BY dr7objid")
    assert found == sorted(tuple(values[:3] + values[5:]) for values in expected)
    assert rows("SELECT asset_id, objid FROM gz2_files ORDER BY asset_id") == sorted(
        (asset, objid) for objid, assets in ASSETS.items() for asset in assets
    )


BY_ASSET_ID = """
    SELECT i.id, g.dr7objid, g.gz2_class, g.t01_smooth_or_features_a01_smooth_count
    FROM images i
    JOIN gz2_files f ON f.asset_id::VARCHAR = i.id
    JOIN gz2 g ON g.dr7objid = f.objid
    ORDER BY f.asset_id
"""


@pytest.mark.usefixtures("tables")
def test_images_join_votes_by_asset_id_and_by_position(
    add: Add, put: Put, rows: Ask, store: Store, tmp_path: Path
) -> None:
    for assets in ASSETS.values():
        for asset in assets:
            put(f"pics/{asset}.jpg", jpeg(asset))
    put("pics/999.jpg", jpeg(999))
    add(tmp_path / "pics", collection="images")
    expected = [
        ("10017", 587722981736120347, "Er", 0),
        ("103643", 587722981741363294, "Sc2m", 1000),
        ("106096", 588017703996096547, "SBb?t(m)", 2000),
        ("295001", 587722981741363294, "Sc2m", 1000),
    ]
    assert rows(BY_ASSET_ID) == expected
    # The positions of the votes become those of the images.
    with Sky(store.path) as sky:
        sky.sql(
            "SELECT asset_id AS id, 'pics/' || asset_id || '.jpg' AS path, ra, dec "
            "FROM gz2_files JOIN gz2 ON dr7objid = objid"
        ).write(tmp_path / "list.csv")
    report = add(tmp_path / "list.csv", collection="images")
    assert (report.updated, report.added, dict(report.rejected)) == (4, 0, {})
    by_position = rows("SELECT x.left_id, x.right_id FROM xmatch('images', 'gz2', 1.0) x ORDER BY x.left_id::BIGINT")
    assert by_position == [(id_, objid) for id_, objid, _, _ in expected]
    assert rows("SELECT id FROM images WHERE ra IS NULL") == [("999",)]
