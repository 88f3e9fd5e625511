"""Tables compared with templates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skyband.models.candidates.find import CandidateOptions, find_candidates
from skyband.models.features import FeatureOptions
from skyband.models.templates.library import bands, packaged
from skyband.models.templates.run import fit_templates, template_columns
from skyband.queries import Sky
from skyband.schema.errors import BadTable
from skyband.schema.store import Store
from tests.conftest import publish_rows
from tests.models.candidates.conftest import scored_rows

NAMES = [band.name for band in bands()]


def observed(name: str, title: str, redshift: float = np.nan) -> dict[str, float | None]:
    """Magnitudes of a template as surveys give them, in AB and Vega."""
    library = next(one for one in packaged() if one.name == name)
    same = [(one, z) for one, z in zip(library.titles, library.redshifts, strict=True)]
    row = next(n for n, (one, z) in enumerate(same) if one == title and (np.isnan(redshift) or np.isclose(z, redshift)))
    own = [band.ab_minus_vega if band.system == "Vega" else 0.0 for band in bands()]
    values = library.magnitudes[row] - own + 18
    return {band: None if np.isnan(value) else float(value) for band, value in zip(NAMES, values, strict=True)}


def publish(store: Store, name: str, rows: list[dict[str, float | None]], **others: Any) -> None:
    columns: dict[str, Any] = {}
    for band in rows[0]:
        values = [row[band] for row in rows]
        columns[f"{band}mag"] = pa.array(values, pa.float64())
        columns[f"e_{band}mag"] = pa.array([None if value is None else 0.03 for value in values], pa.float64())
    n = len(rows)
    publish_rows(store, name, id=list(range(n)), ra=np.arange(n) * 1.0, dec=np.zeros(n), **columns, **others)


def test_whole_rows(store: Store) -> None:
    rows = [
        observed("quasar", "slope -0.44", 4.5),
        observed("brown_dwarf", "T5"),
        observed("star", "K5"),
        dict.fromkeys(NAMES) | {"r": 18.0, "i": 17.0},
    ]
    publish(store, "t", rows)
    sky = Sky(settings=store.settings)
    done: list[tuple[int, int | None]] = []
    report = fit_templates(sky, "t", packaged(), command="c", on_progress=lambda *told: done.append(told))
    assert report.classes == {"star": 1, "white_dwarf": 0, "brown_dwarf": 1, "galaxy": 0, "quasar": 1}
    assert (report.rows, list(report.bands), done) == (4, NAMES, [(4, 4)])
    found = sky.sql(
        "SELECT template_class, template_name, template_redshift, template_bands, template_chi2, "
        "template_chi2_star > 100, template_chi2_quasar > 100 FROM t ORDER BY id"
    ).rows()
    zero = pytest.approx(0, abs=1e-6)
    assert found == [
        ("quasar", "slope -0.44", pytest.approx(4.5), 11, zero, True, False),
        ("brown_dwarf", "T5", None, 9, zero, True, True),
        ("star", "K5", None, 11, zero, False, True),
        (None, None, None, 2, None, None, None),
    ]
    info = sky.table("t")
    assert [info.column(column.name) for column in template_columns(packaged())]
    assert info.details["templates"]["bands"]["r"] == "column rmag"
    # Once more, in place of the first.
    again = fit_templates(sky, "t", packaged()[:1])
    assert again.classes == {"star": 3} and sky.table("t").version.version == 3


def test_magnitudes_of_another_name_and_dereddened(store: Store) -> None:
    from skyband.models.features.groups import read_toml

    row = observed("star", "G5")
    per_ebv = read_toml("extinction")["default"]
    red = {band: value + 0.5 * per_ebv[band] for band, value in row.items() if value is not None}
    publish(store, "t", [{f"my_{band}": value for band, value in red.items()}], dust=[0.5])
    sky = Sky(settings=store.settings)
    with pytest.raises(BadTable, match=r"'t' has 0 of the bands u, g, r, .* 3 at least"):
        fit_templates(sky, "t", packaged())
    inputs = {band: f"my_{band}mag" for band in NAMES} | {"ebv": "dust"}
    fit_templates(sky, "t", packaged(), inputs=FeatureOptions(inputs=inputs, deredden=True))
    [(name, title, chi2)] = sky.sql("SELECT template_class, template_name, template_chi2 FROM t")
    assert (name, title, chi2) == ("star", "G5", pytest.approx(0, abs=1e-6))


def test_candidates_tell_how_they_fit(store: Store) -> None:
    rows = {"id": 1, "p": {"quasar": 0.9}} | {"r": 24.0, "i": 22.5, "z": 19.9, "j": 19.0}
    publish_rows(store, "t", **scored_rows([rows]))
    sky = Sky(settings=store.settings)
    fit_templates(sky, "t", packaged())
    [(name, redshift, chi2)] = sky.sql("SELECT template_name, template_redshift, template_chi2 FROM t")
    [found] = find_candidates(sky, "t", CandidateOptions(kinds=("high-z-quasar",))).rows.to_pylist()
    assert found["reasons"].endswith(f"; fits as quasar {name}, z {redshift:.2f} (chi2 {chi2:.1f} in 4 bands)")
