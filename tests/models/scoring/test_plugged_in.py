"""Members that other packages bring as entry points."""

from __future__ import annotations

from pathlib import Path

import pytest

from skyband.models.classifier.classifier import Classifier
from skyband.models.features import FeatureOptions
from skyband.models.scoring.score_table import score_table
from skyband.models.scoring.train_table import train_on_table
from skyband.queries import Sky
from skyband.schema.errors import BadFile, BadOption


def install(folder: Path, what: str) -> None:
    """What pip writes of a package with a learner."""
    about = folder / "nearest-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: nearest\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[skyband.learners]\nnearest = {what}\n")


def test_a_member_of_another_package_learns_and_scores(
    sky: Sky, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "site", "tests.models.classifier.nearest:Nearest")
    options = FeatureOptions(groups=("colours",))
    with monkeypatch.context() as installed:
        installed.syspath_prepend(tmp_path / "site")
        model = train_on_table(sky, "known", "kind", "kinds", options, budget_s=1).model
        classifier = Classifier.load(model.folder)
        assert list(classifier.manifest["members"]) == ["boosting", "forest", "network", "nearest"]
        assert "members/classes-nearest.bytes" in classifier.manifest["files"]
        assert score_table(sky, "others", model).rows == 500
    with pytest.raises(BadFile, match="members of kinds not known here: nearest; install the packages"):
        Classifier.load(model.folder)


def test_a_package_that_cannot_be_loaded_is_named(sky: Sky, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "site", "absent.package:Learner")
    monkeypatch.syspath_prepend(tmp_path / "site")
    with pytest.raises(BadOption, match=r"the learner nearest \(absent.package:Learner\) cannot be loaded: No module"):
        train_on_table(sky, "known", "kind", "kinds", FeatureOptions(groups=("colours",)), budget_s=1)
