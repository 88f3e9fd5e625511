"""What a figure depends on: the machine, and the versions of everything that is measured."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("skyband", "duckdb", "pyarrow", "numpy", "astropy")


def describe_machine() -> dict[str, str]:
    """CPU, cores, memory, system, load, Python and packages, as people read them."""
    return {
        "CPU": f"{_cpu_model()}, {cores()} cores",
        "memory": f"{memory_gb():.0f} GB",
        "system": _system(),
        "load at the start": f"{os.getloadavg()[0]:.1f}",
        "Python": platform.python_version(),
        **{package: version(package) for package in _PACKAGES},
    }


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_gb() -> float:
    """Physical memory, 1e9 bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def package_version(python: str, package: str) -> str | None:
    """The version of a package as an interpreter has it, None if it has not."""
    question = f"from importlib.metadata import version; print(version({package!r}))"
    answer = subprocess.run([python, "-c", question], capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else None


def stilts_version() -> str | None:
    """The version of `stilts` on PATH and of its Java, None if it is not there."""
    try:
        answer = subprocess.run(["stilts", "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    found = re.search(r"STILTS version (\S+)", answer.stdout + answer.stderr)
    return found[1] if answer.returncode == 0 and found else None


def _cpu_model() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", facts.read_text(), re.MULTILINE)
        if found:
            return found[1]
    return platform.processor() or platform.machine()


def _system() -> str:
    try:
        return f"{platform.freedesktop_os_release()['PRETTY_NAME']}, {platform.system()} {platform.release()}"
    except OSError:
        return platform.platform()
