"""Encoders: a stream of Arrow batches with column metadata to bytes of a file format.

`encode` gives the bytes as they come, memory flat; `write_file` puts them in a file that is whole or absent.
Nothing heavy is imported before an encoder runs.
"""

from skyband.queries.formats.files import write_file
from skyband.queries.formats.registry import FORMATS, Format, Info, Options, encode, format_of_path

__all__ = ["FORMATS", "Format", "Info", "Options", "encode", "format_of_path", "write_file"]
