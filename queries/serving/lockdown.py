"""What a query process may not do: files, other databases, extensions, endless memory and time."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import duckdb

ENGINE: Mapping[str, str | bool] = {
    "python_enable_replacements": False,
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
    "allow_community_extensions": False,
    # No spilling: a temporary folder would be open to SQL.
    "temp_directory": "",
}
"""What DuckDB is told when it connects."""

_OVERHEAD_BYTES = 1 << 30
"""Room beside what DuckDB may use, in memory (result buffers, Arrow, encoders) and in a temporary file."""

_GRACE_CPU_S = 10
_PR_SET_PDEATHSIG = 1


def lock_engine(connection: duckdb.DuckDBPyConnection) -> None:
    """Take from SQL every way to a file, for good; tables that are attached stay readable.

    The order matters: secrets can no longer be forbidden once access is off, and access must be off before the file
    system goes.
    """
    for setting in (
        "allow_persistent_secrets = false",
        "enable_external_access = false",
        "disabled_filesystems = 'LocalFileSystem'",
        "lock_configuration = true",
    ):
        connection.execute(f"SET GLOBAL {setting}")


def limit_process(memory_gb: float, file_bytes: int) -> None:
    """Limits of the whole process, which no query can raise.

    Args:
        memory_gb: what DuckDB may use, GB. DuckDB does not count everything (long texts, lists): twice that and some
            overhead is the end.
        file_bytes: of an answer; an encoder's temporary file may be twice as large, and no file larger than that.
            Nothing may be written until `allow_files`.
    """
    address_space = _address_space_bytes() + int(2 * memory_gb * 1e9) + _OVERHEAD_BYTES
    if sys.platform == "linux":  # others do not keep to it
        resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 2 * file_bytes + _OVERHEAD_BYTES))
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = files if most == resource.RLIM_INFINITY else most
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(files, 4096), min(most, 4096)))


def limit_cpu(seconds: float) -> None:
    """Let the process use `seconds` of CPU from now on, all threads together; then the system ends it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds) + _GRACE_CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def allow_files(allowed: bool) -> None:
    """Whether files may be written now: the formats that need two passes keep one."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most if allowed else 0, most))


def die_with_parent(parent: int) -> None:
    """End this process when its parent ends, however that comes about (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _address_space_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 4 << 30
    return pages * os.sysconf("SC_PAGE_SIZE")
