"""Images are read from where they are: files, web servers that are busy or broken, buckets, and what was kept."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skyband.queries.images import Pixels, decode
from skyband.queries.images.cache import Cache
from skyband.queries.images.s3 import Buckets
from skyband.queries.images.web import Web
from skyband.schema.errors import BadFile, BadImage, BadOption
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from tests.pictures import jpeg, png
from tests.places import Bucket, ImageServer

OpenPixels = Callable[..., Pixels]


@pytest.fixture
def pixels(settings: Settings) -> Iterator[OpenPixels]:
    """Opens `Pixels` over the test's store, with settings."""
    opened = []

    def make(**more: Any) -> Pixels:
        made = Pixels(Store.create(replace(settings, fetch_retry_s=0.001, **more)))
        opened.append(made)
        return made

    yield make
    for one in opened:
        one.close()


def web(**settings: Any) -> Web:
    return Web(Settings(**{"fetch_retry_s": 0.001, "fetch_time_limit_s": 10.0} | settings))


def test_a_file_is_read_by_path_from_anywhere_and_from_the_store(pixels: OpenPixels, tmp_path: Path) -> None:
    reader = pixels()
    outside, inside = tmp_path / "a.png", tmp_path / "sky" / "raw" / "sdss" / "b.png"
    inside.parent.mkdir(parents=True)
    outside.write_bytes(png(1))
    inside.write_bytes(png(2))
    assert (reader.picture(str(outside)) == decode(png(1))).all()
    assert (reader.picture("raw/sdss/b.png") == decode(png(2))).all()
    with pytest.raises(BadImage, match=r"not fetched: .*nosuch.png: No such file"):
        reader.read(str(tmp_path / "nosuch.png"))
    with pytest.raises(BadImage, match="not fetched"):
        reader.read(str(tmp_path))


def test_a_file_that_has_changed_is_not_taken_for_the_one_that_was_added(pixels: OpenPixels, tmp_path: Path) -> None:
    path, checksum = tmp_path / "a.png", hashlib.sha256(png(1)).hexdigest()
    path.write_bytes(png(1))
    assert pixels().read(str(path), checksum) == png(1)
    path.write_bytes(png(2))
    with pytest.raises(BadImage, match=r"changed: .* no longer the file"):
        pixels().read(str(path), checksum)


def test_what_came_from_the_web_is_kept(pixels: OpenPixels, served: ImageServer) -> None:
    url = served.put("/a.jpg", jpeg(1))
    assert pixels().read(url) == pixels().read(url) == jpeg(1)
    assert served.asked == {"/a.jpg": 1}
    # What is kept is not what the collection has: it is fetched anew, and is right or refused.
    served.put("/a.jpg", jpeg(2))
    assert pixels().read(url, hashlib.sha256(jpeg(2)).hexdigest()) == jpeg(2)
    assert served.asked == {"/a.jpg": 2}
    with pytest.raises(BadImage, match="changed"):
        pixels().read(url, hashlib.sha256(jpeg(1)).hexdigest())
    assert pixels().fetch(url) == jpeg(2)
    assert served.asked == {"/a.jpg": 4}


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(served: ImageServer, status: int) -> None:
    served.answers["/a"] = [(status, {}, b""), (status, {"Retry-After": "0"}, b"wait"), (200, {}, b"here")]
    assert web().get(served.url + "/a") == b"here"
    assert served.asked == {"/a": 3}


def test_a_server_that_stays_busy_is_given_up(served: ImageServer) -> None:
    served.answers["/a"] = [(503, {}, b"")]
    with pytest.raises(BadImage, match=r"not fetched: .*/a: status 503"):
        web(fetch_attempts=4).get(served.url + "/a")
    assert served.asked == {"/a": 4}


def test_a_missing_file_is_asked_for_once(served: ImageServer) -> None:
    with pytest.raises(BadImage, match="status 404"):
        web().get(served.url + "/nosuch")
    assert served.asked == {"/nosuch": 1}


@pytest.mark.parametrize(
    "wanted", ["100000", format_datetime(datetime.now(UTC) + timedelta(days=2), usegmt=True)], ids=["seconds", "date"]
)
def test_a_server_that_asks_for_a_day_is_given_up(served: ImageServer, wanted: str) -> None:
    served.answers["/a"] = [(429, {"Retry-After": wanted}, b"")]
    with pytest.raises(BadImage, match="status 429, and it asks to wait"):
        web().get(served.url + "/a")
    assert served.asked == {"/a": 1}


def test_nobody_asks_while_a_server_wants_to_be_left_alone(served: ImageServer) -> None:
    client = web()
    served.answers["/a"] = [(429, {"Retry-After": "100"}, b""), (200, {}, b"here")]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.get, served.url + "/a")
        assert served.was_asked.wait(30)
        client.close()
        with pytest.raises(BadImage, match="stopped"):
            waiting.result(timeout=30)
    assert served.asked == {"/a": 1}


@pytest.mark.parametrize("wanted", ["soon", "", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_what_cannot_be_read_or_is_past_is_no_wait(served: ImageServer, wanted: str) -> None:
    served.answers["/a"] = [(429, {"Retry-After": wanted}, b""), (200, {}, b"here")]
    assert web().get(served.url + "/a") == b"here"


def test_broken_answers_are_asked_for_again(served: ImageServer) -> None:
    served.answers["/a"] = [(200, {"Content-Length": "100"}, b"half"), (200, {}, b"whole")]
    assert web(fetch_time_limit_s=0.3).get(served.url + "/a") == b"whole"
    with pytest.raises(BadImage, match=r"not fetched: http://127\.0\.0\.1:1/a"):
        web(fetch_attempts=2).get("http://127.0.0.1:1/a")
    with pytest.raises(BadImage, match="not fetched"):
        web().get("http://[nonsense/")


def test_redirects_are_followed_but_not_in_circles(served: ImageServer) -> None:
    served.put("/end", b"here")
    served.answers["/a"] = [(302, {"Location": "/end"}, b"")]
    served.answers["/round"] = [(302, {"Location": "/round"}, b"")]
    assert web().get(served.url + "/a") == b"here"
    with pytest.raises(BadImage, match="not fetched"):
        web(fetch_attempts=1).get(served.url + "/round")


def test_no_more_bytes_are_taken_than_the_limit(served: ImageServer) -> None:
    served.put("/a", b"x" * 5000)
    assert len(web(image_max_bytes=5000).get(served.url + "/a")) == 5000
    with pytest.raises(BadImage, match="too many bytes"):
        web(image_max_bytes=4999).get(served.url + "/a")


def test_requests_keep_their_distance(served: ImageServer) -> None:
    url, client = served.put("/a", b"here"), Web(Settings(), requests_per_s=50.0)
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(client.get, [url] * 6)) == [b"here"] * 6
    # The first goes at once, the others each a fiftieth of a second after the one before.
    assert time.monotonic() - began >= 5 / 50


def test_a_bucket_is_listed_and_read(bucket: Bucket) -> None:
    for key in ("pics/b.jpg", "pics/deep/a.png", "pics/c d?#.png", "pics2/x.png", "other.jpg"):
        bucket.put(key, key.encode())
    buckets = Buckets(Settings(s3_endpoint=bucket.endpoint))
    found = list(buckets.objects(f"s3://{bucket.name}/pics"))
    assert [(one.url, one.size) for one in found] == [
        (f"s3://{bucket.name}/pics/{name}", len(f"pics/{name}")) for name in ("b.jpg", "c d?#.png", "deep/a.png")
    ]
    assert all(abs(one.changed - datetime.now(UTC).timestamp()) < 3600 for one in found)
    assert [buckets.read(one.url) for one in found] == [b"pics/b.jpg", b"pics/c d?#.png", b"pics/deep/a.png"]
    assert [one.url for one in buckets.objects(f"s3://{bucket.name}/other.jpg")] == [f"s3://{bucket.name}/other.jpg"]
    assert len(list(buckets.objects(f"s3://{bucket.name}"))) == 5


def test_buckets_that_are_not_there_and_objects_too_large_are_said(bucket: Bucket) -> None:
    url = bucket.put("a.jpg", b"x" * 100)
    buckets = Buckets(Settings(s3_endpoint=bucket.endpoint, image_max_bytes=99))
    with pytest.raises(BadImage, match="too many bytes"):
        buckets.read(url)
    with pytest.raises(BadImage, match=r"not fetched: .*nosuch.jpg"):
        buckets.read(f"s3://{bucket.name}/nosuch.jpg")
    with pytest.raises(BadFile, match="cannot be listed"):
        list(buckets.objects("s3://no-such-bucket-here/"))
    with pytest.raises(BadFile, match="cannot be listed"):
        list(buckets.objects(f"s3://{bucket.name}/nosuch"))
    with pytest.raises(BadOption, match="names no bucket"):
        buckets.read("s3:///a.jpg")
    with pytest.raises(BadOption, match="s3_endpoint"):
        Buckets(Settings(s3_endpoint="localhost:1")).read(url)


def test_an_object_is_kept_until_it_changes(pixels: OpenPixels, bucket: Bucket, tmp_path: Path) -> None:
    url = bucket.put("a.jpg", jpeg(1))
    reader = pixels(s3_endpoint=bucket.endpoint)
    assert reader.fetch(url) == jpeg(1)
    bucket.remove("a.jpg")
    now = datetime.now(UTC).timestamp()
    assert reader.read(url) == reader.fetch(url, changed=now - 3600) == jpeg(1)
    # What was read today was still fetched yesterday.
    _age(tmp_path / "sky" / "raw" / "images", 86_400)
    assert reader.read(url) == jpeg(1)
    with pytest.raises(BadImage, match="not fetched"):
        reader.fetch(url, changed=now - 3600)
    with pytest.raises(BadImage, match="not fetched"):
        reader.fetch(url, changed=now)


def test_the_cache_keeps_to_its_size_and_drops_what_was_not_used_for_longest(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", 1000)
    for number in range(10):
        cache.put(f"u{number}", bytes([number]) * 100)
        _age(tmp_path / "cache", 100)
    assert cache.get("u0") == bytes([0]) * 100  # used now
    cache.put("new", b"x" * 100)
    kept = [name for name in (*(f"u{number}" for number in range(10)), "new") if cache.get(name) is not None]
    assert kept == ["u0", *(f"u{number}" for number in range(3, 10)), "new"]
    cache.put("huge", b"x" * 1001)
    assert cache.get("huge") is None
    # Another process sees the same files, and knows their size.
    other = Cache(tmp_path / "cache", 1000)
    other.put("more", b"y" * 200)
    assert sum(path.stat().st_size for path in (tmp_path / "cache").glob("*/*")) <= 1000


def _age(folder: Path, seconds: float) -> None:
    """Make everything in the cache older."""
    for path in folder.glob("*/*"):
        state = path.stat()
        os.utime(path, (state.st_atime - seconds, state.st_mtime - seconds))


def test_pictures_are_the_same_from_everywhere(
    pixels: OpenPixels, served: ImageServer, bucket: Bucket, tmp_path: Path
) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(3))
    reader = pixels(s3_endpoint=bucket.endpoint)
    places = [str(tmp_path / "a.jpg"), served.put("/a", jpeg(3)), bucket.put("a.jpg", jpeg(3))]
    found = [reader.picture(place, hashlib.sha256(jpeg(3)).hexdigest()) for place in places]
    assert all(np.array_equal(picture, decode(jpeg(3))) for picture in found)
