"""`skyband validate`, as people type it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from skyband.schema.store import Store
from tests.server.conftest import Run
from tests.server.reading import WellFormed


@pytest.fixture
def validate(run: Run, classified: Store) -> Callable[..., tuple[int, str, str]]:
    """Run `skyband validate ...` on the store of a small classifier."""
    return lambda *arguments: run("validate", *arguments, "--store", str(classified.path))


def test_a_model_is_validated_in_words_plots_and_numbers(
    validate: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    file = tmp_path / "pages" / "kinds.html"
    code, out, err = validate("kinds", "--leak", "--faint", "--confirm", "spectrum", "-o", str(file), "--json")
    assert (code, err) == (0, f"report written to {file}\n")
    said = json.loads(out)
    assert (said["model"], said["scores"]["rows"]) == ("kinds@1", 900)
    assert said["scores"]["accuracy"] > 0.9
    page = file.read_text()
    parser = WellFormed()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))
    titles = {"classes", "prevalence", "by-magnitude", "the-faintest-objects", "by-missing-bands", "held-out-sky"}
    titles |= {"conformal-sets", "spectroscopic-confirmation", "baselines", "importances", "shap-values"}
    assert titles | {"summary", "what-missing-bands-give-away", "how-it-was-made"} <= set(parser.ids)
    assert parser.count["svg"] == 9
    # What a name refers to is there, and nothing comes from elsewhere.
    assert set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", page)) <= set(parser.ids)
    assert not re.findall(r"(?:src|href)=\"(?!#|data:)[^\"]*|url\((?!#)[^)]*|@import", page)
    pixels = " ".join(map(str, said["folds"][0]["pixels"]))
    assert f"<code>{pixels}</code>" in page


def test_the_same_for_people(validate: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = validate("kinds@1", "--prior", "galaxy=0.5,quasar=0.01,star=0.45,white_dwarf=0.04")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("model ") and "kinds@1: galaxy, quasar, star, white_dwarf" in lines[0]
    assert any(line.startswith("at sky prevalence") for line in lines)
    for title in ("Classes", "Prevalence", "By missing bands", "Conformal sets", "Baselines", "Not there"):
        assert title in lines
    assert "  what missing bands give away: not asked for (--leak)" in lines
    assert "SHAP values" not in lines


def test_a_table_held_out(validate: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    code, out, _ = validate("kinds", "others", "--label", "kind", "--leak", "-o", str(tmp_path / "o.html"))
    assert code == 0
    assert re.search(r"^the model itself, other bands hidden +\d+ ", out, re.MULTILINE)
    assert "400 labelled rows of others, scored by kinds@1" in out
    assert "by the model, on rows it has not learnt from" in (tmp_path / "o.html").read_text().lower()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing",), "no model 'nothing'"),
        (("kinds", "--label", "kind"), "name the table too"),
        (("kinds", "--input", "u=u"), "name the table too"),
        (("kinds", "missing"), "missing"),
        (("kinds", "others", "--label", "no"), "no column 'no'"),
        (("kinds", "--confirm", "no"), "no column 'no'"),
        (("kinds", "--confirm", "u"), "no spectroscopic class"),
        (("kinds", "--prior", "half"), "prior 'half'"),
        (("kinds", "--prior", "star=1"), "no share of galaxy"),
    ],
)
def test_wrong_questions(
    validate: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = validate(*arguments)
    assert (code, out, message in err) == (2, "", True), err


def test_a_page_that_cannot_be_written(validate: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, _, err = validate("kinds", "-o", str(tmp_path / "file" / "page.html"))
    assert (code, "cannot write" in err, "Traceback" in err) == (1, True, False)
