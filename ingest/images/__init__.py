"""Collections of images: from files, tables of addresses, buckets and cutout services to a table and thumbnails.

A collection NAME is the table NAME of the store, one row an image, and the Lance table NAME_thumbnails. Pictures stay
where they are: the column `source` says where.
"""

from skyband.ingest.images.add import add_images
from skyband.ingest.images.options import AddOptions, AddReport
from skyband.ingest.images.remove import RemoveReport, remove_images

__all__ = ["AddOptions", "AddReport", "RemoveReport", "add_images", "remove_images"]
