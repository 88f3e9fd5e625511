"""Decision trees as data."""

from __future__ import annotations

from pathlib import Path

import pytest

from skyband.queries.morphology import load_tree, tree_names
from skyband.schema.errors import BadFile, BadOption
from skyband.schema.survey import load_survey
from tests.queries.morphology.conftest import QUESTIONS

SMALL = """
title = "Two questions"
citation = "nobody"
[columns]
count = "{task}_{answer}"
[landmarks]
smooth = "shape.smooth"
features = "shape.disk"
not_edge_on = "shape.disk"
spiral = "arms.yes"
[[tasks]]
name = "shape"
question = "?"
answers = [{ name = "smooth", text = "smooth" }, { name = "disk", text = "disk", next = "arms" }]
[[tasks]]
name = "arms"
question = "?"
answers = [{ name = "yes", text = "yes" }, { name = "no", text = "no" }]
[[features]]
name = "spiral"
answers = ["arms.yes"]
[[classes]]
name = "smooth"
answers = ["shape.smooth"]
"""


def test_galaxy_zoo_2_is_the_tree_of_the_paper() -> None:
    tree = load_tree("gz2")
    assert {task.name: {a.name: a.next for a in task.answers} for task in tree.tasks} == dict(QUESTIONS)
    turns = [task.name for task in tree.asked_in_turn]
    assert sorted(turns) == sorted(QUESTIONS)
    for task, answers in QUESTIONS.items():
        assert all(turns.index(task) < turns.index(after) for after in answers.values() if after)


def test_its_columns_are_those_of_the_survey() -> None:
    tree, survey = load_tree("gz2"), {column.name for column in load_survey("gz2_hart16").columns}
    measures = ("count", "weight", "fraction", "weighted_fraction", "debiased", "flag")
    columns = {tree.column(m, task.name, a.name) for m in measures for task in tree.tasks for a in task.answers}
    assert len(columns) == 37 * 6
    assert columns == {name for name in survey if name.startswith("t") and name[1:3].isdigit()}
    assert set(tree.class_columns) & survey == {"gz2_class"}
    assert {tree.total_votes, tree.total_classifications} <= survey


@pytest.mark.parametrize(
    ("answer", "least", "most"),
    [
        ("t01_smooth_or_features.a01_smooth", 3, 4),  # how rounded, anything odd, (what)
        ("t01_smooth_or_features.a03_star_or_artifact", 1, 1),
        ("t02_edgeon.a04_yes", 4, 5),
        ("t04_spiral.a08_spiral", 8, 9),
        ("t04_spiral.a09_no_spiral", 6, 7),
        ("t01_smooth_or_features.a02_features_or_disk", 4, 9),
    ],
)
def test_volunteers_are_asked_as_many_questions_as_by_hand(answer: str, least: int, most: int) -> None:
    assert load_tree("gz2").questions(answer) == (least, most)


def test_every_tree_of_the_package_loads() -> None:
    assert tree_names() == ("gz2", "gz_decals", "simulated")
    for name in tree_names():
        tree = load_tree(name)
        assert [feature.name for feature in tree.features] == ["smooth", "edge-on", "spiral", "bar", "merger"]
    assert load_tree("simulated").column("count", "t04_spiral", "a08_spiral") == "spiral_spiral"
    assert load_tree("simulated").column("debiased", "t04_spiral", "a08_spiral") == ""
    decals = load_tree("gz_decals")
    assert decals.column("fraction", "disk-edge-on", "yes") == "disk-edge-on_yes_fraction"
    assert decals.questions("has-spiral-arms.yes") == (8, 8)


def test_a_store_has_trees_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "trees").mkdir()
    (tmp_path / "trees" / "mine.toml").write_text(SMALL)
    (tmp_path / "trees" / "gz2.toml").write_text('extends = "gz2"\ntitle = "Mine"')
    assert tree_names(tmp_path) == ("gz2", "gz_decals", "mine", "simulated")
    assert load_tree("mine", tmp_path).questions("arms.yes") == (2, 2)
    assert load_tree("gz2", tmp_path).title == "Mine"
    assert load_tree("gz2", tmp_path).tasks == load_tree("gz2").tasks
    assert load_tree(str(tmp_path / "trees" / "mine.toml")).title == "Two questions"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[columns]", "colour = 1\n[columns]", "unknown key 'colour'"),
        ('count = "', 'votes = "', "unknown key 'votes'"),
        ("{answer}", "{vote}", "may hold"),
        ('next = "arms"', 'next = "legs"', "leads to 'legs', which is no task"),
        ('name = "yes", text = "yes"', 'name = "yes", text = "yes", next = "shape"', "lead back"),
        ('spiral = "arms.yes"', 'spiral = "arms.many"', "no answer 'arms.many'"),
        ('answers = ["arms.yes"]', 'answers = ["arms.yes", "shape.disk"]', "must be of one task"),
        ('name = "arms"', 'name = "shape"', "there twice"),
        ('{ name = "yes", text = "yes" }, ', "", "two answers or more"),
        ('title = "Two questions"', "title = 2", "must be a text"),
        ('title = "Two questions"', 'extends = "other"', "'extends' must name"),
        ('title = "Two questions"', 'extends = "mine"', "'extends' must name"),
        ('name = "disk", text = "disk"', 'name = "disk"', "'text' is missing"),
        ("[[tasks]]", "[[tasks", "cannot be read as TOML"),
    ],
)
def test_wrong_trees_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in SMALL
    path = tmp_path / "mine.toml"
    path.write_text(SMALL.replace(old, new))
    with pytest.raises(BadFile, match=message):
        load_tree(str(path))


@pytest.mark.parametrize(
    ("key", "message"),
    [("classes = 3", "'classes' must be a list of tables"), ("tasks = []", "no tasks"), ("landmarks = 1", "a table")],
)
def test_wrong_parts_of_an_extended_tree_are_refused(tmp_path: Path, key: str, message: str) -> None:
    (tmp_path / "mine.toml").write_text(f'extends = "gz2"\n{key}')
    with pytest.raises(BadFile, match=message):
        load_tree(str(tmp_path / "mine.toml"))


def test_a_tree_that_is_not_there_is_named() -> None:
    with pytest.raises(BadOption, match=r"no decision tree 'gz3': take one of gz2, gz_decals, simulated"):
        load_tree("gz3")
    with pytest.raises(BadFile, match=r"nowhere\.toml: cannot be read"):
        load_tree("nowhere.toml")
