"""Images find their votes by id, through a table, or by position: pairs that are known by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from skyband.ingest.pipeline import IngestOptions, ingest
from skyband.queries.likeness import Collection, LikenessOptions, Provenance
from skyband.queries.morphology import Joining, Votes, joined_votes
from skyband.queries.morphology.joining import IMAGE_ID
from skyband.queries.sky import Sky
from skyband.schema.errors import BadOption, TableNotFound
from skyband.schema.settings import Settings
from skyband.schema.store import Store

ORIGIN = Provenance("drawn", "", "", 1, "", 2)
OBJECT = 587722981736120000
"""Galaxy n is called this and n; the image of it 100 and n."""
IMAGES = 8


@pytest.fixture
def store(settings: Settings) -> Store:
    return Store.create(settings)


@pytest.fixture
def images(store: Store) -> Collection:
    """Eight images 0.1 degree apart; the last has no position."""
    angle = np.linspace(0, 1, IMAGES)
    rows = pa.table(
        {
            "id": [f"{100 + n}" for n in range(IMAGES)],
            "ra": [*(10 + 0.1 * n for n in range(IMAGES - 1)), None],
            "dec": [*[-0.5] * (IMAGES - 1), None],
            "embedding": list(np.column_stack([np.cos(angle), np.sin(angle)]).astype(np.float32)),
        }
    )
    collection = Collection.create(store, "sdss", ORIGIN)
    collection.add(rows, ORIGIN)
    return collection


def put_votes(store: Store, folder: Path, *, offset_arcsec: float = 0.0) -> None:
    """Votes on galaxies 0 to 4 and on one that has no image: n for smooth, 40 - n for features."""
    lines = [
        "dr7objid,ra,dec,t01_smooth_or_features_a01_smooth_count,t01_smooth_or_features_a02_features_or_disk_count,"
        "t01_smooth_or_features_a03_star_or_artifact_count"
    ]
    for n in (0, 1, 2, 3, 4, 40):
        lines.append(f"{OBJECT + n},{10 + 0.1 * n},{-0.5 + offset_arcsec / 3600},{n},{40 - n},0")
    (folder / "votes.csv").write_text("\n".join(lines))
    ingest(store, [folder / "votes.csv"], IngestOptions(table="gz2", survey="gz2_hart16"))


def put_mapping(store: Store, folder: Path, name: str = "gz2_files") -> None:
    """Images 0 to 3 are those of galaxies 3 to 0, so that no position says the same."""
    lines = ["objid,sample,asset_id", *(f"{OBJECT + 3 - n},original,{100 + n}" for n in range(4))]
    (folder / "files.csv").write_text("\n".join(lines))
    ingest(store, [folder / "files.csv"], IngestOptions(table=name, survey="gz2_filename_mapping"))


def put_other(store: Store, folder: Path) -> None:
    """The same of images 0 and 1 alone, in columns that nothing is known of."""
    (folder / "other.csv").write_text(f"picture,galaxy\n100,{OBJECT + 1}\n101,{OBJECT}\n")
    ingest(store, [folder / "other.csv"], IngestOptions(table="other", id="picture", positions=False))


@pytest.fixture
def sky(store: Store, images: Collection) -> Iterator[Sky]:
    with Sky(store.path) as opened:
        yield opened


def joined(
    sky: Sky, images: Collection, through: str = "", options: LikenessOptions | None = None
) -> tuple[dict[str, int], Joining, str]:
    """Smooth votes by image, how they were found, and the base."""
    votes = Votes.of(sky.table("gz2"))
    with joined_votes(sky.connection, votes, images, sky.tables, through=through, options=options) as found:
        assert found.votes.id.name == IMAGE_ID
        rows = sky.connection.execute(
            f"SELECT {IMAGE_ID}, t01_smooth_or_features_a01_smooth_count FROM {found.votes.relation}"
        ).fetchall()
    left = sky.connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE '%votes%'").fetchall()
    assert left == [(0,)]
    assert len(rows) == len(dict(rows))
    return dict(rows), found.joining, found.base


TURNED = {"100": 3, "101": 2, "102": 1, "103": 0}


def test_the_only_table_of_file_names_is_used_untold(
    store: Store, images: Collection, sky: Sky, tmp_path: Path
) -> None:
    put_votes(store, tmp_path)
    put_mapping(store, tmp_path)
    votes, joining, base = joined(sky, images)
    assert votes == TURNED
    words = "joined through gz2_files (asset_id of images, objid of votes), which is there, 4 of 8 images"
    assert joining == Joining("through", 8, 4, words)
    assert base == "the 4 images of sdss that have votes in gz2"
    votes, joining, _ = joined(sky, images, "gz2_files")
    assert (votes, joining.words) == (
        TURNED, "joined through gz2_files (asset_id of images, objid of votes), 4 of 8 images",
    )  # fmt: skip
    put_mapping(store, tmp_path, "more_files")
    assert joined(sky, images)[1].how == "position"  # which of two is meant nobody can know
    assert joined(sky, images, "more_files")[0] == TURNED


def test_any_table_whose_columns_are_named(store: Store, images: Collection, sky: Sky, tmp_path: Path) -> None:
    put_votes(store, tmp_path)
    put_other(store, tmp_path)
    votes, joining, _ = joined(sky, images, "other:picture:galaxy")
    assert (votes, joining.how, joining.with_votes) == ({"100": 1, "101": 0}, "through", 2)
    for through, message in (
        ("other", "write other:IMAGE_COLUMN:VOTES_COLUMN with two of picture, galaxy"),
        ("other:picture", "neither TABLE nor TABLE:IMAGE_COLUMN:VOTES_COLUMN"),
        ("other:picture:object", "other has no column 'object'; there are: picture, galaxy"),
    ):
        with pytest.raises(BadOption, match=message):
            joined(sky, images, through)
    with pytest.raises(TableNotFound, match="no table 'none'"):
        joined(sky, images, "none")


@pytest.mark.parametrize(("offset_arcsec", "number"), [(0.0, 5), (0.9, 5), (1.1, 0)])
def test_positions_where_no_ids_join(
    store: Store, images: Collection, sky: Sky, tmp_path: Path, offset_arcsec: float, number: int
) -> None:
    put_votes(store, tmp_path, offset_arcsec=offset_arcsec)
    votes, joining, _ = joined(sky, images)
    assert votes == {f"{100 + n}": n for n in range(number)}
    if number:
        assert joining == Joining("position", 8, 5, "joined by position within 1 arcsec, 5 of 8 images")
    else:
        assert (joining.how, joining.with_votes) == ("none", 0)
        assert "images are called as '100' is, votes by the column dr7objid as '5877229817361200" in joining.words


def test_ids_that_are_the_same_come_first(store: Store, sky: Sky, tmp_path: Path) -> None:
    put_votes(store, tmp_path)
    put_mapping(store, tmp_path)
    same = Collection.create(store, "same", ORIGIN)
    vectors = list(np.eye(2, dtype=np.float32))
    same.add(pa.table({"id": [f"{OBJECT + 2}", "nobody"], "embedding": vectors}), ORIGIN)
    votes, joining, _ = joined(sky, same)
    assert (votes, joining) == ({f"{OBJECT + 2}": 2}, Joining("id", 2, 1, "joined by dr7objid, 1 of 2 images"))


def test_filters_leave_the_way_as_it_is(store: Store, images: Collection, sky: Sky, tmp_path: Path) -> None:
    put_votes(store, tmp_path)
    put_mapping(store, tmp_path)
    votes, joining, base = joined(sky, images, options=LikenessOptions(ids=pa.array(["101", "103", "106"])))
    assert (votes, joining.how, joining.images, joining.with_votes) == ({"101": 2, "103": 0}, "through", 3, 2)
    assert base == "the 2 images of sdss for which the condition holds and that have votes in gz2"
    votes, joining, _ = joined(sky, images, options=LikenessOptions(ids=pa.array(["106"])))
    assert (votes, joining.how, joining.images, joining.with_votes) == ({}, "through", 1, 0)
