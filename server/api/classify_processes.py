"""The process that classifies uploaded rows, as the server sees it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyband.queries.serving import Answer
from skyband.queries.serving.answer import InFile
from skyband.schema.errors import SkybandError
from skyband.schema.store import Store
from skyband.server.api.classify_worker import ANSWER, UPLOAD, Wanted
from skyband.server.api.kept_process import KeptProcess, Words

if TYPE_CHECKING:
    from litestar.datastructures import UploadFile

_WORDS = Words(
    busy="other rows were classified",
    late="the rows took longer than {limit_s:g} s; send fewer",
    died="the rows need more memory or time than a request may have; send fewer",
    unkept="cannot keep the uploaded rows",
)
_OPTION = re.compile(r"--(id|input) ")


@dataclass(frozen=True, slots=True)
class Classified:
    """What is known of rows that were classified.

    Attributes:
        answer: on its way.
        model: that classified them, name@version.
        missing: features of the model that the rows did not give.
    """

    answer: Answer
    model: str
    missing: tuple[str, ...]


class Classifiers:
    """Classifies uploaded rows in one process, a request after the other, that keeps its models loaded."""

    def __init__(self, store: Store) -> None:
        self._settings = store.settings
        self._process = KeptProcess(store, "skyband.server.api.classify_worker", _WORDS)

    async def classify(self, file: UploadFile, wanted: Wanted) -> Classified:
        """What a model says of the rows of a file.

        Raises:
            BadFile, BadTable: the file is no table, or gives none of the model's features.
            BadOption, TableNotFound: there is no such model, prior, column or table.
            ResourceLimit: the rows take more time, memory or bytes than they may.
            ServerBusy: other rows take too long.
        """
        try:
            return await self._process.ask(
                {"wanted": asdict(wanted)}, {UPLOAD: file}, self._settings.upload_max_bytes, _classified
            )
        except SkybandError as error:
            # Messages name options as the command line writes them.
            error.args = (_OPTION.sub(r"\1=", str(error)),)
            raise

    async def close(self) -> None:
        """End the process; requests that wait fail."""
        await self._process.close()


def _classified(content: Mapping[str, Any], folder: Path) -> Classified:
    # The file is gone with its folder, but for those who have it open.
    chunks = InFile((folder / ANSWER).open("rb"), content["rows"])
    return Classified(Answer(content["content_type"], None, chunks), content["model"], tuple(content["missing"]))
