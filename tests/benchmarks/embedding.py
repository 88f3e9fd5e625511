"""Vectors of pictures: what decoding, preparing and storing cost beside the network's own work."""

from __future__ import annotations

from pathlib import Path

from association import WHOLE_ROWS
from bench import Bench
from report import check

IMAGES = 2_000
BATCH = 64
ROUNDS = 3
LEAST_SHARE = 0.9
"""Of the images/s of the bare network."""


def embedding(bench: Bench) -> None:
    """`embed` on files of galaxies, and the network's forward passes on the same batches made ready."""
    images = max(24, round(IMAGES * min(1.0, bench.rows.left / WHOLE_ROWS)))
    pictures = _pictures(bench, images)
    for views in (16, 1):
        line = bench.measure(
            f"vectors of {images:,} pictures of 256 px, {views} view{'s' * (views > 1)}",
            "skyband embed, files to collection",
            "embedding_tasks.embed_and_forward",
            describe=lambda answer: (
                f"{answer['images'] / answer['seconds']:.1f} images/s; the bare network "
                f"{answer['images'] / answer['network_s']:.1f}"
            ),
            store=bench.work / "embedding",
            folder=pictures,
            rounds=ROUNDS,
            batch=BATCH,
            views=views,
        )
        if views == 16:
            share = line.answer.get("ratio")
            bench.checks.append(check("embedding: images/s / those of the bare network", ">=", LEAST_SHARE, share))


def _pictures(bench: Bench, images: int) -> Path:
    """Files of simulated galaxies; they stay for the next run."""
    folder = bench.folder / f"galaxies-{images}"
    if not folder.exists():
        bench.run("embedding_tasks.make_pictures", folder=folder, images=images)
    return folder
