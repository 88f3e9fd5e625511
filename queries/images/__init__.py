"""Images: bytes to pictures within limits, and the bytes from where they lie.

`decode` is the one door for every image, whoever it comes from: files of a collection, uploads, embedding runs.
`Pixels` reads the image that a row of a collection names in its column `source`.
"""

from skyband.queries.images.collections import KIND, is_collection
from skyband.queries.images.decode import Image, Limits, Picture, decode, read_image
from skyband.queries.images.pixels import Pixels
from skyband.queries.images.thumbnails import Thumbnails

__all__ = ["KIND", "Image", "Limits", "Picture", "Pixels", "Thumbnails", "decode", "is_collection", "read_image"]
