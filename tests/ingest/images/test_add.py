"""Images come into a collection once each, with what is known of them; what is none is turned away with a reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import healpy
import pytest
from astropy.io import fits
from PIL import Image

from skyband.ingest.images import AddReport, add_images
from skyband.ingest.images.candidates import id_of
from skyband.ingest.images.options import AddOptions
from skyband.queries import Sky
from skyband.queries.images import Pixels, Thumbnails, decode
from skyband.schema.errors import BadFile, BadImage, BadName, BadOption, BadTable, TableNotFound
from skyband.schema.names import quote_text
from skyband.schema.store import Store
from tests.conftest import publish_rows
from tests.ingest.images.conftest import Add, Put
from tests.pictures import fits_file, fluxes, jpeg, noise, png, saved, wcs_header, zip_file
from tests.places import Bucket, ImageServer

Ask = Callable[..., list[tuple[Any, ...]]]

ROW = "id, ra, dec, source, checksum, format, width, height, pixel_scale"


def counts(report: AddReport) -> tuple[int, int, int, int, dict[str, int]]:
    return report.added, report.replaced, report.updated, report.unchanged, dict(report.rejected)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def rejects(store: Store, rows: Ask, columns: str = "id, reason", collection: str = "gals") -> list[tuple[Any, ...]]:
    path = quote_text(str(store.rejected_file(collection)))
    return rows(f"SELECT {columns} FROM read_parquet({path}) ORDER BY ALL")


def test_a_folder_with_every_format(add: Add, put: Put, rows: Ask, store: Store, tmp_path: Path) -> None:
    cutout = fits_file(fits.PrimaryHDU(fluxes(1, 50, 60), wcs_header(150.25, 2.5, 0.4, 60, 50)))
    files = {
        "pics/a.jpg": jpeg(1),
        "pics/deep/er/b.png": png(2, 300, 200),
        "pics/c.WEBP": saved(noise(3), "WEBP"),
        "pics/d.e.fits": cutout,
    }
    for name, data in files.items():
        put(name, data)
    put("pics/notes.txt", b"not for us")
    put("pics/.hidden.jpg", jpeg(5))
    put("pics/.git/f.jpg", jpeg(5))
    began = datetime.now(UTC).replace(tzinfo=None)
    report = add(tmp_path / "pics", command="skyband images add pics --collection gals")
    assert counts(report) == (4, 0, 0, 0, {})
    assert report.notes == (
        "left out 1 files not named as images: notes.txt",
        "3 of 4 images have no position: cones and keys.gals pass over them",
    )
    found = rows(f"SELECT {ROW} FROM gals ORDER BY id")
    where = {name: str(tmp_path / name) for name in files}
    assert [row[:1] + row[3:-1] for row in found] == [
        ("a", where["pics/a.jpg"], sha(files["pics/a.jpg"]), "jpeg", 40, 30),
        ("b", where["pics/deep/er/b.png"], sha(files["pics/deep/er/b.png"]), "png", 300, 200),
        ("c", where["pics/c.WEBP"], sha(files["pics/c.WEBP"]), "webp", 40, 30),
        ("d.e", where["pics/d.e.fits"], sha(files["pics/d.e.fits"]), "fits", 60, 50),
    ]
    assert [(row[1], row[2], row[-1]) for row in found[:3]] == [(None, None, None)] * 3
    assert (found[3][1], found[3][2], found[3][-1]) == pytest.approx((150.25, 2.5, 0.4))
    [(first, last)] = rows("SELECT min(added), max(added) FROM gals")
    assert began <= first == last <= datetime.now(UTC).replace(tzinfo=None)
    assert report.info is not None
    assert report.info.version.command == "skyband images add pics --collection gals"
    assert report.info.details["kind"] == "images"
    small = Thumbnails(store, "gals").read(["a", "b", "c", "d.e"])
    sizes = {id_: Image.open(BytesIO(data)).size for id_, data in small.items()}
    assert sizes == {"a": (40, 30), "b": (128, 85), "c": (40, 30), "d.e": (60, 50)}


def test_the_embedding_run_gets_the_pixels_of_every_row(add: Add, put: Put, rows: Ask, store: Store) -> None:
    put("a.jpg", jpeg(1)), put("b.jpg", jpeg(2))
    add(put("a.jpg", jpeg(1)).parent / "*.jpg")
    with Pixels(store) as pixels:
        for id_, source, checksum in rows("SELECT id, source, checksum FROM gals"):
            assert (pixels.picture(source, checksum) == decode(jpeg(1 if id_ == "a" else 2))).all()
        put("a.jpg", jpeg(3))
        [(source, checksum)] = rows("SELECT source, checksum FROM gals WHERE id = 'a'")
        with pytest.raises(BadImage, match="changed"):
            pixels.picture(source, checksum)


def test_the_same_again_changes_nothing(add: Add, put: Put, store: Store) -> None:
    folder = put("pics/a.jpg", jpeg(1)).parent
    first = add(folder)
    again = add(folder)
    assert counts(again) == (0, 0, 0, 1, {})
    assert (again.info, again.rejected_file) == (first.info, None)
    assert Thumbnails(store, "gals").count() == 1


def test_other_bytes_under_an_id_replace_it(add: Add, put: Put, rows: Ask, store: Store) -> None:
    put("pics/b.jpg", jpeg(2))
    folder = put("pics/a.jpg", jpeg(1)).parent
    add(folder)
    before = Thumbnails(store, "gals").read(["a", "b"])
    put("pics/a.jpg", png(9, 10, 10))
    report = add(folder)
    assert counts(report) == (0, 1, 0, 1, {})
    assert rows("SELECT id, checksum, format, width FROM gals ORDER BY id") == [
        ("a", sha(png(9, 10, 10)), "png", 10),
        ("b", sha(jpeg(2)), "jpeg", 40),
    ]
    after = Thumbnails(store, "gals").read(["a", "b"])
    assert (after["b"], after["a"] != before["a"], len(after)) == (before["b"], True, 2)
    assert report.info is not None and report.info.version.version == 2


def test_of_two_files_of_one_id_the_second_is_turned_away(add: Add, put: Put, rows: Ask, store: Store) -> None:
    first = put("one/a.jpg", jpeg(1))
    second = put("two/a.png", png(2))
    same = put("three/a.jpg", jpeg(1))
    report = add(first.parent, second, same, first)
    assert counts(report) == (1, 0, 0, 1, {"duplicate id": 1})
    assert rows("SELECT id, source FROM gals") == [("a", str(first))]
    assert rejects(store, rows, "id, source, reason, detail") == [
        ("a", str(second), "duplicate id", "another file of this id came first")
    ]


def test_what_is_no_image_is_turned_away_and_the_others_stay(add: Add, put: Put, rows: Ask, store: Store) -> None:
    folder = put("pics/good.jpg", jpeg(1)).parent
    put("pics/empty.jpg", b"")
    put("pics/half.jpg", jpeg(2)[:300])
    put("pics/page.png", b"<!DOCTYPE html><html>")
    put("pics/really_png.jpg", png(3))
    put("pics/zip.jpg", jpeg(4) + zip_file())
    put("pics/flat.fits", fits_file(fits.PrimaryHDU(fluxes(1, 9, 9) * 0)))
    put("pics/list.fits", fits_file(fits.PrimaryHDU()))
    (folder / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    report = add(folder)
    assert counts(report) == (
        2,
        0,
        0,
        0,
        {
            "empty": 1,
            "more than an image": 1,
            "no image in it": 1,
            "no image of a kind skyband takes": 1,
            "nothing in it": 1,
            "truncated": 1,
        },
    )
    assert rows("SELECT id, format FROM gals ORDER BY id") == [("good", "jpeg"), ("really_png", "png")]
    assert report.rejected_file == store.rejected_file("gals")
    assert rejects(store, rows) == [
        ("empty", "empty"),
        ("flat", "nothing in it"),
        ("half", "truncated"),
        ("list", "no image in it"),
        ("page", "no image of a kind skyband takes"),
        ("zip", "more than an image"),
    ]
    assert report.info is not None and sum(report.info.details["rejected"].values()) == 6
    # A file that has become good leaves the list; the others stay in it once.
    put("pics/half.jpg", jpeg(2))
    assert counts(add(folder))[:4] == (1, 0, 0, 2)
    assert [id_ for id_, _ in rejects(store, rows)] == ["empty", "flat", "list", "page", "zip"]


def test_limits_are_settings(put: Put, store: Store) -> None:
    tight = Store(store.path, replace(store.settings, image_max_bytes=5000, image_max_pixels=1000))
    sources = [
        str(put("large.png", png(1, 33, 31))),
        str(put("long.jpg", jpeg(2, 400, 400))),
        str(put("s.png", png(3, 9, 9))),
    ]
    report = add_images(tight, sources, AddOptions(collection="gals"))
    assert counts(report) == (1, 0, 0, 0, {"too many bytes": 1, "too many pixels": 1})


def test_nothing_good_makes_no_collection(add: Add, put: Put, store: Store) -> None:
    with pytest.raises(BadTable, match=r"no image can be kept \(1 empty\): .*a\.jpg \(empty"):
        add(put("a.jpg", b""))
    assert store.names() == []
    assert list(store.tables_folder.glob("*.parquet")) == []


@pytest.mark.parametrize(
    ("source", "options", "error", "words"),
    [
        ("nosuch", {}, BadFile, "no such file or folder"),
        ("nosuch*.jpg", {}, BadFile, "no file fits it"),
        (".", {}, BadFile, "holds no files named as images"),
        ("a.txt", {"collection": "No Good"}, BadName, "cannot name a table"),
        ("a.txt", {"collection": "g" * 60}, BadName, "cannot name a table"),
        ("a.txt", {"pixel_scale": -1.0}, BadOption, "--pixel-scale"),
        ("a.txt", {"radius_arcsec": 1.0}, BadOption, "--match"),
        ("a.txt", {"match": "nosuch"}, TableNotFound, "no table 'nosuch'"),
        ("a.txt", {"limit": 0}, BadOption, "--limit"),
    ],
)
def test_wrong_input_is_said(
    add: Add, put: Put, tmp_path: Path, source: str, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    put("a.txt", b"text")
    with pytest.raises(error, match=words):
        add(tmp_path / source, **options)


def test_a_table_of_another_kind_is_left_alone(add: Add, put: Put, store: Store) -> None:
    publish_rows(store, "stars", id=[1], ra=[1.0], dec=[2.0])
    with pytest.raises(BadTable, match="no collection of images"):
        add(put("a.jpg", jpeg(1)), collection="stars")
    assert store.info("stars").version.version == 1


def test_patterns_folders_and_files_together_give_each_image_once(
    add: Add, put: Put, rows: Ask, tmp_path: Path
) -> None:
    for number in (1, 2, 10):
        put(f"pics/set{number}/g{number}.jpg", jpeg(number))
    put("pics/odd.dat", png(4))
    report = add(tmp_path / "pics/**/*.jpg", tmp_path / "pics", tmp_path / "pics/odd.dat", tmp_path / "pics/set*")
    assert counts(report) == (4, 0, 0, 0, {})
    assert rows("SELECT id FROM gals ORDER BY id") == [("g1",), ("g10",), ("g2",), ("odd",)]


def test_a_limit_takes_the_first(add: Add, put: Put, rows: Ask, tmp_path: Path) -> None:
    for number in (1, 2, 3, 10):
        put(f"pics/g{number}.jpg", jpeg(number))
    assert counts(add(tmp_path / "pics", limit=3)) == (3, 0, 0, 0, {})
    assert rows("SELECT id FROM gals ORDER BY id") == [("g1",), ("g2",), ("g3",)]


def test_urls_and_buckets(put: Put, store: Store, rows: Ask, served: ImageServer, bucket: Bucket) -> None:
    there = Store(store.path, replace(store.settings, s3_endpoint=bucket.endpoint, fetch_retry_s=0.0))
    urls = [served.put("/a%20b.jpg", jpeg(1)), served.url + "/nosuch.jpg"]
    bucket.put("sky/c.jpg", jpeg(3))
    bucket.put("sky/deep/d.fits.gz", fits_file(fits.PrimaryHDU(fluxes(1, 20, 20))))
    bucket.put("sky/README", b"x")
    sources = [*urls, f"s3://{bucket.name}/sky"]
    report = add_images(there, sources, AddOptions(collection="gals"))
    assert counts(report) == (3, 0, 0, 0, {"not fetched": 1})
    assert rows("SELECT id, source, format FROM gals ORDER BY id") == [
        ("a b", urls[0], "jpeg"),
        ("c", f"s3://{bucket.name}/sky/c.jpg", "jpeg"),
        ("d", f"s3://{bucket.name}/sky/deep/d.fits.gz", "fits"),
    ]
    # The next run asks the web server again, and sees what has changed.
    served.put("/a%20b.jpg", jpeg(7))
    report = add_images(there, sources, AddOptions(collection="gals"))
    assert counts(report) == (0, 1, 0, 2, {"not fetched": 1})


def test_positions_make_a_collection_a_table_like_any_other(add: Add, put: Put, rows: Ask, store: Store) -> None:
    places = {"a": (150.0, 2.0), "b": (150.001, 2.0), "c": (359.9999, -80.0)}
    for number, (id_, (ra, dec)) in enumerate(places.items()):
        header = wcs_header(ra, dec, 0.4, 20, 20)
        put(f"pics/{id_}.fits", fits_file(fits.PrimaryHDU(fluxes(number, 20, 20), header)))
    report = add(put("pics/a.txt", b"").parent)
    assert report.info is not None
    assert (report.info.unplaced, [c.name for c in report.info.columns if c.role]) == (0, ["id", "ra", "dec"])
    ordered = rows("SELECT id, ra, dec, healpix_29 FROM gals")
    assert [row[3] for row in ordered] == sorted(
        int(healpy.ang2pix(1 << 29, ra, dec, nest=True, lonlat=True)) for _, ra, dec, _ in ordered
    )
    with Sky(store.path) as sky:
        assert [row[1] for row in sky.cone("gals", 150.0, 2.0, 0.01).rows()] == ["a", "b"]
        assert sky.sql("SELECT left_id, right_id FROM xmatch('gals', 'gals', 5) ORDER BY ALL").rows() == [
            ("a", "a"), ("a", "b"), ("b", "a"), ("b", "b"), ("c", "c"),
        ]  # fmt: skip


def test_images_without_a_position_are_passed_over_by_what_asks_for_one(
    add: Add, put: Put, rows: Ask, store: Store
) -> None:
    from skyband.queries.crossmatch import Find, MatchOptions, crossmatch

    for number in range(3):
        put(f"pics/n{number}.jpg", jpeg(number))
    report = add(put("pics/x.txt", b"").parent)
    assert report.info is not None
    assert [c.name for c in report.info.columns if c.role] == ["id"]
    assert report.info.column("healpix_29") is None
    header = wcs_header(10.0, 20.0, 0.4, 20, 20)
    report = add(put("placed.fits", fits_file(fits.PrimaryHDU(fluxes(1, 20, 20), header))))
    assert report.info is not None and (report.info.unplaced, report.info.rows) == (3, 4)
    assert rows("SELECT id, ra IS NULL, healpix_29 IS NULL FROM gals") == [
        ("placed", False, False), ("n0", True, True), ("n1", True, True), ("n2", True, True),
    ]  # fmt: skip
    assert rows("SELECT id FROM keys.gals") == [("placed",)]
    assert rows("SELECT id FROM cone('gals', 10, 20, 180)") == [("placed",)]
    with Sky(store.path) as sky:
        assert [row[1] for row in sky.cone("gals", 10.0, 20.0, 180.0).rows()] == ["placed"]
    with pytest.raises(BadTable, match="3 rows of table 'gals' have no position"):
        crossmatch(store, MatchOptions(left="gals", right="gals", radius_arcsec=1.0, into="pairs", find=Find.ALL))


def test_a_catalogue_gives_positions_by_id(add: Add, put: Put, rows: Ask, store: Store) -> None:
    publish_rows(store, "cat", id=[11, 22, 33], ra=[10.0, 20.0, 30.0], dec=[1.0, 2.0, 3.0])
    put("pics/11.jpg", jpeg(1)), put("pics/99.jpg", jpeg(2))
    near = wcs_header(20.0, 2.0 + 3 / 3600, 0.4, 20, 20)
    far = wcs_header(30.0, 3.0 + 8 / 3600, 0.4, 20, 20)
    put("pics/22.fits", fits_file(fits.PrimaryHDU(fluxes(1, 20, 20), near)))
    folder = put("pics/33.fits", fits_file(fits.PrimaryHDU(fluxes(2, 20, 20), far))).parent
    report = add(folder, match="cat", radius_arcsec=5.0, collection="near")
    assert counts(report) == (3, 0, 0, 0, {"not where the table has it": 1})
    assert rows("SELECT id, round(ra, 6), round(dec, 6) FROM near ORDER BY id") == [
        ("11", 10.0, 1.0), ("22", 20.0, round(2 + 3 / 3600, 6)), ("99", None, None),
    ]  # fmt: skip
    assert rejects(store, rows, "id, reason, detail", "near") == [
        ("33", "not where the table has it", "8.0 arcsec from the row of cat")
    ]
    # Positions found later come to images that are there.
    add(folder)
    report = add(folder, match="cat")
    assert (counts(report)[2:4], [note for note in report.notes if "matched" in note]) == ((1, 3), [])
    assert rows("SELECT id, round(ra, 6) FROM gals ORDER BY id") == [
        ("11", 10.0),
        ("22", 20.0),
        ("33", 30.0),
        ("99", None),
    ]


def test_a_pixel_scale_is_for_images_that_do_not_say_theirs(add: Add, put: Put, rows: Ask, tmp_path: Path) -> None:
    header = wcs_header(20.0, 2.0, 0.4, 20, 20)
    put("pics/a.fits", fits_file(fits.PrimaryHDU(fluxes(1, 20, 20), header)))
    put("pics/b.jpg", jpeg(1))
    add(tmp_path / "pics")
    assert counts(add(tmp_path / "pics", pixel_scale=0.396)) == (0, 0, 1, 1, {})
    assert rows("SELECT id, round(pixel_scale, 6) FROM gals ORDER BY id") == [("a", 0.4), ("b", 0.396)]
    assert counts(add(tmp_path / "pics", pixel_scale=0.396)) == (0, 0, 0, 2, {})


def test_columns_that_others_added_stay(add: Add, put: Put, rows: Ask, store: Store) -> None:
    from skyband.schema.columns import Column
    from skyband.schema.writer import write_table

    folder = put("pics/a.jpg", jpeg(1)).parent
    put("pics/b.jpg", jpeg(2))
    add(folder)
    with write_table(store, "gals") as writer:
        writer.connection.execute("CREATE TABLE new.main.data AS SELECT *, 0.5 AS anomaly FROM gals ORDER BY id")
        info = store.info("gals")
        known = {column.name: column for column in info.columns}
        known["anomaly"] = Column("anomaly", "DOUBLE", description="How odd it is")
        writer.publish(action="test", command="", columns=known, details=dict(info.details) | {"scored": True})
    put("pics/b.jpg", jpeg(3)), put("pics/c.jpg", jpeg(4))
    added = rows("SELECT added FROM gals WHERE id = 'a'")
    # Its bytes are the same: what others found in them still holds.
    report = add(folder, pixel_scale=0.5)
    assert counts(report) == (1, 1, 1, 0, {})
    assert rows("SELECT added FROM gals WHERE id = 'a'") == added
    assert rows("SELECT id, anomaly::DOUBLE FROM gals ORDER BY id") == [("a", 0.5), ("b", None), ("c", None)]
    assert report.info is not None
    column = report.info.column("anomaly")
    assert column is not None and column.description == "How odd it is"
    assert report.info.details["scored"] is True


def test_a_dropped_collection_leaves_nothing(add: Add, put: Put, store: Store) -> None:
    folder = put("pics/a.jpg", jpeg(1)).parent
    put("pics/bad.jpg", b"")
    add(folder)
    add(folder, collection="others")
    store.drop("gals")
    assert (store.names(), Thumbnails(store, "gals").count(), Thumbnails(store, "others").count()) == (["others"], 0, 1)
    assert not store.rejected_file("gals").exists()
    assert counts(add(folder)) == (1, 0, 0, 0, {"empty": 1})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("10017.jpg", "10017"),
        ("/a/b.c/d.e.fits.gz", "d.e"),
        ("noending", "noending"),
        (".jpg", ".jpg"),
        ("https://x.org/a/NGC%20188.png?size=3#top", "NGC 188"),
        ("https://x.org/get?ra=1.5&dec=2.5", "get"),
        ("http://[broken/a.jpg", "a"),
        ("s3://b/a/what?#.jpg", "what?#"),
    ],
)
def test_the_id_of_a_file_is_its_name_without_endings(source: str, expected: str) -> None:
    assert id_of(source) == expected
