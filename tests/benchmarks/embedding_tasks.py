"""Vectors of pictures by skyband and by its bare network: run as `python embedding_tasks.py TASK JSON`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from PIL import Image

from skyband.ingest.images import AddOptions, add_images
from skyband.models.embedding.run import embed
from skyband.models.encoders.embedded import EmbeddedEncoder, default_weights, load_network
from skyband.models.encoders.encoder import encode
from skyband.models.encoders.network import SIDE
from skyband.models.encoders.views import turned
from skyband.models.galaxies.observe import ONE_SURVEY, observe
from skyband.models.galaxies.parameters import draw_galaxies
from skyband.models.galaxies.render import draw_view, render
from skyband.queries.images import decode
from skyband.queries.likeness import Collection
from skyband.schema.settings import Settings
from skyband.schema.store import Store

Answer = dict[str, Any]
PICTURE_SIDE = 256
"""Pixels, as `skyband images cutouts` fetches them."""
_DRAWN_AT_ONCE = 100
_NAME = "galaxies"


def make_pictures(folder: str, images: int) -> Answer:
    """Simulated galaxies, half of them JPEG and half PNG."""
    making = Path(folder).with_suffix(".making")
    making.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(1)
    for first in range(0, images, _DRAWN_AT_ONCE):
        galaxies = draw_galaxies(min(_DRAWN_AT_ONCE, images - first), generator)
        view = draw_view(galaxies, generator)
        seen = observe(render(galaxies, view, PICTURE_SIDE), view.depth, generator, ONE_SURVEY)
        pictures = (seen * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
        for place, picture in enumerate(pictures, first):
            Image.fromarray(picture).save(making / f"{place:06}.{'png' if place % 2 else 'jpg'}")
    making.rename(folder)
    return {}


def embed_and_forward(store: str, folder: str, rounds: int, batch: int, views: int) -> Answer:
    """`embed` from files to a collection, and the network alone on the same pictures made ready, by turns.

    The network has all cores, in the better of two ways: for each operation together, or with a batch each.
    """
    opened = Store.create(Settings(store=store))
    if not opened.has(_NAME):
        add_images(opened, [folder], AddOptions(collection=_NAME))
    encoder = EmbeddedEncoder(device="cpu", precision="float32", views=views)  # type: ignore[arg-type]
    files = sorted(Path(folder).iterdir())
    batches = [
        torch.stack([encoder.prepare(decode(path.read_bytes())) for path in files[first : first + batch]])
        for first in range(0, len(files), batch)
    ]
    ours, together, apart = [], [], []
    for _ in range(rounds):
        if _NAME in Collection.names(opened):
            Collection.drop(opened, _NAME)
        report = embed(opened, _NAME, encoder, batch_images=batch)
        assert report.embedded == len(files)
        ours.append(report.seconds)
        together.append(_forward(batches, views))
        apart.append(_forward_apart(batches, views))
    return {
        "seconds": min(ours),
        "images": len(files),
        "network_s": min(*together, *apart),
        "together_s": min(together),
        "apart_s": min(apart),
        "ratio": median(min(pair) / mine for mine, *pair in zip(ours, together, apart, strict=True)),
    }


def encode_each(files: list[str]) -> Answer:
    """The encoder's own work on one picture after the other, from its pixels to its vector: the median."""
    encoder = EmbeddedEncoder()
    times = []
    for picture in [decode(Path(file).read_bytes()) for file in files]:
        began = time.perf_counter()
        encode(encoder, [picture])
        times.append(time.perf_counter() - began)
    return {"seconds": median(times)}


@torch.inference_mode()
def _forward(batches: list[torch.Tensor], views: int) -> float:
    """Time of the network's forward passes alone, s."""
    network = load_network(default_weights())
    seconds = 0.0
    for batch in batches:
        ready = [view.contiguous() for view in turned(batch.float() / 255, SIDE, views)]  # type: ignore[arg-type]
        began = time.perf_counter()
        for view in ready:
            network(view)
        seconds += time.perf_counter() - began
    return seconds


def _forward_apart(batches: list[torch.Tensor], views: int) -> float:
    """The same by as many threads as there are cores, each with batches of its own, s."""
    from concurrent.futures import ThreadPoolExecutor

    threads = torch.get_num_threads()
    parts = [batches[number::threads] for number in range(threads)]
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return max(pool.map(lambda part: _forward(part, views), parts))
    finally:
        torch.set_num_threads(threads)


_TASKS = (make_pictures, embed_and_forward, encode_each)
TASKS: dict[str, Callable[..., Answer]] = {task.__name__: task for task in _TASKS}

if __name__ == "__main__":
    print("\n" + json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
