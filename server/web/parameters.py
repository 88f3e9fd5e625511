"""Parameters of a request as DALI has them: names in any case, from the URL and from a form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from litestar.exceptions import SerializationException
from litestar.serialization import decode_json

from skyband.schema.errors import BadOption
from skyband.server.web.bodies import read_body, read_form

if TYPE_CHECKING:
    from litestar import Request
    from litestar.datastructures import UploadFile

    from skyband.schema.settings import Settings


class Parameters:
    """The parameters of one request (DALI 1.1, 3): names are case-insensitive, unknown ones are ignored."""

    def __init__(self, items: Iterable[tuple[str, str]], files: Mapping[str, UploadFile] | None = None) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in items:
            self._values.setdefault(name.upper(), []).append(value)
        self.files: Mapping[str, UploadFile] = files or {}

    @classmethod
    async def read(cls, request: Request[Any, Any, Any], settings: Settings) -> Parameters:
        """Those of the URL, then those of the form; raises as `read_form` does."""
        items = request.query_params.multi_items()
        if request.method != "POST":
            return cls(items)
        form = await read_form(request, settings)
        return cls([*items, *form.fields], form.files)

    @classmethod
    async def read_any(cls, request: Request[Any, Any, Any], settings: Settings) -> Parameters:
        """Those of a JSON object, if the body is JSON; else as `read` has them. Members that are null are not given.

        Raises:
            BadOption: the body is called JSON and is no JSON object.
        """
        if request.method != "POST" or request.content_type[0] != "application/json":
            return await cls.read(request, settings)
        try:
            body = decode_json(await read_body(request, settings))
        except (SerializationException, RecursionError) as error:
            raise BadOption(f"the body is not JSON: {error}") from error
        if not isinstance(body, dict):
            raise BadOption('the body is JSON but no object; send {"<parameter>": "<value>", ...}')
        return cls((name, str(value)) for name, value in body.items() if value is not None)

    def one(self, name: str) -> str | None:
        """The value of a parameter that may be given once; None where it is missing or empty.

        Raises:
            BadOption: it is given twice with different values.
        """
        values = set(self.all(name))
        if len(values) > 1:
            raise BadOption(f"parameter {name} is given {len(self.all(name))} times; give it once")
        return next(iter(values), "") or None

    def all(self, name: str) -> list[str]:
        """All values of a parameter, in order."""
        return self._values.get(name.upper(), [])

    def number(self, name: str, *, least: float, most: float) -> float | None:
        """A parameter that is a number in a range; None where it is missing.

        Raises:
            BadOption: it is no number, or out of its range.
        """
        text = self.one(name)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise BadOption(f"parameter {name}={text!r} is not a number from {least:g} to {most:g}")
        return value

    def whole_number(self, name: str, *, least: int, most: int) -> int | None:
        """A parameter that is a whole number in a range; None where it is missing.

        Raises:
            BadOption: it is none, or out of its range.
        """
        value = self.number(name, least=least, most=most)
        if value is None:
            return None
        if value != int(value):
            raise BadOption(f"parameter {name}={self.one(name)!r} is not a whole number from {least} to {most}")
        return int(value)

    def items(self) -> dict[str, str]:
        """Each parameter once, in upper case; several values are joined by `;`, as UWS wants it."""
        return {name: ";".join(values) for name, values in self._values.items()}
