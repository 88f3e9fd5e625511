"""Trainings and scorings that were broken off go on, and mix nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from skyband.models.classifier.members.boosting import Boosting
from skyband.models.classifier.progress import Progress
from skyband.models.features import FeatureOptions
from skyband.models.scoring import score_parts
from skyband.models.scoring.score_table import score_table
from skyband.models.scoring.shelf import find_model, model_names, model_versions
from skyband.models.scoring.train_table import TrainingReport, train_on_table
from skyband.models.templates.library import packaged
from skyband.models.templates.run import fit_templates
from skyband.queries import Sky
from skyband.schema.errors import BadTable, TableLocked
from skyband.schema.locks import writer_lock
from tests.conftest import publish_rows

from .conftest import sources, trained


def stop(progress: Progress) -> None:
    if progress.fold == 1:
        raise KeyboardInterrupt


def broken_off(sky: Sky, **options: Any) -> None:
    """A training that is interrupted once its first fold is done."""
    with pytest.raises(KeyboardInterrupt):
        trained(sky, on_progress=stop, **options)


def gone_on(sky: Sky, **options: Any) -> TrainingReport:
    """A training that does not do its first fold anew."""
    seen: list[Progress] = []
    report = trained(sky, on_progress=seen.append, **options)
    assert not [one for one in seen if one.fold == 0]
    return report


def members(report: TrainingReport) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in report.model.folder.glob("members/*")}


def test_the_same_training_goes_on_and_another_is_the_next_version(sky: Sky) -> None:
    broken_off(sky)
    assert [one.is_finished for one in model_versions(sky.store, "kinds")] == [False]
    assert model_names(sky.store) == []
    again, whole = gone_on(sky), trained(sky, "whole")
    assert again.model.title == "kinds@1"
    assert members(again) == members(whole) != {}

    broken_off(sky)
    told: list[str] = []
    other = trained(sky, seed=5, note=told.append)
    assert other.model.title == "kinds@3"
    assert any("kinds@2 is another training" in text for text in told)
    assert find_model(sky.store, "kinds@1").version == 1
    assert find_model(sky.store, "kinds").version == 3


def test_a_training_goes_on_whatever_versions_came_after(sky: Sky) -> None:
    broken_off(sky)
    broken_off(sky, seed=4)
    assert trained(sky, seed=5).model.title == "kinds@3"
    # A process that was killed before it noted what it had begun, and one that trains something else just now.
    (sky.store.path / "models" / "kinds" / "4").mkdir()
    with writer_lock(sky.store.path / "models" / "kinds" / "2" / ".2.lock"):
        again = gone_on(sky)
        assert again.model.title == "kinds@1"
        with pytest.raises(TableLocked, match="another writer holds '2'"):
            trained(sky, seed=4)
    assert members(again) == members(trained(sky, "whole")) != {}
    broken_off(sky, seed=6)
    assert {one.version: one.is_finished for one in model_versions(sky.store, "kinds")} == {
        1: True, 2: False, 3: True, 4: False, 5: False
    }  # fmt: skip


def test_a_training_goes_on_though_its_table_got_columns_and_not_with_other_rows(sky: Sky) -> None:
    everything = FeatureOptions(groups=("all",))
    broken_off(sky, options=everything)
    before = sky.table("known").version.version_id
    other = trained(sky, "other", seed=3)
    score_table(sky, "known", other.model)
    fit_templates(sky, "known", packaged())
    again = gone_on(sky, options=everything)
    assert again.model.title == "kinds@1"
    assert again.classifier.manifest["data"]["table_version"] == sky.table("known").version.version_id != before

    for change in ({"kind": np.roll(sources(1, 600)["kind"], 1)}, {"g": sources(1, 600)["g"] + 0.01}):
        publish_rows(sky.store, "known", **sources(1, 600) | change)
        broken_off(sky)
    assert [one.is_finished for one in model_versions(sky.store, "kinds")] == [True, False, False]


def test_a_scoring_that_was_broken_off_goes_on(sky: Sky, score: Callable[..., Any]) -> None:
    trained(sky)
    folder = find_model(sky.store, "kinds").folder / "scores"

    def parts() -> dict[str, int]:
        return {path.name: path.stat().st_ino for path in folder.glob("*/part-*.parquet")}

    def stop(done: int, total: int | None) -> None:
        if done > 150:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(sky, "others", on_progress=stop)
    before = parts()
    assert sorted(before) == ["part-00000.parquet", "part-00001.parquet"]
    assert sky.table("others").version.version == 1
    seen: list[dict[str, int]] = []
    score(sky, "others", on_progress=lambda done, total: seen.append(parts()))
    assert seen[-1].items() >= before.items()
    assert len(seen[-1]) == 5
    assert not list(folder.glob("others-*"))
    [(rows, classes)] = sky.sql("SELECT count(*), count(class) FROM others").rows()
    assert (rows, classes) == (500, 500)


def light_curves(seed: int) -> dict[str, Any]:
    """Columns of a table of light curves of `known`, ten points each."""
    random = np.random.default_rng(seed)
    return {
        "id": np.arange(6_000), "ra": np.zeros(6_000), "dec": np.zeros(6_000),
        "object_id": 1000 + np.arange(6_000) // 10, "mjd": 59_000 + np.arange(6_000) % 10 * 3.0,
        "mag": random.normal(18, 0.3, 6_000), "mag_error": np.full(6_000, 0.05),
    }  # fmt: skip


def test_light_curves_of_two_versions_are_not_mixed(sky: Sky, score: Callable[..., Any]) -> None:
    publish_rows(sky.store, "curves", **light_curves(1))
    options = FeatureOptions(groups=("colours", "variability"), light_curves="curves", neighbours="others")
    report = train_on_table(sky, "known", "kind", "kinds", options, budget_s=1, learners=(Boosting(),))
    data = report.classifier.manifest["data"]
    for what, name in (("table", "known"), ("labels", "known"), ("light_curves", "curves"), ("neighbours", "others")):
        assert data[f"{what}_version"] == sky.table(name).version.version_id

    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    def publish(done: int, total: int | None) -> None:
        publish_rows(sky.store, "curves", **light_curves(3))

    with pytest.raises(KeyboardInterrupt):
        score(sky, "known", on_progress=stop)
    publish_rows(sky.store, "curves", **light_curves(2))
    score(sky, "known")
    score(sky, "known", prefix="whole_")
    [(rows, differ)] = sky.sql("SELECT count(*), count(*) FILTER (p_star <> whole_p_star) FROM known").rows()
    assert (rows, differ) == (600, 0)
    with pytest.raises(BadTable, match="table 'curves' was published anew since its features were opened"):
        score(sky, "known", prefix="third_", on_progress=publish)


def test_parts_of_another_size_are_not_mixed(
    sky: Sky, score: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(sky)

    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(sky, "others", on_progress=stop)
    monkeypatch.setattr(score_parts, "_PART_ROWS", 250)
    assert score(sky, "others").rows == 500
