"""The XML and HTML documents, from the templates beside the server; values are escaped, and stripped of what
XML forbids."""

from __future__ import annotations

from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from skyband.queries.formats.votable_fields import legal


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("skyband.server", "templates"),
        autoescape=True,
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
    )


def _shown(value: Any) -> Any:
    """A value as a document may hold it: what clients send may be more than XML allows."""
    return legal(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def render(name: str, **values: Any) -> str:
    """The document a template makes of values."""
    return _environment().get_template(name).render(**values)
