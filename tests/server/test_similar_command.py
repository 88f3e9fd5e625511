"""`skyband embed`, `similar`, `train-encoder` and `encoder-card`, as people type them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from skyband.schema.store import Store
from tests.pictures import fits_file, fluxes, streak_or_blob, wcs_header
from tests.server.conftest import Run

ONE_VIEW = ("--views", "1", "--device", "cpu")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Ten thin streaks and ten round blobs."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number in range(20):
        is_streak = number < 10
        path = folder / f"{'streak' if is_streak else 'blob'}{number}.png"
        path.write_bytes(streak_or_blob(rng, is_streak=is_streak))
    return folder


@pytest.fixture
def embedded(run: Run, store: Store, pictures: Path, tmp_path: Path) -> Path:
    """The pictures as collection `shapes`, the streaks 1 degree apart in the sky; returns their folder."""
    lines = [
        f"{path},{path.stem},{path.stem.strip('abekolrst')},{0 if 'streak' in path.stem else 40}"
        for path in sorted(pictures.iterdir())
    ]
    (tmp_path / "list.csv").write_text("path,id,ra,dec\n" + "\n".join(lines))
    assert run("images", "add", str(tmp_path / "list.csv"), "--collection", "shapes")[0] == 0
    code, out, err = run("embed", "shapes", *ONE_VIEW)
    assert (code, err) == (0, "")
    assert out.startswith("shapes: 20 images encoded by skyband-vit in ")
    return pictures


def test_shapes_find_their_likes(run: Run, embedded: Path) -> None:
    code, out, _ = run("similar", "streak3", "-k", "5", "--json", *ONE_VIEW)
    answer = json.loads(out)
    assert code == 0
    assert answer["target"] == "image streak3"
    assert len(answer["neighbours"]) == 5
    assert all(row["id"].startswith("streak") and row["id"] != "streak3" for row in answer["neighbours"])
    assert answer["neighbours"][0]["target_sep_arcsec"] > 3000
    assert (answer["searched"], answer["recall"], answer["rows"]) == ("exact", 1.0, 20)


def test_an_image_from_elsewhere_and_a_position_are_targets(run: Run, embedded: Path, tmp_path: Path) -> None:
    turned = tmp_path / "mine.jpg"
    Image.open(embedded / "blob14.png").rotate(90).save(turned, quality=95)
    answer = json.loads(run("similar", str(turned), "-k", "1", "--json", *ONE_VIEW)[1])
    assert answer["target"] == "mine.jpg"
    assert answer["neighbours"][0]["id"].startswith("blob")
    answer = json.loads(run("similar", "4.001,0", "-k", "3", "--json")[1])
    assert answer["target"] == "image streak4, the nearest to 4.001,0 (3.6 arcsec away)"
    assert answer["position_sep_arcsec"] == pytest.approx(3.6)


def test_an_image_file_is_where_its_header_says(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "fits"
    folder.mkdir()
    for number, dec in enumerate((0.0, 0.02, 0.5, 1.0)):
        header = wcs_header(30.0, dec, 0.4, 40, 40)
        (folder / f"f{number}.fits").write_bytes(fits_file(fits.PrimaryHDU(fluxes(number, 40, 40), header)))
    assert run("images", "add", str(folder), "--collection", "cutouts")[0] == 0
    assert run("embed", "cutouts", *ONE_VIEW)[0] == 0
    asked = ("similar", str(folder / "f0.fits"), "--json", *ONE_VIEW)
    answer = json.loads(run(*asked)[1])
    assert {row["id"] for row in answer["neighbours"]} == {"f2", "f3"}
    assert answer["dropped"] == {"itself": 1, "same_position": 1, "repeated": 0}
    assert sorted(row["target_sep_arcsec"] for row in answer["neighbours"]) == pytest.approx([1800, 3600], rel=1e-6)
    everything = json.loads(run(*asked, "--exclude-arcsec", "0")[1])
    assert everything["neighbours"][0]["id"] == "f0"
    assert (len(everything["neighbours"]), everything["dropped"]["itself"]) == (4, 0)


def test_conditions_and_exclusion(run: Run, embedded: Path) -> None:
    asked = ("similar", "streak3", "-k", "20", "--json")
    only = json.loads(run(*asked, "--where", "dec = 40 AND id IN (SELECT id FROM shapes WHERE ra >= 15)")[1])
    assert {row["id"] for row in only["neighbours"]} == {f"blob{number}" for number in range(15, 20)}
    far = json.loads(run(*asked, "--exclude-arcsec", "7300")[1])
    assert far["dropped"]["same_position"] == 4  # 1, 2, 4 and 5: up to two degrees away
    assert not {row["id"] for row in far["neighbours"]} & {f"streak{number}" for number in (1, 2, 3, 4, 5)}


def test_the_answer_as_a_table_a_file_and_a_picture(run: Run, embedded: Path, tmp_path: Path) -> None:
    code, out, err = run("similar", "streak3", "-k", "4", "--montage", str(tmp_path / "m.png"))
    assert code == 0
    assert err.startswith(
        "image streak3: 4 of 20 images of shapes (exact search, recall 1); left out: 1 itself, 0 at the same"
    )
    assert "similarity" in out and "streak" in out
    assert "source" not in out and "checksum" not in out
    with Image.open(tmp_path / "m.png") as montage:
        assert montage.format == "PNG" and min(montage.size) > 100
    assert run("similar", "streak3", "-k", "4", "-o", str(tmp_path / "near.csv"))[0] == 0
    with (tmp_path / "near.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["rank"]) for row in rows] == [1, 2, 3, 4]
    assert list(rows[0])[:4] == ["rank", "similarity", "target_sep_arcsec", "id"]
    assert {"source", "checksum"} <= set(rows[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing",), "'nothing' is no id of collection 'shapes', and no position"),
        (("missing.jpg",), "there is no file missing.jpg, and 'missing.jpg' is no id of collection 'shapes'"),
        (
            ("4,-1",),
            "no image of collection 'shapes' is within 60 arcsec of 4,-1: the nearest, streak4, is 60 arcmin away",
        ),
        (("4,-95",), "dec -95 is not in -90 to 90 degrees"),
        (("streak3", "--collection", "other"), "no collection 'other'"),
        (("streak3", "--where", "colour > 2"), "--where: query failed"),
        (("streak3", "--votes", "nothing"), "nothing"),
        (("streak3", "--charts", "there"), "give --votes TABLE too"),
        (("streak3", "--through", "there"), "--through is of votes: give --votes TABLE too"),
    ],
)
def test_wrong_questions(run: Run, embedded: Path, arguments: tuple[str, ...], message: str) -> None:
    code, _, err = run("similar", *arguments)
    assert code == 2
    assert message in err


def test_files_that_are_no_images_and_encoders_that_do_not_fit(run: Run, embedded: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"<svg></svg>")
    code, _, err = run("similar", str(tmp_path / "bad.jpg"), *ONE_VIEW)
    assert (code, "image" in err) == (2, True)
    code, _, err = run("similar", str(embedded / "blob14.png"), "--views", "8", "--device", "cpu")
    assert code == 2
    assert "of another origin: views is 8 and not 1" in err


def test_the_projection_of_a_collection_is_applied_to_images_from_elsewhere(
    run: Run, embedded: Path, store: Store, tmp_path: Path
) -> None:
    code, _, err = run("embed", "shapes", "--pca", "3")
    assert code == 2
    assert "the vectors of collection 'shapes' are not projected" in err
    assert run("vectors", "drop", "shapes") == (0, "", "dropped the vectors of shapes\n")
    code, out, _ = run("embed", "shapes", "--pca", "3", *ONE_VIEW)
    assert code == 0
    shown = out.splitlines()[1].strip()
    assert shown.startswith("3 principal components hold ")
    assert shown.endswith(" % of the variance of the vectors of 20 images, which have 96 dimensions")
    facts = json.loads(run("embed", "shapes", "--json")[1])
    assert (facts["embedded"], facts["unchanged"], facts["provenance"]["views"]) == (0, 20, 1)
    kept = facts["projection"]
    assert (kept["dimensions"], kept["from_dimensions"], kept["fitted_to_images"]) == (3, 96, 20)
    assert 0 < kept["explained_variance"] <= 1
    assert f"projection     {shown}" in run("vectors", "show", "shapes")[1]
    turned = tmp_path / "mine.jpg"
    Image.open(embedded / "blob14.png").rotate(90).save(turned, quality=95)
    answer = json.loads(run("similar", str(turned), "-k", "1", "--json")[1])
    assert answer["neighbours"][0]["id"].startswith("blob")
    code, _, err = run("similar", str(turned), "--encoder", "vit_tiny_patch16_224")
    assert code == 2
    assert "another origin: encoder is 'vit_tiny_patch16_224' and not 'skyband-vit'" in err
    run("vectors", "drop", "shapes")
    assert list((store.path / "vectors").glob("*.safetensors")) == []


def test_a_store_without_vectors_says_what_to_do(run: Run) -> None:
    code, _, err = run("similar", "streak3")
    assert code == 2
    assert "skyband embed" in err


def test_votes_of_neighbours_are_put_into_words(run: Run, embedded: Path, make_table: object) -> None:
    assert callable(make_table)
    ids = [f"streak{number}" for number in range(10)] + [f"blob{number}" for number in range(10, 20)]
    counts = [(2, 38) if name.startswith("streak") else (37, 3) for name in ids]
    make_table(
        "votes", id=ids, ra=[float(n) for n in range(20)], dec=[0.0] * 20,
        t01_smooth_or_features_a01_smooth_count=[smooth for smooth, _ in counts],
        t01_smooth_or_features_a02_features_or_disk_count=[features for _, features in counts],
        t01_smooth_or_features_a03_star_or_artifact_count=[0] * 20,
    )  # fmt: skip
    code, out, _ = run("similar", "streak3", "-k", "9", "--votes", "votes", "--json")
    assert code == 0
    said = json.loads(out)["votes"]
    assert (said["neighbours"], said["with_votes"]) == (9, 9)
    smooth = next(one for one in said["fractions"] if one["feature"] == "smooth")
    assert smooth["fraction"] == pytest.approx(0.05, abs=0.01)
    assert said["distances"]["outlier_score"] > 0


def test_votes_of_galaxy_zoo_join_through_the_names_of_its_files(run: Run, pictures: Path, tmp_path: Path) -> None:
    """Pictures that are called by their asset ids, votes by the objID of SDSS: the table between them is found."""
    named = tmp_path / "assets"
    named.mkdir()
    for number, path in enumerate(sorted(pictures.iterdir())):
        (named / f"{1000 + number}.png").write_bytes(path.read_bytes())
    count = "t01_smooth_or_features_a01_smooth_count,t01_smooth_or_features_a02_features_or_disk_count"
    votes, files = (
        [f"dr7objid,ra,dec,{count},t01_smooth_or_features_a03_star_or_artifact_count"],
        ["objid,sample,asset_id"],
    )
    for number, path in enumerate(sorted(pictures.iterdir())):
        name = 587722981736120000 + number
        smooth = 37 if path.stem.startswith("blob") else 2
        votes.append(f"{name},{number},-60,{smooth},{40 - smooth},0")
        files.append(f"{name},original,{1000 + number}")
    # A galaxy that has no picture here is not of the base.
    votes.append("587722981736129999,100,-60,0,40,0")
    for table, survey, lines in (("gz2", "gz2_hart16", votes), ("files", "gz2_filename_mapping", files)):
        (tmp_path / f"{table}.csv").write_text("\n".join(lines))
        assert run("ingest", str(tmp_path / f"{table}.csv"), "--table", table, "--survey", survey)[0] == 0
    assert run("images", "add", str(named), "--collection", "assets")[0] == 0
    assert run("embed", "assets", *ONE_VIEW)[0] == 0
    asked = ("similar", "1003", "--collection", "assets", "-k", "5", "--votes", "gz2")
    code, _, err = run(*asked)
    assert code == 0
    assert "5 of 5 neighbours" in err
    assert "base: the 20 images of assets that have votes in gz2" in err
    assert "- votes: joined through files (asset_id of images, objid of votes), which is there, 20 of 20 images." in err
    assert "times as far as neighbours of a typical galaxy" in err
    told = json.loads(run(*asked, "--through", "files:asset_id:objid", "--base", "all", "--json")[1])["votes"]
    assert (told["joined"]["how"], told["with_votes"], told["collection_galaxies"]) == ("through", 5, 21)
    assert told["base"] == "all 21 galaxies of gz2"
    code, _, err = run("morphology", "assets", "--votes", "gz2", "-k", "4", "--all")
    assert code == 0
    assert "votes: joined through files (asset_id of images, objid of votes), which is there, 20 of 20 images" in err


def test_training_writes_weights_that_encode(run: Run, pictures: Path, tmp_path: Path) -> None:
    weights = tmp_path / "mine.safetensors"
    code, out, err = run(
        "train-encoder", "-o", str(weights), "--steps", "2", "--device", "cpu", "--real", str(pictures)
    )
    assert (code, err) == (0, "")
    assert out.splitlines()[0].endswith("after 2 steps")
    code, out, _ = run("encoder-card", "--weights", str(weights), "--simulated", "100", "-o", str(tmp_path / "card.md"))
    assert code == 0
    card = (tmp_path / "card.md").read_text()
    assert card.startswith("# skyband-vit")
    assert "real_pictures 20" in card and "On 100 simulated galaxies" in card
