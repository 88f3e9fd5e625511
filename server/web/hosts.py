"""Which names of this service are answered to, when only this machine may ask."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from litestar.exceptions import HTTPException, PermissionDeniedException

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection

    from skyband.schema.settings import Settings


class WrongHost(HTTPException):
    """The request is for another service."""

    status_code = 421


class Hosts:
    """The hosts that requests may name.

    A page of the internet can let its own name stand for 127.0.0.1, and then its scripts could read what this service
    answers to the browser (DNS rebinding). The name in `Host` is then that of the page.

    Args:
        listening: the address the service listens on; only on one of this machine's own there is something to check.
        settings: `public_url` is a name of this service too; with `trusted_proxies` the proxy decides.
    """

    def __init__(self, listening: str, settings: Settings) -> None:
        self._is_open = not is_loopback(listening) or bool(settings.trusted_proxies)
        self._public = urlsplit(settings.public_url).hostname

    def check(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        """Refuse what is not for this service.

        Raises:
            WrongHost: it names another host.
        """
        if self._is_open:
            return
        given = connection.headers.get("host", "")
        try:
            host = urlsplit(f"//{given}").hostname
        except ValueError:
            host = None
        if host is None or not (is_loopback(host) or host == self._public):
            raise WrongHost(f"this service is not {given!r}: ask for 127.0.0.1 or localhost, or set SKYBAND_PUBLIC_URL")


def check_origin(connection: ASGIConnection[Any, Any, Any, Any], settings: Settings) -> None:
    """Refuse a request that a page of another site made a browser send, which may have this service's password.

    Browsers say which page asks (`Origin`) of everything that is no plain reading; other programs say nothing.

    Raises:
        PermissionDeniedException: a page of another site asks.
    """
    origin = connection.headers.get("origin")
    if origin is None:
        return
    own = {connection.headers.get("host", ""), urlsplit(settings.public_url).netloc}
    try:
        page = urlsplit(origin).netloc
    except ValueError:
        page = ""
    if not page or page not in own:
        raise PermissionDeniedException(f"a page of {origin!r} asks; only pages of this service may write")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, for itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
