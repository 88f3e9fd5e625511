"""The process that turns uploaded images into vectors, as the server sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from skyband.queries.likeness import GivenVector
from skyband.schema.store import Store
from skyband.server.api.kept_process import KeptProcess, Words
from skyband.server.tap.uploads import file_size
from skyband.server.web.bodies import TooLarge

if TYPE_CHECKING:
    from litestar.datastructures import UploadFile

Vectors = Mapping[str, GivenVector]

_WORDS = Words(
    busy="other images were encoded",
    late="the images took longer than {limit_s:g} s; send fewer, or smaller ones",
    died="an image needs more memory or time than one may have; send a smaller one",
    unkept="cannot keep the uploaded images",
)


class Encoders:
    """Encodes uploaded images in one process, a request after the other: its network takes all cores as it is."""

    def __init__(self, store: Store) -> None:
        self._settings = store.settings
        self._process = KeptProcess(store, "skyband.server.api.encoder_worker", _WORDS)

    async def encode(self, collection: str, files: Mapping[str, UploadFile]) -> Vectors:
        """Vectors of images, as the collection's own have them, with what is known of them, by the names of `files`.

        Raises:
            TooLarge: a file has more bytes than it may.
            BadImage, ResourceLimit: a file is no image, or takes more pixels, memory or time than it may.
            TableNotFound, BadTable, BadFile, BadOption: images cannot be encoded as those of the collection were.
            ServerBusy: other images take too long.
        """
        most_bytes = self._settings.image_max_bytes
        for file in files.values():
            if (size := file_size(file)) > most_bytes:
                raise TooLarge(f"the image {file.filename!r} has {size:,} bytes; this service takes {most_bytes:,}")
        return await self._process.ask(
            {"collection": collection},
            files,
            most_bytes,
            lambda content, _: {name: GivenVector(**vector) for name, vector in content["vectors"].items()},
        )

    async def close(self) -> None:
        """End the process; requests that wait fail."""
        await self._process.close()
