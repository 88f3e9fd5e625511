"""The process that turns uploaded images into vectors, as the server sees it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from skyband.queries.likeness import GivenVector
from skyband.queries.serving import frames
from skyband.queries.serving.errors import error_of
from skyband.queries.serving.process import QueryProcess
from skyband.schema.errors import ResourceLimit, ServerBusy, SkybandError
from skyband.schema.faults import storage_error
from skyband.schema.session import spill_folder
from skyband.schema.store import Store
from skyband.server.tap.uploads import file_size, save_file
from skyband.server.web.bodies import TooLarge

if TYPE_CHECKING:
    from litestar.datastructures import UploadFile

Vectors = Mapping[str, GivenVector]


class _Died(Exception):
    """The process ended before it answered."""


class Encoders:
    """Encodes uploaded images in one process, a request after the other: its network takes all cores as it is.

    The process starts with the first upload, which takes some seconds, and stays. It is ended when a request takes
    longer than a query may, and replaced by the next.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = asyncio.Lock()
        self._process: QueryProcess | None = None
        self._requests: set[asyncio.Task[Vectors]] = set()

    async def encode(self, collection: str, files: Mapping[str, UploadFile]) -> Vectors:
        """Vectors of images, as the collection's own have them, with what is known of them, by the names of `files`.

        Raises:
            TooLarge: a file has more bytes than it may.
            BadImage, ResourceLimit: a file is no image, or takes more pixels, memory or time than it may.
            TableNotFound, BadTable, BadFile, BadOption: images cannot be encoded as those of the collection were.
            ServerBusy: other images take too long.
        """
        # A client that goes leaves the request running: to end the process would cost the next one seconds.
        request = asyncio.get_running_loop().create_task(self._encode(collection, files))
        self._requests.add(request)
        request.add_done_callback(self._requests.discard)
        return await asyncio.shield(request)

    async def close(self) -> None:
        """End the process; requests that wait fail."""
        for request in self._requests:
            request.cancel()
        await asyncio.gather(*self._requests, return_exceptions=True)
        if self._process is not None:
            await _kill(self._process)

    async def _encode(self, collection: str, files: Mapping[str, UploadFile]) -> Vectors:
        settings = self._store.settings
        for file in files.values():
            if (size := file_size(file)) > settings.image_max_bytes:
                raise TooLarge(
                    f"the image {file.filename!r} has {size:,} bytes; this service takes {settings.image_max_bytes:,}"
                )
        try:
            async with asyncio.timeout(settings.query_wait_limit_s):
                await self._turn.acquire()
        except TimeoutError:
            waited_s = settings.query_wait_limit_s
            raise ServerBusy(f"other images were encoded for {waited_s:g} s; ask again in a while") from None
        folder = spill_folder(self._store.path.absolute())
        try:
            folder.mkdir()
            paths = {}
            for number, (name, file) in enumerate(files.items()):
                paths[name] = folder / f"image-{number}"
                await save_file(file, paths[name], settings.image_max_bytes)
            return await self._ask(collection, paths)
        except OSError as error:
            raise storage_error("cannot keep the uploaded images", error) from error
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            self._turn.release()

    async def _ask(self, collection: str, paths: Mapping[str, Path]) -> Vectors:
        process, self._process = self._process, None
        if process is not None:
            try:
                return await self._ask_of(process, collection, paths)
            except _Died:
                pass  # while it had nothing to do, perhaps
        process = await QueryProcess.spawn("skyband.server.api.encoder_worker")
        settings = asdict(self._store.settings) | {"store": str(self._store.path.absolute())}
        process.set_up({"parent": os.getpid(), "settings": settings})
        try:
            return await self._ask_of(process, collection, paths)
        except _Died:
            raise ResourceLimit("an image needs more memory or time than one may have; send a smaller one") from None

    async def _ask_of(self, process: QueryProcess, collection: str, paths: Mapping[str, Path]) -> Vectors:
        """Ask a process, which is kept for the next request if it answers, and ended if it does not."""
        limit_s = self._store.settings.query_time_limit_s
        files = {name: str(path) for name, path in paths.items()}
        try:
            process.put({"collection": collection, "files": files, "time_limit_s": limit_s})
            async with asyncio.timeout(limit_s):
                kind, payload = await process.receive()
        except BaseException as error:
            await _kill(process)
            if isinstance(error, TimeoutError):
                raise ResourceLimit(f"the images took longer than {limit_s:g} s; send fewer, or smaller ones") from None
            if isinstance(error, SkybandError):
                raise _Died from None
            raise
        if process.is_spent:
            await _kill(process)
        else:
            self._process = process
        content = json.loads(payload)
        if kind == frames.ERROR:
            raise error_of(content)
        return {name: GivenVector(**vector) for name, vector in content["vectors"].items()}


async def _kill(process: QueryProcess) -> None:
    with suppress(OSError):
        await process.kill()
