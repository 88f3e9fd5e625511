"""Vectors of pictures: what decoding, preparing and storing cost beside the network's own work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from association import WHOLE_ROWS
from bench import Bench
from report import check
from service import running

IMAGES = 2_000
BATCH = 64
ASKED = 100
COLLECTION = "galaxies"
ROUNDS = 3
LEAST_SHARE = 0.9
"""Of the images/s of the bare network."""


def embedding(bench: Bench) -> None:
    """`embed` on files of galaxies, and the network's forward passes on the same batches made ready."""
    images = max(24, round(IMAGES * min(1.0, bench.rows.left / WHOLE_ROWS)))
    pictures = _pictures(bench, images)
    for views in (1, 16):
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
    _over_http(bench, pictures)


def _over_http(bench: Bench, pictures: Path) -> None:
    """Likes of stored and of uploaded pictures, from a service over what was embedded last."""
    files = sorted(pictures.iterdir())[:ASKED]
    names, paths = [file.stem for file in files], [str(file) for file in files]
    encoder_s = bench.run("embedding_tasks.encode_each", files=paths).answer["seconds"]
    with running(bench, bench.work / "embedding") as service:
        common: dict[str, Any] = {"describe": _described, "url": service.url, "collection": COLLECTION}
        stored = bench.measure("likes of a stored picture over HTTP", "skyband", "load.likes", ids=names, **common)
        sent = bench.measure("likes of an uploaded one", "skyband", "load.likes_of_uploads", files=paths, **common)
    over_s = None if sent.seconds is None else sent.seconds - encoder_s
    bench.checks += [
        check("likeness: by id over HTTP, ms", "<", 30, _ms(stored.seconds), "{:.1f}"),
        check("likeness: by upload over HTTP beyond the encoder, ms", "<", 150, _ms(over_s), "{:.1f}"),
    ]


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def _described(answer: dict[str, Any]) -> str:
    return f"median of {ASKED}"


def _pictures(bench: Bench, images: int) -> Path:
    """Files of simulated galaxies; they stay for the next run."""
    folder = bench.folder / f"galaxies-{images}"
    if not folder.exists():
        bench.run("embedding_tasks.make_pictures", folder=folder, images=images)
    return folder
