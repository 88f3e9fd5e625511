"""From what the user names to the images to look at: folders, patterns, files, tables of addresses, buckets, URLs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from skyband.ingest.images.addresses import list_addresses
from skyband.ingest.images.candidates import Candidate, Listing, Refused, id_of
from skyband.ingest.images.options import AddOptions
from skyband.ingest.readers.detect import suffix_format
from skyband.ingest.readers.folders import natural_key
from skyband.queries.images.pixels import Pixels, is_remote
from skyband.queries.images.s3 import SCHEME, Object
from skyband.schema.errors import BadFile

_ENDINGS = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".fits", ".fit", ".fts"})
"""Of files taken from folders and buckets; what they are is decided by their bytes."""

_SHOWN = 5


def list_images(sources: Sequence[str], options: AddOptions, pixels: Pixels) -> Listing:
    """The images that sources name.

    A folder stands for all image files below it, but hidden ones; a pattern for the files and folders it fits, also
    with `**`; a CSV, TSV, Parquet, ECSV or VOTable file for the addresses in it; `s3://bucket/prefix` for the objects
    below the prefix; everything else is an image, whatever it is called.

    Raises:
        BadFile: nothing is there under a name, or a folder or bucket has no images.
        BadTable, BadOption: a table of addresses is unclear.
    """
    listings = [_of_source(source, options, pixels) for source in sources]
    counts = [listing.count for listing in listings]
    return Listing(
        _once(chain.from_iterable(listing.images for listing in listings)),
        None if None in counts else sum(count for count in counts if count is not None),
        [note for listing in listings for note in listing.notes],
        any(listing.remote for listing in listings),
    )


def _of_source(source: str, options: AddOptions, pixels: Pixels) -> Listing:
    if source.startswith(SCHEME):
        return _of_bucket(source, pixels)
    if is_remote(source):
        return Listing(iter([Candidate(id_of(source), source)]), 1, remote=True)
    path = Path(source).expanduser()
    if path.is_dir():
        return _of_folder(path)
    if path.exists():
        return _of_file(path, options)
    anchor = Path(path.anchor)  # of a relative path: here
    named = anchor.glob(str(path.relative_to(anchor)))
    found = sorted((path for path in named if not _is_hidden(path)), key=natural_key)
    if not found:
        raise BadFile(f"{source}: no such file or folder, and no file fits it as a pattern")
    # `**` names folders too, and the files in them besides.
    files = [path for path in found if path.is_file()] or [f for folder in found for f in _walk(folder)[0]]
    if not files:
        raise BadFile(f"{source} fits folders without image files")
    return _of_files(files)


def _of_file(path: Path, options: AddOptions) -> Listing:
    if suffix_format(path) in (None, "fits"):
        return _of_files([path])
    return list_addresses(path, options)


def _of_folder(folder: Path) -> Listing:
    files, others = _walk(folder)
    if not files:
        raise BadFile(f"the folder {folder} holds no files named as images are: {', '.join(sorted(_ENDINGS))}")
    listing = _of_files(files)
    listing.notes = _left_out([path.name for path in others])
    return listing


def _walk(folder: Path) -> tuple[list[Path], list[Path]]:
    """Files below a folder that are named as images are, and the others."""
    files: list[Path] = []
    others: list[Path] = []
    for path in sorted(folder.rglob("*"), key=natural_key):
        if path.is_file() and not _is_hidden(path.relative_to(folder)):
            (files if _is_named_as_image(path.name) else others).append(path)
    return files, others


def _of_files(paths: Sequence[Path]) -> Listing:
    return Listing((Candidate(id_of(path.name), str(path.absolute())) for path in paths), len(paths))


def _of_bucket(url: str, pixels: Pixels) -> Listing:
    objects: list[Object] = []
    others: list[Object] = []
    for found in pixels.buckets.objects(url):
        (objects if _is_named_as_image(found.url) else others).append(found)
    if not objects:
        raise BadFile(f"{url} holds no objects named as images are: {', '.join(sorted(_ENDINGS))}")
    return Listing(
        (Candidate(id_of(found.url), found.url, changed=found.changed) for found in objects),
        len(objects),
        _left_out([found.url.rpartition("/")[2] for found in others]),
        remote=True,
    )


def _is_named_as_image(name: str) -> bool:
    return Path(name.lower().removesuffix(".gz")).suffix in _ENDINGS


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") and part != ".." for part in path.parts)


def _left_out(names: Sequence[str]) -> Sequence[str]:
    if not names:
        return ()
    more = ", ..." if len(names) > _SHOWN else ""
    return (f"left out {len(names):,} files not named as images: {', '.join(names[:_SHOWN])}{more}",)


def _once(images: Iterator[Candidate | Refused]) -> Iterator[Candidate | Refused]:
    """Each place once, though sources may overlap."""
    seen = set()
    for image in images:
        if isinstance(image, Candidate):
            if (image.id, image.source) in seen:
                continue
            seen.add((image.id, image.source))
        yield image
