"""Fetches what a client names by URL, without letting it reach into the network of the server."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from skyband.schema.errors import BadOption, ResourceLimit

if TYPE_CHECKING:
    import httpx

_MOST_REDIRECTS = 5
_TIMEOUT_S = 30.0


async def fetch(url: str, into: Path, *, limit_bytes: int, allow_private: bool) -> None:
    """Write what lies at a URL into a file.

    Every address a name stands for is checked, the connection goes to the checked address, and redirects are followed
    by the same rules: so neither a redirect nor a second look-up of the name leads to another place.

    Args:
        url: http or https.
        into: the file to write.
        limit_bytes: how much is taken at most.
        allow_private: whether addresses that are not public (loopback, local networks) may be asked.

    Raises:
        BadOption: the URL is of another kind, its host is not public, or it cannot be fetched.
        ResourceLimit: there is more than the limit.
    """
    import httpx

    try:
        async with asyncio.timeout(_TIMEOUT_S), httpx.AsyncClient(trust_env=False, timeout=_TIMEOUT_S) as client:
            for _ in range(_MOST_REDIRECTS + 1):
                async with _get(client, url, allow_private=allow_private) as response:
                    if response.is_redirect:
                        url = urljoin(url, response.headers.get("location", ""))
                        continue
                    if not response.is_success:
                        raise BadOption(f"cannot fetch {url}: status {response.status_code}")
                    await _save(response, into, url, limit_bytes)
                    return
            raise BadOption(f"cannot fetch {url}: more than {_MOST_REDIRECTS} redirects")
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
        raise BadOption(f"cannot fetch {url}: {error or type(error).__name__}") from error


@asynccontextmanager
async def _get(client: httpx.AsyncClient, url: str, *, allow_private: bool) -> AsyncIterator[httpx.Response]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadOption(f"cannot fetch {url!r}: give an http or https URL")
    address = await _checked_address(parts.hostname, allow_private=allow_private)
    literal = f"[{address}]" if ":" in address else address
    port = f":{parts.port}" if parts.port else ""
    target = parts._replace(netloc=f"{literal}{port}").geturl()
    host = parts.hostname if ":" not in parts.hostname else f"[{parts.hostname}]"
    request = client.build_request(
        "GET", target, headers={"Host": f"{host}{port}"}, extensions={"sni_hostname": parts.hostname}
    )
    response = await client.send(request, stream=True)
    try:
        yield response
    finally:
        await response.aclose()


async def _checked_address(host: str, *, allow_private: bool) -> str:
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        place = ipaddress.ip_address(address.partition("%")[0])
        mapped = getattr(place, "ipv4_mapped", None) or place
        if not allow_private and (not mapped.is_global or mapped.is_multicast):
            raise BadOption(f"{host} is not a public address; this service does not fetch from there")
    return addresses[0]


async def _save(response: httpx.Response, into: Path, url: str, limit_bytes: int) -> None:
    taken = 0
    with into.open("wb") as file:
        async for chunk in response.aiter_bytes():
            taken += len(chunk)
            if taken > limit_bytes:
                raise ResourceLimit(f"{url} holds more than {limit_bytes:,} bytes, the limit of uploads")
            await asyncio.to_thread(file.write, chunk)
