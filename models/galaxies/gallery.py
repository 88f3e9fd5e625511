"""Files of simulated galaxies: pictures as one survey takes them, and what simulated volunteers say of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from PIL import Image

from skyband.models.galaxies.observe import ONE_SURVEY, observe
from skyband.models.galaxies.parameters import KINDS, Galaxies, draw_galaxies
from skyband.models.galaxies.render import draw_view, render
from skyband.models.galaxies.votes import vote_fractions

SIDE = 128
"""Pixels of a picture."""
_VOLUNTEERS = 40
_ARTIFACTS = 0.02
"""Share of volunteers who take any galaxy for a star or an artifact."""
_EARLY = (KINDS.index("smooth"), KINDS.index("lenticular"))


def draw_gallery(folder: Path, is_early: Sequence[bool], names: Sequence[str], seed: int) -> pa.Table:
    """Write a picture `<name>.jpg` of a galaxy for each name.

    Args:
        folder: where they go; made if it is not there.
        is_early: whether a galaxy is of early type: smooth or lenticular.
        names: of the files.
        seed: of all random numbers.

    Returns:
        Votes of `_VOLUNTEERS` for each: `id` and the counts that the tree "simulated" names (`queries.morphology`).
    """
    galaxies = _of_types(np.asarray(is_early, dtype=bool), torch.Generator().manual_seed(seed))
    generator = torch.Generator().manual_seed(seed + 1)
    view = draw_view(galaxies, generator)
    seen = observe(render(galaxies, view, SIDE), view.depth, generator, ONE_SURVEY)
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in zip(names, (seen * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy(), strict=True):
        Image.fromarray(picture).save(folder / f"{name}.jpg", quality=92)
    return pa.table({"id": list(names), **_votes(galaxies, np.random.default_rng(seed))})


def _of_types(is_early: NDArray[np.bool_], generator: torch.Generator) -> Galaxies:
    """Galaxies of the wanted types, in the wanted order."""
    wanted = {early: int((is_early == early).sum()) for early in (True, False)}
    drawn = draw_galaxies(20 + 6 * max(wanted.values()), generator)
    early = np.isin(drawn.kind.numpy(), _EARLY)
    rows = np.empty(len(is_early), np.int64)
    for kind, number in wanted.items():
        rows[is_early == kind] = np.flatnonzero(early == kind)[:number]
    return drawn.rows(torch.from_numpy(rows))


def _votes(galaxies: Galaxies, rng: np.random.Generator) -> dict[str, NDArray[np.int64]]:
    """Answers of volunteers, who are asked only what the answers before lead to."""
    share = {name: values.double().numpy() for name, values in vote_fractions(galaxies).items()}
    artifact = rng.binomial(_VOLUNTEERS, _ARTIFACTS, len(galaxies))
    smooth = rng.binomial(_VOLUNTEERS - artifact, share["smooth"])
    features = _VOLUNTEERS - artifact - smooth
    edge_on = rng.binomial(features, share["edge_on"])
    face_on = features - edge_on
    bar, spiral = (rng.binomial(face_on, share[name]) for name in ("bar", "spiral"))
    asked = _VOLUNTEERS - artifact
    odd = rng.binomial(asked, np.maximum(share["ring"], share["merger"]))
    ring = rng.binomial(odd, share["ring"] / (share["ring"] + share["merger"]))
    return {
        "smooth_or_features_smooth": smooth,
        "smooth_or_features_features_or_disk": features,
        "smooth_or_features_star_or_artifact": artifact,
        "edgeon_yes": edge_on,
        "edgeon_no": face_on,
        "bar_bar": bar,
        "bar_no_bar": face_on - bar,
        "spiral_spiral": spiral,
        "spiral_no_spiral": face_on - spiral,
        "odd_yes": odd,
        "odd_no": asked - odd,
        "odd_feature_ring": ring,
        "odd_feature_merger": odd - ring,
    }
