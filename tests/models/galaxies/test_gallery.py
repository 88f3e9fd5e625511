"""Files of simulated galaxies and what simulated volunteers say of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from skyband.models.galaxies.gallery import SIDE, draw_gallery
from skyband.queries.morphology import Votes
from skyband.schema.columns import Column


def test_pictures_and_votes_of_the_wanted_types(tmp_path: Path) -> None:
    is_early = [True, False, False, True] * 20
    names = [f"g{number}" for number in range(80)]
    votes = draw_gallery(tmp_path / "pictures", is_early, names, seed=5)
    assert sorted(path.stem for path in (tmp_path / "pictures").iterdir()) == sorted(names)
    with Image.open(tmp_path / "pictures" / "g7.jpg") as picture:
        assert (picture.format, picture.size) == ("JPEG", (SIDE, SIDE))
    assert votes["id"].to_pylist() == names
    smooth = votes["smooth_or_features_smooth"].to_numpy()
    early = np.array(is_early)
    assert smooth[early].mean() > 35 > 20 > smooth[~early].mean()


def test_volunteers_are_asked_what_their_answers_lead_to(tmp_path: Path) -> None:
    votes = draw_gallery(tmp_path, [False] * 50, [str(number) for number in range(50)], seed=6)
    count = {name: votes[name].to_numpy() for name in votes.column_names if name != "id"}
    features = count["smooth_or_features_features_or_disk"]
    first = count["smooth_or_features_smooth"] + features + count["smooth_or_features_star_or_artifact"]
    assert (first == 40).all()
    assert (count["edgeon_yes"] + count["edgeon_no"] == features).all()
    for task in ("bar_bar", "spiral_spiral"):
        assert (count[task] + count[task.replace("_", "_no_", 1)] == count["edgeon_no"]).all()
    assert (count["odd_feature_ring"] + count["odd_feature_merger"] == count["odd_yes"]).all()
    columns = [Column(name, "BIGINT") for name in votes.column_names]
    assert Votes.of_columns("votes", "votes", columns, "id").tree.name == "simulated"


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        draw_gallery(tmp_path / folder, [True, False], ["x", "y"], seed=9)
    for name in ("x.jpg", "y.jpg"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
