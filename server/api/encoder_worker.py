"""A process that turns uploaded images into vectors, for searches by likeness.

Run as `python -m skyband.server.api.encoder_worker FD`, where FD is its end of a socket pair. The files may be hostile:
they are decoded here, under limits, and never in the server. A question is of a collection and some files, and answered
by vectors and what is known of the images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyband.queries.images import Limits, read_image
from skyband.queries.images.pixels import checksum_of
from skyband.queries.likeness import Collection, GivenVector
from skyband.queries.serving.lockdown import allow_files, limit_process
from skyband.schema.errors import BadFile, BadImage
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from skyband.server.api.kept_worker import Answer, answer_questions

if TYPE_CHECKING:
    from skyband.models.encoders.encoder import Encoder

_BATCH_IMAGES = 16


class EncoderWorker:
    """Answers the questions of one server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = Store.open(settings)
        self._encoders: dict[str, Encoder] = {}
        self._is_limited = False

    def vectors(self, collection: str, files: Mapping[str, str]) -> dict[str, GivenVector]:
        """The vectors of files, by the same names, with their positions where the files say them.

        Raises:
            TableNotFound: the collection has no vectors.
            BadImage: a file is no image, or too large; the message names it.
            BadTable, BadFile, BadOption, MissingDependency: the encoder of the collection cannot be had here.
        """
        import torch

        opened = Collection.open(self._store, collection)
        encoder = self._encoder(opened)
        limits = Limits.of_uploads(self._settings)
        names, found, checksums = list(files), dict[str, GivenVector](), dict[str, str]()
        for first in range(0, len(names), _BATCH_IMAGES):
            some = names[first : first + _BATCH_IMAGES]
            prepared, places = [], []
            for name in some:
                data = _read(Path(files[name]))
                checksums[name] = checksum_of(data)
                try:
                    image = read_image(data, limits)
                    prepared.append(encoder.prepare(image.picture))
                    places.append((image.ra, image.dec))
                except BadImage as error:
                    raise BadImage(error.reason, f"{error.detail} ({name})" if error.detail else name) from None
            vectors = encoder.embed(torch.stack(prepared)).tolist()
            found |= {
                name: GivenVector(vector, *place) for name, vector, place in zip(some, vectors, places, strict=True)
            }
        copies = opened.ids_of_checksums(list(checksums.values()))
        return {name: replace(vector, copy=copies.get(checksums[name])) for name, vector in found.items()}

    def _encoder(self, collection: Collection) -> Encoder:
        from skyband.models.encoders.collection import encoder_of

        digest = collection.provenance.digest
        if digest not in self._encoders:
            # What comes from the hub is kept in a cache.
            allow_files(True)
            weights = Path(self._settings.encoder_weights) if self._settings.encoder_weights else None
            self._encoders[digest] = encoder_of(collection, weights=weights)
            if not self._is_limited:
                # The libraries are in memory now; what images need comes on top.
                limit_process(self._settings.query_memory_gb, self._settings.image_max_bytes)
                self._is_limited = True
            allow_files(False)
        return self._encoders[digest]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadFile(f"an uploaded image cannot be read: {error.strerror}; send it again") from None


def _begin(settings: Settings) -> Answer:
    worker = EncoderWorker(settings)

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        vectors = worker.vectors(asked["collection"], asked["files"])
        return {"vectors": {name: asdict(vector) for name, vector in vectors.items()}}

    return answer


if __name__ == "__main__":
    answer_questions(_begin, "an image needs more memory than one may have; send a smaller one")
