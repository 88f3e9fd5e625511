"""The XML and HTML documents, from the templates beside the server; values are escaped."""

from __future__ import annotations

from functools import cache
from typing import Any

import jinja2


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("skyband.server", "templates"), autoescape=True, undefined=jinja2.StrictUndefined
    )


def render(name: str, **values: Any) -> str:
    """The document a template makes of values."""
    return _environment().get_template(name).render(**values)
