"""Charts of an analysis of neighbours."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.image import imread
from matplotlib.patches import Rectangle

from skyband.queries.morphology import Neighbourhood, Votes, collection_of, neighbourhood_of
from skyband.schema.columns import Column
from skyband.schema.errors import BadOption, StorageError
from skyband.schema.session import Session
from skyband.server.morphology_plots import chart_png, neighbourhood_plots, write_charts
from tests.queries.morphology.conftest import vote_table


def analysed(session: Session, ids: list[int]) -> Neighbourhood:
    rows = vote_table(np.random.default_rng(1), 200)
    session.connection.register("given_rows", rows)
    session.connection.execute("CREATE OR REPLACE TABLE drawn AS FROM given_rows")
    known = [Column(row[0], row[1]) for row in session.connection.execute("DESCRIBE drawn").fetchall()]
    collection = collection_of(session.connection, Votes.of_columns("drawn", "drawn", known, "dr7objid"))
    similarity = np.linspace(0.9, 0.6, len(ids))
    return neighbourhood_of(
        session.connection, pa.table({"id": pa.array(ids, pa.int64()), "similarity": similarity}), collection
    )


def test_charts_show_what_the_analysis_found(empty_session: Session) -> None:
    found = analysed(empty_session, list(range(1, 41)))
    fractions, classes, sky = neighbourhood_plots(found)
    assert [plot.name for plot in (fractions, classes, sky)] == ["fractions", "classes", "sky_map"]
    [axes] = fractions.figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["smooth", "edge-on", "spiral", "bar", "merger"]
    joint, base = axes.get_lines()[0], axes.get_lines()[1]
    told = [fraction for fraction in found.fractions if fraction.kind == "joint"]
    assert np.asarray(joint.get_xdata()).tolist() == [fraction.fraction for fraction in told]
    assert np.asarray(base.get_xdata()).tolist() == [fraction.collection_fraction for fraction in told]
    notes = [text.get_text() for text in axes.texts]
    assert notes[2] == f"n = 40, lift {told[2].lift:.2f}"
    # What everybody was asked is drawn once.
    assert len(notes) == 5 + 4
    [axes] = classes.figure.axes
    assert [patch.get_bbox().width for patch in axes.patches if isinstance(patch, Rectangle)] == [
        share.share for share in found.classes.shares
    ]
    points = np.asarray(sky.figure.axes[0].collections[0].get_offsets())
    east = np.degrees(points[:, 0])
    expected = [-((place.ra + 180) % 360 - 180) for place in found.places]
    assert east.tolist() == pytest.approx(expected)


def test_charts_are_files(empty_session: Session, tmp_path: Path) -> None:
    found = analysed(empty_session, [1, 2, 3])
    written = write_charts(found, tmp_path / "new" / "charts")
    assert [path.name for path in written] == ["fractions.png", "classes.png", "sky_map.png"]
    for path in written:
        assert imread(path).std() > 0.02
    assert imread(io.BytesIO(chart_png(found, "classes"))).shape[2] == 4
    with pytest.raises(
        BadOption, match="no chart 'votes' of these neighbours: take one of fractions, classes, sky_map"
    ):
        chart_png(found, "votes")
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write charts"):
        write_charts(found, tmp_path / "file")


def test_nothing_is_drawn_of_nobody(empty_session: Session) -> None:
    assert list(neighbourhood_plots(analysed(empty_session, []))) == []
    with pytest.raises(BadOption, match="take one of none"):
        chart_png(analysed(empty_session, []), "fractions")
