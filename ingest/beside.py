"""What was turned away goes beside the table it was turned away from, and is there whenever the table is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skyband.schema.disk import put_in_place
from skyband.schema.writer import TableWriter


@contextmanager
def rejects_beside(writer: TableWriter, final: Path) -> Iterator[Path]:
    """A file of rejects for the body to write, which takes its place once the body has published the table.

    It waits under the version it belongs to. Where a writer was killed after it had published, the next one finds it by
    that and puts it in place before anything else.

    Args:
        writer: of the table.
        final: where the rejects of the table are.

    Yields:
        The file to write; left empty it says that there are no rejects any more, not written that they stay.
    """
    _recover(writer, final)
    waiting = _waiting(final, writer.version_id)
    try:
        yield waiting
        _settle(waiting, final)
    finally:
        if writer.published is None:
            waiting.unlink(missing_ok=True)


def _recover(writer: TableWriter, final: Path) -> None:
    published = writer.previous.versions if writer.previous else ()
    for version in published:
        _settle(_waiting(final, version.version_id), final)
    for left in final.parent.glob(_waiting(final, "*").name):
        left.unlink()


def _waiting(final: Path, version_id: str) -> Path:
    return final.with_name(f".{version_id}.{final.name}")


def _settle(waiting: Path, final: Path) -> None:
    if not waiting.exists():
        return
    if waiting.stat().st_size:
        put_in_place(waiting, final)
    else:
        final.unlink(missing_ok=True)
        waiting.unlink()
