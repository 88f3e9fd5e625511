"""Principal components: those of scikit-learn, kept as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from skyband.models.encoders.projection import Projection
from skyband.schema.errors import BadFile, BadOption


def unit_vectors(rows: int, dimensions: int, seed: int = 1) -> np.ndarray[Any, Any]:
    """Of very different variance along their axes."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(rows, dimensions)) * np.geomspace(1, 0.05, dimensions) + 0.3
    unit: np.ndarray[Any, Any] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit.astype(np.float32)


def test_it_is_that_of_scikit_learn() -> None:
    vectors = unit_vectors(300, 24)
    projection = Projection.fit(vectors, 5)
    expected = PCA(5, svd_solver="full").fit(vectors.astype(np.float64))
    assert projection.explained == pytest.approx(expected.explained_variance_ratio_.sum(), abs=1e-9)
    assert (projection.images, projection.dimensions) == (300, 5)
    np.testing.assert_allclose(projection.mean, expected.mean_, atol=1e-7)
    np.testing.assert_allclose(np.abs(projection.axes), np.abs(expected.components_), atol=1e-6)
    along = expected.transform(unit_vectors(50, 24, seed=2))
    found = projection.apply(unit_vectors(50, 24, seed=2))
    same = np.abs(found) * np.linalg.norm(along, axis=1, keepdims=True)
    np.testing.assert_allclose(same, np.abs(along), atol=1e-5)
    assert found.dtype == np.float32


@given(
    seed=st.integers(0, 2**32 - 1), rows=st.integers(4, 60), dimensions=st.integers(2, 20), wanted=st.integers(1, 20)
)
def test_axes_are_unit_vectors_at_right_angles_whose_signs_are_fixed(
    seed: int, rows: int, dimensions: int, wanted: int
) -> None:
    wanted = min(wanted, dimensions, rows - 2)
    vectors = unit_vectors(rows, dimensions, seed)
    projection = Projection.fit(vectors, wanted)
    np.testing.assert_allclose(projection.axes @ projection.axes.T, np.eye(wanted), atol=1e-5)
    largest = np.take_along_axis(projection.axes, np.abs(projection.axes).argmax(axis=1)[:, None], axis=1)
    assert (largest > 0).all()
    assert 0 < projection.explained <= 1 + 1e-9
    np.testing.assert_allclose(np.linalg.norm(projection.apply(vectors), axis=1), 1, atol=1e-5)
    again = Projection.fit(vectors, wanted)
    assert again.digest == projection.digest


def test_it_is_kept_as_it_is(tmp_path: Path) -> None:
    projection = Projection.fit(unit_vectors(40, 8), 3)
    path = tmp_path / "vectors" / "p.safetensors"
    projection.save(path)
    assert [file.name for file in path.parent.iterdir()] == ["p.safetensors"]
    found = Projection.load(path, projection.digest)
    np.testing.assert_array_equal(found.axes, projection.axes)
    np.testing.assert_array_equal(found.mean, projection.mean)
    assert (found.explained, found.images) == (projection.explained, 40)
    assert found.words == projection.words
    assert found.words.startswith("3 principal components hold ")


def test_a_file_that_is_missing_damaged_or_another_is_refused(tmp_path: Path) -> None:
    one, other = (Projection.fit(unit_vectors(40, 8, seed), 3) for seed in (1, 2))
    path = tmp_path / "p.safetensors"
    with pytest.raises(BadFile, match="does not hold the projection of the vectors"):
        Projection.load(path, one.digest)
    one.save(path)
    with pytest.raises(BadFile, match="holds another projection than that of the vectors"):
        Projection.load(path, other.digest)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadFile, match="skyband vectors drop"):
        Projection.load(path, one.digest)


def test_what_cannot_be_projected_is_refused() -> None:
    vectors = unit_vectors(10, 8)
    with pytest.raises(BadOption, match="--pca 9: the encoder's vectors have 8 dimensions; take 1 to 8"):
        Projection.fit(vectors, 9)
    with pytest.raises(BadOption, match="--pca 5: the vectors of 4 images differ in 3 dimensions only"):
        Projection.fit(vectors[:4], 5)
    with pytest.raises(BadOption, match="--pca 1: the vectors of 6 images differ in 0 dimensions only"):
        Projection.fit(np.repeat(vectors[:1], 6, axis=0), 1)
    with pytest.raises(BadOption, match="--pca 1: the vectors of 1 images differ in 0"):
        Projection.fit(vectors[:1], 1)
