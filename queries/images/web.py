"""Images from web servers: a limited number of requests a second, again where a server is busy, never too much."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from skyband.schema.errors import BadImage
from skyband.schema.settings import Settings

if TYPE_CHECKING:
    import httpx

NOT_FETCHED = "not fetched"

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers after which asking again may help."""

_OVERLOADED = frozenset({429, 503})
"""Answers that speak of the whole server, not of one file."""

_MOST_REDIRECTS = 5


class Web:
    """Fetches files; threads may share it.

    Args:
        settings: attempts, waits and limits.
        requests_per_s: how many requests a second a host gets at most, from all threads together; None for no limit.
    """

    def __init__(self, settings: Settings, requests_per_s: float | None = None) -> None:
        self._settings = settings
        self._gap_s = 1.0 / requests_per_s if requests_per_s else 0.0
        self._next: dict[str, float] = {}  # when each host may be asked again, on the monotonic clock
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._client: httpx.Client | None = None

    def get(self, url: str) -> bytes:
        """What lies at a URL.

        A server that is busy (429), broken (5xx) or does not answer is asked again, later each time, or when it says
        itself. While it is busy no thread asks it.

        Raises:
            BadImage: it cannot be fetched, or has more bytes than `image_max_bytes`.
        """
        import httpx

        host = _host(url)
        pause_s = self._settings.fetch_retry_s
        fault = ""
        for attempt in range(self._settings.fetch_attempts):
            if attempt:
                self._wait(pause_s)
                pause_s *= 2
            self._wait_for_turn(host)
            try:
                with self._opened().stream("GET", url) as response:
                    if response.is_success:
                        return self._body(response, url)
                    fault = f"{url}: status {response.status_code}"
                    if response.status_code not in _BUSY:
                        break
                    asked_s = _retry_after_s(response.headers.get("retry-after", ""))
                    if asked_s > self._settings.fetch_wait_limit_s:
                        fault += f", and it asks to wait {asked_s:,.0f} s"
                        break
                    self._hold(host, max(asked_s, pause_s if response.status_code in _OVERLOADED else 0.0))
            except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:  # where a redirect leads to
                fault = f"{url}: {error}"
                break
            except (httpx.HTTPError, TimeoutError) as error:
                fault = f"{url}: {error or type(error).__name__}"
        raise BadImage(NOT_FETCHED, fault)

    def close(self) -> None:
        """Wake whoever waits, and end all connections."""
        self._closed.set()
        if self._client is not None:
            self._client.close()

    def _opened(self) -> httpx.Client:
        import httpx

        with self._lock:
            if self._client is None:
                self._client = httpx.Client(
                    timeout=self._settings.fetch_time_limit_s, follow_redirects=True, max_redirects=_MOST_REDIRECTS
                )
            return self._client

    def _wait_for_turn(self, host: str) -> None:
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next.get(host, 0.0))
            self._next[host] = turn + self._gap_s
        self._wait(turn - now)

    def _wait(self, pause_s: float) -> None:
        if self._closed.wait(pause_s):
            raise BadImage(NOT_FETCHED, "stopped")

    def _hold(self, host: str, pause_s: float) -> None:
        """No request to a host before `pause_s` seconds from now."""
        with self._lock:
            self._next[host] = max(self._next.get(host, 0.0), time.monotonic() + pause_s)

    def _body(self, response: httpx.Response, url: str) -> bytes:
        ends = time.monotonic() + self._settings.fetch_time_limit_s
        data = bytearray()
        for chunk in response.iter_bytes():
            data += chunk
            if len(data) > self._settings.image_max_bytes:
                raise BadImage("too many bytes", f"{url} has more than {self._settings.image_max_bytes:,}")
            if time.monotonic() > ends or self._closed.is_set():
                raise TimeoutError(f"it did not come within {self._settings.fetch_time_limit_s:g} s")
        return bytes(data)


def _host(url: str) -> str:
    import httpx

    try:
        return httpx.URL(url).netloc.decode()
    except httpx.InvalidURL as error:
        raise BadImage(NOT_FETCHED, f"{url}: {error}") from None


def _retry_after_s(text: str) -> float:
    """Seconds the header Retry-After asks for (RFC 9110, 10.2.3), 0 where it says nothing that can be read."""
    if text.strip().isdecimal():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
