"""`skyband images`: what it prints, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skyband.schema.store import Store
from tests.conftest import publish_rows
from tests.pictures import jpeg
from tests.places import image_server
from tests.server.conftest import Run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images and a file that is none."""
    path = tmp_path / "pics"
    path.mkdir()
    for number in range(2):
        (path / f"g{number}.jpg").write_bytes(jpeg(number))
    (path / "bad.jpg").write_bytes(b"<svg/>")
    return path


def test_adding_says_what_it_did(run: Run, store: Store, folder: Path) -> None:
    code, out, errors = run("images", "add", str(folder), "--collection", "gals", "--pixel-scale", "0.396")
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith("collection gals: 2 images (2 added; ")
    assert lines[0].endswith(" images/s)")
    assert lines[1:] == ["  rejected: 1 no image of a kind skyband takes"]
    assert errors.splitlines() == [f"rejected images are in {store.rejected_file('gals')}"]
    command = f"skyband images add {folder} --collection gals --pixel-scale 0.396"
    assert store.info("gals").version.command == command
    code, out, _ = run("images", "add", str(folder), "--collection", "gals", "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts.pop("seconds") > 0 and facts.pop("images_per_s") > 0
    assert facts == {
        "collection": "gals",
        "rows": 2,
        "added": 0,
        "replaced": 0,
        "updated": 0,
        "unchanged": 2,
        "rejected": {"no image of a kind skyband takes": 1},
        "rejected_file": str(store.rejected_file("gals")),
        "version": 1,
        "stopped": False,
        "notes": [],
    }


def test_collections_are_listed_and_shown(run: Run, store: Store, folder: Path) -> None:
    publish_rows(store, "stars", id=[1], ra=[1.0], dec=[2.0])
    run("images", "add", str(folder), "--collection", "gals", "--description", "Two of them", "--survey-scale", "0.4")
    code, out, _ = run("images", "list", "--json")
    assert code == 0
    [listed] = json.loads(out)
    assert {key: listed[key] for key in ("collection", "images", "with_position", "description")} == {
        "collection": "gals", "images": 2, "with_position": 0, "description": "Two of them",
    }  # fmt: skip
    assert "gals" in run("images", "list")[1]
    facts = json.loads(run("images", "show", "gals", "--json")[1])
    assert facts["formats"] == "{jpeg=2}"
    assert (facts["least_width"], facts["largest_width"], facts["least_height"]) == (40, 40, 30)
    assert (facts["least_pixel_scale"], facts["thumbnails"]) == (0.4, 2)
    assert facts["rejected"] == {"no image of a kind skyband takes": 1}
    code, out, _ = run("images", "show", "gals")
    assert code == 0
    assert [line.split(maxsplit=1) for line in out.splitlines()][:3] == [
        ["collection", "gals"], ["description", "Two of them"], ["images", "2"],
    ]  # fmt: skip
    code, _, errors = run("images", "show", "stars")
    assert (code, errors.strip()) == (
        2,
        "skyband: table 'stars' is no collection of images; see skyband describe stars",
    )


def test_removing_says_what_it_did(run: Run, store: Store, folder: Path) -> None:
    run("images", "add", str(folder), "--collection", "gals")
    code, _, errors = run("images", "remove", "gals", "g7")
    assert (code, errors) == (2, "skyband: 1 ids are not in collection 'gals': 'g7'; nothing was removed\n")
    code, out, _ = run("images", "remove", "gals", "g1", "--json")
    assert code == 0
    expected = {"collection": "gals", "rows": 1, "removed": 1, "vectors": 0, "thumbnails": 1, "version": 2}
    assert json.loads(out) == expected
    run("images", "add", str(folder), "--collection", "gals")
    code, out, errors = run("images", "remove", "gals", "g0")
    said = "collection gals: 1 images (1 removed, with 0 vectors and 1 thumbnails)\n"
    assert (code, out, errors) == (0, said, "")


def test_cutouts_from_a_service(run: Run, store: Store) -> None:
    publish_rows(store, "cat", id=[1, 2], ra=[10.0, 20.0], dec=[1.0, 2.0])
    with image_server() as served:
        served.put("/viewer/cutout.jpg", jpeg(1))
        arguments = (
            "images",
            "cutouts",
            "cat",
            "--collection",
            "gals",
            "--service",
            "legacy",
            "--base-url",
            served.url,
        )
        code, out, errors = run(*arguments, "--where", "id = 2", "--size-px", "40")
        assert (code, errors) == (0, "")
        assert out.startswith("collection gals: 1 images (1 added; ")
        assert [path.partition("&")[0] for path in served.asked] == ["/viewer/cutout.jpg?ra=20.0000000"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "nosuch.jpg", "--collection", "gals"], "no such file"),
        (["add", "nosuch.jpg"], "--collection"),
        (["add", "--collection", "gals"], "SOURCE"),
        (["add", "x.jpg", "--collection", "gals", "--limit", "0"], "--limit"),
        (["add", "x.jpg", "--collection", "No"], "cannot name a table"),
        (["cutouts", "nosuch", "--collection", "gals", "--service", "sdss"], "no table 'nosuch'"),
        (["cutouts", "nosuch", "--collection", "gals", "--service", "hst"], "take one of sdss, legacy"),
        (["show", "nosuch"], "no table 'nosuch'"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(run: Run, store: Store, arguments: list[str], words: str) -> None:
    code, out, errors = run("images", *arguments)
    assert (code, out) == (2, "")
    assert words in errors
    assert "Traceback" not in errors
    assert store.names() == []
