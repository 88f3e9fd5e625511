"""Questions of likeness: what is looked for, among what, and what volunteers said of the answer."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from skyband.queries.likeness import Collection, GivenVector, Likeness, LikenessOptions, Targets
from skyband.queries.likeness.neighbours import COLUMNS, Asked, ids_query
from skyband.queries.likeness.targets import NEAR_ARCSEC, angle_words, target_given, target_named
from skyband.queries.sky import Given, Sky
from skyband.schema.errors import BadOption, QueryError
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql
from skyband.schema.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

    from skyband.models.encoders.encoder import Encoder
    from skyband.queries.result import Result

_FILE_NAME = re.compile(r"[/\\]|\.(jpe?g|png|webp|fits?|gz)$", re.IGNORECASE)


@dataclass(frozen=True)
class Target:
    """What is looked for.

    Attributes:
        targets: its vector, with id and position where they are known.
        words: what it is, for people.
        sep_arcsec: how far it is from the position it was looked for by; None where it was not.
    """

    targets: Targets
    words: str
    sep_arcsec: float | None = None


def open_collection(store: Store, name: str | None) -> Collection:
    """The collection of a name; the only one where none is given.

    Raises:
        TableNotFound: it is not there.
        BadOption: there are several.
    """
    return Collection.open(store, name) if name else Collection.only(store)


def find_target(
    collection: Collection,
    what: str,
    load_encoder: Callable[[Collection], Encoder],
    radius_arcsec: float = NEAR_ARCSEC,
) -> Target:
    """An image file, an id of the collection, or "RA,DEC" in degrees (the nearest image).

    Args:
        collection: where to look.
        what: the target.
        load_encoder: opens the encoder of the collection, if an image must be encoded.
        radius_arcsec: how far from a position its image may be.

    Raises:
        BadOption: it is none of them, or no image is near the position.
        BadImage: the file is no image that can be read.
        BadTable: the encoder is not that of the collection.
    """
    path = Path(what)
    if path.is_file():
        return target_of_image(collection, path.read_bytes(), path.name, load_encoder(collection))
    try:
        targets = target_named(collection, what, radius_arcsec)
    except BadOption as error:
        if _FILE_NAME.search(what) is None:
            raise
        raise BadOption(f"there is no file {what}, and {error}") from None
    name, separation = targets.ids[0], float(targets.sep_arcsec[0])
    if math.isnan(separation):
        return Target(targets, f"image {name}")
    return Target(targets, f"image {name}, the nearest to {what} ({angle_words(separation)} away)", separation)


def target_of_image(collection: Collection, data: bytes, name: str, encoder: Encoder) -> Target:
    """The vector of an image from elsewhere, its position, and whether the collection has the same file.

    Args:
        collection: where to look.
        data: the file.
        name: what it is called.
        encoder: of the collection's vectors, with their projection or without.

    Raises:
        BadImage: it is no image that can be read.
        BadTable: the encoder is not that of the collection.
    """
    from skyband.models.encoders.collection import fitted_to
    from skyband.models.encoders.encoder import encode
    from skyband.queries.images import Limits, read_image
    from skyband.queries.images.pixels import checksum_of

    encoder = fitted_to(collection, encoder)
    image = read_image(data, Limits.of(collection.store.settings))
    [vector] = encode(encoder, [image.picture]).tolist()
    checksum = checksum_of(data)
    copy = collection.ids_of_checksums([checksum]).get(checksum)
    return Target(target_given(collection, GivenVector(vector, image.ra, image.dec, copy)), name)


def ids_where(sky: Sky, collection: str, where: str) -> pa.ChunkedArray:
    """Ids of the images for which a condition in SQL over the collection's table holds; it may ask other tables.

    Raises:
        QueryError: it is no condition.
    """
    try:
        return sky.sql(ids_query(collection, where)).to_arrow()["id"]
    except QueryError as error:
        raise QueryError(f"--where: {error}") from None


def look(sky: Sky, collection: Collection, targets: Targets, options: LikenessOptions, where: str) -> Asked:
    """The neighbours of one target among the images for which a condition holds."""
    if where:
        options = replace(options, ids=ids_where(sky, collection.name, where))
    return Asked(collection, targets, options, collection.similar(targets, options))


def with_table(sky: Sky, found: Likeness, table: str) -> Result:
    """Neighbours with all columns of their images, nearest first."""
    neighbours = Given(found.table.select([column.name for column in COLUMNS]), COLUMNS)
    query = fill_sql("skyband.server", "neighbours", neighbours="neighbours", images=quote(table))
    return sky.sql(query, given={"neighbours": neighbours})
