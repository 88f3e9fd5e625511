"""Who asks and what they may: tokens, roles, limits a client."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from litestar.exceptions import NotAuthorizedException, PermissionDeniedException

from skyband.schema.errors import BadFile, BadOption, ServerBusy
from skyband.server.web.hosts import is_loopback

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection

Role = Literal["read", "admin"]


@dataclass(frozen=True, slots=True)
class Identity:
    """A client: the name of its token, or "" for everybody without one."""

    name: str
    role: Role
    address: str

    @property
    def sees_jobs_of(self) -> str | None:
        """The owner whose jobs this client may see and end; None for everybody's, which admins may.

        Those without a name may see the jobs of the nameless, but they must know their ids, which nobody can guess.
        """
        return None if self.role == "admin" else self.name

    @property
    def may_list_jobs(self) -> bool:
        """Whether the client is told which jobs it may see: the nameless cannot be told apart."""
        return self.role == "admin" or bool(self.name)

    @property
    def key(self) -> str:
        """What limits are counted by: the name, or the address of the nameless."""
        return self.name or self.address


@dataclass(frozen=True, slots=True)
class Token:
    """One line of the token file; the token itself is not kept."""

    name: str
    role: Role
    sha256: str


class Access:
    """Decides who a request comes from.

    Args:
        tokens: who may ask; without any, everybody may, and everybody is an admin: the owner of this machine.
        public_read: whether those without a token may read, and no more.
    """

    def __init__(self, tokens: tuple[Token, ...] = (), *, public_read: bool = False) -> None:
        self._tokens = tokens
        self._nameless: Role | None = "read" if public_read else None if tokens else "admin"

    @property
    def needs_token(self) -> bool:
        """Whether nobody is answered without a token."""
        return self._nameless is None

    @property
    def knows_tokens(self) -> bool:
        """Whether a token makes a difference."""
        return bool(self._tokens)

    def identify(self, request: ASGIConnection[Any, Any, Any, Any]) -> Identity:
        """The client of a request.

        Raises:
            NotAuthorizedException: it has no token or a wrong one.
        """
        address = request.client.host if request.client else ""
        secret = _secret(request.headers.get("authorization", ""))
        if secret is None:
            if self._nameless is not None:
                return Identity("", self._nameless, address)
            raise _unauthorized("a token is needed")
        digest = hashlib.sha256(secret.encode()).hexdigest()
        for token in self._tokens:
            if hmac.compare_digest(token.sha256, digest):
                return Identity(token.name, token.role, address)
        raise _unauthorized("this token is not known")


def check_admin(identity: Identity, what: str) -> None:
    """Refuse what changes the store to those who may only read.

    Args:
        identity: of the client.
        what: is done, to begin the message with.

    Raises:
        PermissionDeniedException: the client is no admin.
    """
    if identity.role != "admin":
        raise PermissionDeniedException(f"{what} by admins alone: ask with the token of one")


def read_tokens(path: Path) -> tuple[Token, ...]:
    """The tokens of a TOML file: `[[token]]` with `name`, `role` ("read" or "admin") and `sha256` of the token.

    Raises:
        BadFile: the file is missing, or not of that form.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["token"]
        tokens = tuple(Token(entry["name"], entry["role"], entry["sha256"].lower()) for entry in entries)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise BadFile(f"token file {path} cannot be used ({error}); see skyband serve --help") from error
    if not tokens or any(
        not token.name or token.role not in ("read", "admin") or len(token.sha256) != 64 for token in tokens
    ):
        raise BadFile(f"token file {path}: each [[token]] has a name, role read or admin, and sha256 (64 hex digits)")
    return tokens


def check_listening(host: str, *, has_tokens: bool, public_read: bool) -> None:
    """Refuse to offer a store to a network by accident.

    Raises:
        BadOption: the address is not this machine's own and neither tokens nor public reading are asked for.
    """
    if not is_loopback(host) and not has_tokens and not public_read:
        raise BadOption(
            f"--host {host} lets others in: give --token-file FILE, or --public-read if everybody may read this store"
        )


class Limits:
    """How much one client may ask at once and in a minute.

    Args:
        concurrent: queries at once.
        per_minute: requests that start a query, on average; twice as many may come in one burst.
    """

    def __init__(self, *, concurrent: int, per_minute: float) -> None:
        self._concurrent, self._per_minute = concurrent, per_minute
        self._running: dict[str, int] = {}
        self._tokens: dict[str, tuple[float, float]] = {}

    @contextmanager
    def counted(self, identity: Identity) -> Iterator[None]:
        """Count a query while it runs.

        Raises:
            ServerBusy: the client has too many, or asks too often.
        """
        self._enter(identity)
        try:
            yield
        finally:
            self._leave(identity)

    def _enter(self, identity: Identity) -> None:
        now = time.monotonic()
        burst = 2 * self._per_minute
        left, since = self._tokens.get(identity.key, (burst, now))
        left = min(burst, left + (now - since) * self._per_minute / 60)
        if left < 1:
            raise ServerBusy(f"more than {self._per_minute:g} queries a minute; wait a little")
        if self._running.get(identity.key, 0) >= self._concurrent:
            raise ServerBusy(f"{self._concurrent} queries of this client are running; wait until one has ended")
        self._tokens[identity.key] = (left - 1, now)
        self._running[identity.key] = self._running.get(identity.key, 0) + 1
        self._forget(now)

    def _leave(self, identity: Identity) -> None:
        running = self._running.pop(identity.key, 1) - 1
        if running > 0:
            self._running[identity.key] = running

    def _forget(self, now: float) -> None:
        """Drop clients whose allowance is full again, so that addresses do not gather."""
        if len(self._tokens) > _MOST_CLIENTS:
            full: Mapping[str, tuple[float, float]] = self._tokens
            self._tokens = {key: entry for key, entry in full.items() if now - entry[1] < 120}


_MOST_CLIENTS = 10_000


def _secret(authorization: str) -> str | None:
    """The token of an Authorization header: Bearer, or the password of Basic."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return None


def _unauthorized(reason: str) -> NotAuthorizedException:
    return NotAuthorizedException(
        f"{reason}: send Authorization: Bearer TOKEN, or Basic with the token as password",
        headers={"WWW-Authenticate": 'Basic realm="skyband", Bearer'},
    )
