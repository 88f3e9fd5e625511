"""Thumbnails: small JPEG files, one an id, whoever writes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from skyband.queries.images import Thumbnails
from skyband.queries.images.thumbnails import SCHEMA, make_thumbnail
from skyband.schema.store import Store
from tests.pictures import noise


def batch(**jpegs: bytes) -> pa.RecordBatch:
    return pa.record_batch({"id": list(jpegs), "jpeg": list(jpegs.values())}, schema=SCHEMA)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((424, 424), (128, 128)), ((500, 100), (128, 26)), ((3, 1000), (1, 128)), ((64, 32), (64, 32)), ((1, 1), (1, 1))],
)
def test_a_thumbnail_is_small_and_of_the_same_shape(size: tuple[int, int], expected: tuple[int, int]) -> None:
    with Image.open(BytesIO(make_thumbnail(noise(1, *size)))) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", expected)


def test_a_thumbnail_looks_like_its_picture() -> None:
    y, x = np.mgrid[:300, :300]
    picture = np.dstack([x * 255 // 299, y * 255 // 299, 0 * x]).astype(np.uint8)
    with Image.open(BytesIO(make_thumbnail(picture))) as image:
        small = np.asarray(image).astype(int)
    expected = picture.reshape(300, 300, 3)[150 // 128 :: 300 // 128][:128, :128]
    assert abs(small[0, 0] - [0, 0, 0]).max() < 12
    assert abs(small[-1, -1] - [255, 255, 0]).max() < 12
    assert expected.shape == small.shape


def test_thumbnails_are_kept_by_id(store: Store) -> None:
    kept = Thumbnails(store, "galaxies")
    assert (kept.read(["a"]), kept.count()) == ({}, 0)
    odd = {"a": b"1", "it's": b"2", "ü": b"3"}
    kept.write([batch(**odd), batch(b=b"4")])
    kept.write([batch(a=b"5", c=b"6")])
    expected = odd | {"a": b"5", "b": b"4", "c": b"6"}
    assert Thumbnails(store, "galaxies").read([*expected, "nosuch"]) == expected
    assert (kept.count(), kept.read([]), Thumbnails(store, "others").count()) == (5, {}, 0)


def test_many_are_read_at_once(store: Store) -> None:
    many = {f"i{number}": str(number).encode() for number in range(2500)}
    kept = Thumbnails(store, "galaxies")
    kept.write([batch(**many)])
    assert kept.read(list(many)) == many


def test_two_writers_make_no_second_row(store: Store) -> None:
    kept = Thumbnails(store, "galaxies")
    kept.write([batch(z=b"0")])
    barrier = threading.Barrier(2)

    def write(content: bytes) -> None:
        barrier.wait()
        Thumbnails(store, "galaxies").write([batch(**{f"i{number}": content for number in range(50)})])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, [b"1", b"2"]))
    assert kept.count() == 51
