"""Uploaded images: encoded in a process of their own, and the likes of them in every form."""

from __future__ import annotations

import io
import json
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from skyband.ingest.images import AddOptions, add_images
from skyband.models.embedding.run import embed
from skyband.models.encoders.open import open_encoder
from skyband.queries.likeness import Collection, LikenessOptions
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from tests.conftest import publish_rows
from tests.pictures import fits_file, fluxes, jpeg, png, saved, streak_or_blob, wcs_header, zip_file
from tests.server.conftest import Served, json_rows, serving


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Twenty pictures with vectors, ten streaks along the equator and ten blobs at 40 degrees, and votes for them."""
    folder = tmp_path_factory.mktemp("uploads")
    rng = np.random.default_rng(1)
    lines = ["path,id,ra,dec"]
    for number in range(20):
        name = f"{'streak' if number < 10 else 'blob'}{number}"
        (folder / f"{name}.png").write_bytes(streak_or_blob(rng, is_streak=number < 10))
        lines.append(f"{folder / name}.png,{name},{number},{0 if number < 10 else 40}")
    (folder / "list.csv").write_text("\n".join(lines))
    store = Store.create(Settings(store=str(folder / "sky")))
    add_images(store, [str(folder / "list.csv")], AddOptions(collection="shapes"))
    embed(store, "shapes", open_encoder(views=1, device="cpu"))
    ids = [line.split(",")[1] for line in lines[1:]]
    is_streak = np.array([name.startswith("streak") for name in ids])
    publish_rows(
        store, "votes", id=ids, ra=np.arange(20.0), dec=np.zeros(20),
        t01_smooth_or_features_a01_smooth_count=np.where(is_streak, 2, 37),
        t01_smooth_or_features_a02_features_or_disk_count=np.where(is_streak, 38, 3),
        t01_smooth_or_features_a03_star_or_artifact_count=np.zeros(20, int),
    )  # fmt: skip
    # Votes under other names and far away, which the images join through a table alone; of streaks, the first six.
    publish_rows(
        store, "named", id=np.arange(500, 520).tolist(), ra=np.arange(20.0), dec=np.full(20, -60.0),
        t01_smooth_or_features_a01_smooth_count=np.where(is_streak, 2, 37),
        t01_smooth_or_features_a02_features_or_disk_count=np.where(is_streak, 38, 3),
        t01_smooth_or_features_a03_star_or_artifact_count=np.zeros(20, int),
        t01_smooth_or_features_a01_smooth_debiased=np.where(is_streak, 0.25, 0.9),
        t01_smooth_or_features_a02_features_or_disk_debiased=np.where(is_streak, 0.75, 0.1),
        t01_smooth_or_features_a03_star_or_artifact_debiased=np.zeros(20),
    )  # fmt: skip
    linked = [name for name in ids if not is_streak[ids.index(name)] or int(name[6:]) < 6]
    publish_rows(
        store, "links", id=linked, ra=np.zeros(16), dec=np.zeros(16), voted=[500 + ids.index(name) for name in linked]
    )
    return store


@pytest.fixture(scope="module")
def served(shapes: Store) -> Iterator[Served]:
    # Small limits, for the files that go beyond them.
    with serving(shapes.path, image_max_bytes="200000", upload_image_max_pixels="1000000", threads="1") as found:
        yield found


def test_an_upload_finds_what_the_same_image_finds(served: Served, shapes: Store) -> None:
    source = (shapes.path.parent / "streak4.png").read_bytes()
    everything = {"k": "6", "exclude_arcsec": "0"}
    answer = served.client.post("/similar", data=everything, files={"file": ("mine.png", source)})
    rows = json_rows(answer)
    collection = Collection.open(shapes, "shapes")
    near = collection.similar(collection.targets(["streak4"]), LikenessOptions(k=5, exclude_arcsec=0)).table
    assert [row["id"] for row in rows] == ["streak4", *near["id"].to_pylist()]
    assert [row["similarity"] for row in rows] == pytest.approx([1.0, *near["similarity"].to_pylist()], abs=1e-5)
    assert {row["target"] for row in rows} == {"mine.png"}
    assert [row["rank"] for row in rows] == [1, 2, 3, 4, 5, 6]
    # The position is that of the same file in the collection.
    assert [row["target_sep_arcsec"] for row in rows] == pytest.approx([abs(row["ra"] - 4) * 3600 for row in rows])


def test_the_same_file_and_the_same_place_are_left_out_and_counted(served: Served, shapes: Store) -> None:
    source = (shapes.path.parent / "streak4.png").read_bytes()
    facts = {"searched": "exact", "recall": 1.0, "rows": 20, "chosen": 20}

    def ask(**data: str) -> tuple[list[str], dict[str, Any]]:
        answer = served.client.post("/similar", data={"k": "20"} | data, files={"file": ("mine.png", source)})
        told = answer.json()["likeness"]
        assert json.loads(answer.headers["X-Skyband-Likeness"]) == told
        assert {name: told[name] for name in facts} == facts
        return [row["id"] for row in json_rows(answer)], told["dropped"]

    found, dropped = ask()
    assert ("streak4" in found, len(found), dropped) == (False, 19, {"itself": 1, "same_position": 0, "repeated": 0})
    # A position that is given is that of the upload, and no target of its own.
    found, dropped = ask(ra="7.001", dec="0")
    assert {"streak4", "streak7"} & set(found) == set()
    assert dropped == {"itself": 1, "same_position": 1, "repeated": 0}
    found, dropped = ask(exclude_arcsec="0")
    assert (found[0], len(found), dropped) == ("streak4", 20, {"itself": 0, "same_position": 0, "repeated": 0})


def test_an_upload_is_where_its_header_says(served: Served) -> None:
    cutout = fits_file(fits.PrimaryHDU(fluxes(1, 50, 60), wcs_header(7.001, 0.0, 0.4, 60, 50)))
    answer = served.client.post("/similar", data={"k": "20"}, files={"file": ("f.fits", cutout)})
    assert answer.json()["likeness"]["dropped"] == {"itself": 0, "same_position": 1, "repeated": 0}
    assert "streak7" not in {row["id"] for row in json_rows(answer)}


def test_many_targets_of_all_kinds_at_once(served: Served, shapes: Store) -> None:
    blob = (shapes.path.parent / "blob12.png").read_bytes()
    answer = served.client.post(
        "/similar/shapes",
        data={"id": ["streak3", "blob15"], "ra": "7.001", "dec": "0", "k": "3", "exclude_arcsec": "0"},
        files={"one": ("same.png", blob), "two": ("same.png", (shapes.path.parent / "streak1.png").read_bytes())},
    )
    found: dict[str, list[str]] = {}
    for row in json_rows(answer):
        found.setdefault(row["target"], []).append(row["id"])
    collection = Collection.open(shapes, "shapes")

    def near(name: str, k: int) -> list[str]:
        target = collection.targets([name])
        return list(collection.similar(target, LikenessOptions(k=k, exclude_arcsec=0)).table["id"].to_pylist())

    assert found == {
        "one": ["blob12", *near("blob12", 2)],
        "two": ["streak1", *near("streak1", 2)],
        "streak3": near("streak3", 3),
        "blob15": near("blob15", 3),
        "7.001000000,0.000000000": near("streak7", 3),
    }


def test_conditions_and_formats(served: Served, shapes: Store) -> None:
    source = (shapes.path.parent / "streak4.png").read_bytes()
    answer = served.client.post(
        "/similar/shapes",
        data={"where": "dec = 40 AND ra >= 15 -- the last ones", "format": "csv"},
        files={"file": ("mine.png", source)},
    )
    lines = answer.text.splitlines()
    assert lines[0].startswith("target,rank,similarity,target_sep_arcsec,id,")
    assert {line.split(",")[4] for line in lines[1:]} == {f"blob{number}" for number in range(15, 20)}
    by_id = served.client.get("/similar/shapes/streak3", params={"where": "dec = 40", "exclude_arcsec": "0", "k": "20"})
    assert {row["id"] for row in json_rows(by_id)} == {f"blob{number}" for number in range(10, 20)}


def test_thumbnails_are_where_the_answer_says(served: Served) -> None:
    [row] = json_rows(served.client.get("/similar/shapes/streak3?k=1"))
    assert row["thumbnail"] == f"{served.url}/thumbnails/shapes/{row['id']}"
    shown = served.client.get(row["thumbnail"])
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    with Image.open(io.BytesIO(shown.content)) as image:
        assert image.size == (96, 96)
    assert served.client.get("/thumbnails/shapes/nobody").status_code == 404
    assert served.client.get("/thumbnails/votes/streak3").status_code == 404


def test_what_volunteers_said_of_the_likes_of_an_upload(served: Served, shapes: Store) -> None:
    source = (shapes.path.parent / "streak4.png").read_bytes()
    for answer in (
        served.client.post("/similar", data={"k": "9", "votes": "votes"}, files={"file": ("mine.png", source)}),
        served.client.get("/similar/shapes/streak4", params={"k": "9", "votes": "votes"}),
    ):
        assert answer.status_code == 200, answer.text
        document = json.loads(answer.text, parse_constant=pytest.fail)
        assert [row["id"][:6] for row in document["neighbours"]] == ["streak"] * 9
        assert (document["searched"], document["recall"], document["rows"]) == ("exact", 1.0, 20)
        said = document["votes"]
        assert (said["neighbours"], said["with_votes"]) == (9, 9)
        smooth = next(one for one in said["fractions"] if (one["feature"], one["kind"]) == ("smooth", "conditional"))
        assert smooth["fraction"] == pytest.approx(2 / 40)
        assert said["interpretation"]["paragraph"]


def test_votes_through_a_table_and_how_they_are_counted(served: Served) -> None:
    def said(**parameters: str) -> dict[str, Any]:
        asked = {"k": "9", "votes": "named", **parameters}
        answer = served.client.get("/similar/shapes/streak4", params=asked)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["votes"]
        return found

    def smooth(found: dict[str, Any]) -> dict[str, Any]:
        return next(one for one in found["fractions"] if (one["feature"], one["kind"]) == ("smooth", "joint"))

    found = said(through="links:id:voted")
    assert found["joined"] == {
        "how": "through", "images": 20, "with_votes": 16,
        "words": "joined through links (id of images, voted of votes), 16 of 20 images",
    }  # fmt: skip
    assert (found["with_votes"], found["collection_galaxies"]) == (5, 16)  # streak4 is none of its own neighbours
    assert found["base"] == "the 16 images of shapes that have votes in named"
    assert (found["options"]["measure"], smooth(found)["fraction"]) == ("debiased", pytest.approx(0.25))
    assert found["distances"]["outlier_score"] > 0
    plain = said(through="links:id:voted", measure="votes", base="all")
    assert (plain["options"]["measure"], smooth(plain)["fraction"]) == ("votes", pytest.approx(2 / 40))
    assert (plain["collection_galaxies"], plain["base"]) == (20, "all 20 galaxies of named")
    narrow = said(through="links:id:voted", where="id LIKE 'blob%'")
    assert (narrow["with_votes"], narrow["collection_galaxies"]) == (9, 10)
    nothing = said()
    assert (nothing["with_votes"], nothing["joined"]["how"]) == (0, "none")
    assert "images are called as 'blob10' is, votes by the column id as '5" in nothing["joined"]["words"]
    assert nothing["interpretation"]["cautions"][0] == "No neighbour has votes."


def bomb() -> bytes:
    """A PNG file of some bytes that says it has 20,000 x 20,000 pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b"")


HOSTILE = {
    "bomb": (bomb(), "too many pixels: 20,000 x 20,000, and SKYBAND_UPLOAD_IMAGE_MAX_PIXELS is 1,000,000"),
    "too long": (png(1) + bytes(300_000), "200,000"),
    "nothing": (b"", "empty"),
    "text": (b"this is no picture", "no image of a kind skyband takes"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "SVG"),
    "truncated": (jpeg(1)[: len(jpeg(1)) // 2], "truncated"),
    "polyglot": (jpeg(1) + zip_file(), "more than an image"),
    "page in a PNG": (png(1) + b"<script>alert(1)</script>" * 20, "more than an image"),
    "animation": (
        saved(Image.new("RGB", (9, 9)), "WEBP", save_all=True, append_images=[Image.new("RGB", (9, 9), "red")]),
        "animated",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_uploads_are_refused_by_name(served: Served, name: str) -> None:
    data, message = HOSTILE[name]
    answer = served.client.post("/similar/shapes", files={"good": ("good.png", png(3)), "bad": (f"{name}.jpg", data)})
    assert answer.status_code == (413 if name == "too long" else 400)
    text = answer.json()["error"]["message"]
    assert message in text
    assert name in text
    assert str(Path(served.url)) not in text


def test_after_hostile_uploads_the_service_answers_and_nothing_is_left(served: Served, shapes: Store) -> None:
    for data, _ in HOSTILE.values():
        served.client.post("/similar/shapes", files={"file": ("x", data)})
    source = (shapes.path.parent / "blob12.png").read_bytes()
    nearest = {"k": "1", "exclude_arcsec": "0"}
    [row] = json_rows(served.client.post("/similar/shapes", data=nearest, files={"file": ("x.png", source)}))
    assert row["id"] == "blob12"
    assert not list(shapes.path.glob(".spill-*/file-*"))


def test_a_body_of_100_mb_is_refused_before_it_is_kept(served: Served) -> None:
    answer = served.client.post("/similar/shapes", files={"file": ("big.png", bytes(100_000_000))})
    assert answer.status_code == 413
    assert "big.png" in answer.json()["error"]["message"]


def test_files_in_one_field_are_told_apart(served: Served, shapes: Store) -> None:
    blob, streak = ((shapes.path.parent / f"{name}.png").read_bytes() for name in ("blob12", "streak1"))
    for names, targets in (
        (("a.png", "b.png"), {"a.png", "b.png"}),
        (("a.png", "a.png"), {"file", "file-2"}),
        (("streak7", "file"), {"file", "file-2"}),
    ):
        answer = served.client.post(
            "/similar/shapes",
            data={"k": "1", "id": "streak7", "exclude_arcsec": "0"},
            files=[("file", (names[0], blob)), ("file", (names[1], streak))],
        )
        found = {row["target"]: row["id"] for row in json_rows(answer)}
        assert found.pop("streak7") != "streak7"
        assert (set(found), set(found.values())) == (targets, {"blob12", "streak1"})


@pytest.mark.parametrize(
    ("path", "data", "files", "status", "message"),
    [
        ("/similar/shapes", {}, {}, 400, "the form names nothing"),
        ("/similar/shapes", {"id": "streak1"}, {"streak1": ("streak1", png(1))}, 400, "both called 'streak1'"),
        ("/similar/nothing", {"id": "x"}, {}, 404, "nothing"),
        ("/similar/votes", {}, {"file": ("x.png", png(1))}, 404, "no collection 'votes'"),
        ("/similar/shapes", {"id": "nobody"}, {}, 400, "'nobody'"),
        ("/similar/shapes", {"id": ["blob12", "blob13"], "votes": "votes"}, {}, 400, "one target"),
        ("/similar/shapes", {"id": "blob12", "votes": "shapes"}, {}, 400, "shapes"),
        ("/similar/shapes", {"id": "blob12", "votes": "votes", "through": "nothing"}, {}, 404, "nothing"),
        ("/similar/shapes", {"id": "blob12", "votes": "votes", "through": "votes"}, {}, 400, "IMAGE_COLUMN"),
        ("/similar/shapes", {"id": "blob12", "votes": "votes", "measure": "debiased"}, {}, 400, "'debiased'"),
        ("/similar/shapes", {"id": "blob12", "votes": "votes", "base": "half"}, {}, 400, "collection or all"),
        ("/similar/shapes", {"id": "blob12", "where": "1; DROP TABLE shapes"}, {}, 400, "syntax error"),
        ("/similar/shapes", {"id": "blob12", "where": "id IN (SELECT file FROM glob('/etc/*'))"}, {}, 400, "glob"),
        ("/similar/shapes", {"id": "blob12", "exclude_arcsec": "-1"}, {}, 400, "exclude_arcsec"),
        ("/similar/shapes", {"id": "blob12", "k": "2.7"}, {}, 400, "not a whole number"),
        ("/similar/shapes", {"id": "blob12", "ra": "7"}, {}, 400, "both ra and dec"),
    ],
)
def test_wrong_questions(
    served: Served, path: str, data: dict[str, Any], files: dict[str, Any], status: int, message: str
) -> None:
    answer = served.client.post(path, data=data, files=files)
    assert (answer.status_code, message.lower() in answer.text.lower()) == (status, True), answer.text


def test_the_process_may_die(served: Served, shapes: Store) -> None:
    source = (shapes.path.parent / "blob12.png").read_bytes()

    def nearest() -> str:
        asked = {"k": "1", "exclude_arcsec": "0"}
        [row] = json_rows(served.client.post("/similar", data=asked, files={"file": ("x.png", source)}))
        return str(row["id"])

    assert nearest() == "blob12"
    for process in encoder_processes(served.process.pid):
        os.kill(process, 9)
    assert nearest() == "blob12"


def encoder_processes(server: int) -> list[int]:
    """Process ids of a server's encoder, by what the system says."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == server and b"encoder_worker" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    assert found
    return found


def test_two_at_once(served: Served, shapes: Store) -> None:
    from concurrent.futures import ThreadPoolExecutor

    names = ["streak1", "blob12", "streak5", "blob17"]

    def nearest(name: str) -> str:
        source = (shapes.path.parent / f"{name}.png").read_bytes()
        with httpx.Client(base_url=served.url, timeout=60, trust_env=False) as client:
            asked = {"k": "1", "exclude_arcsec": "0"}
            [row] = json_rows(client.post("/similar", data=asked, files={"file": ("x.png", source)}))
        return str(row["id"])

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(nearest, names)) == names


def test_vectors_in_sql_are_the_services_alone(served: Served) -> None:
    answer = served.client.get("/sql", params={"query": "FROM similar('mine.png', 3, 'shapes')"})
    assert answer.status_code == 400
    assert "no id of collection" in answer.text
