"""The page at /schema: what can be asked, from the OpenAPI document; it needs nothing of the internet."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

from skyband.server.web.templates import render


class SchemaPage(OpenAPIRenderPlugin):
    """A list of the paths, with a link to the document that programs read."""

    def __init__(self) -> None:
        super().__init__(path="/", favicon="", style="")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page."""
        paths = [
            (path, method.upper(), operation.get("description") or operation.get("summary", ""))
            for path, operations in openapi_schema["paths"].items()
            for method, operation in operations.items()
        ]
        return render("schema.html", paths=paths, document=self.get_openapi_json_route(request)).encode()
