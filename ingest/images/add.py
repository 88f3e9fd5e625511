"""`add_images`: files, tables of addresses, buckets and URLs into a collection."""

from __future__ import annotations

from collections.abc import Sequence

from skyband.ingest.images.collect import collect
from skyband.ingest.images.listing import list_images
from skyband.ingest.images.options import AddOptions, AddReport
from skyband.schema.errors import BadOption
from skyband.schema.progress import OnProgress
from skyband.schema.store import Store


def add_images(
    store: Store, sources: Sequence[str], options: AddOptions, *, progress: OnProgress | None = None
) -> AddReport:
    """Add the images that sources name to a collection, which is made if it is not there.

    An image that is there already with the same bytes stays as it is; one whose file has other bytes now is replaced. A
    file from elsewhere with other bytes and an id that is there is refused, unless `options.replace`. What is no good
    image goes to `Store.rejected_file` with the reason.

    Args:
        store: where the collection is.
        sources: folders, patterns, files, tables of addresses, `s3://bucket/prefix`, URLs; see `list_images`.
        options: what is known of them.
        progress: told images done and images in all.

    Raises:
        BadFile, BadOption: nothing is there under a name, or an option cannot be.
        BadTable: see `collect`.
        TableNotFound: there is no table `options.match`.
        TableLocked, StorageError, ResourceLimit: see `collect`.
    """
    if options.match is not None and not store.has(options.match):
        raise store.not_found(options.match)
    if not sources:
        raise BadOption("no images were named; give folders, files, patterns, tables of addresses or URLs")

    def no_service(url: str) -> bytes:
        raise AssertionError(f"{url}: only cutouts come from a service")

    named = ", ".join(map(str, sources[:5])) + (f" and {len(sources) - 5:,} more" if len(sources) > 5 else "")
    return collect(
        store,
        options,
        lambda pixels: list_images(sources, options, pixels),
        named=named,
        fetch=no_service,
        progress=progress,
    )
