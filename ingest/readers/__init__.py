"""One reader a file format: bytes to DuckDB relations and column metadata.

`open_source` gives the `Source` of all files of one ingest.

========  ===========================================================================================================
Parquet   DuckDB; metadata of VOParquet, astropy and HATS
CSV, TSV  DuckDB, told how by a sample; also gzipped; VizieR's comments are understood
FITS      row ranges; binary and ASCII tables; TOPCAT's "fits-plus"; also gzipped
VOTable   a stream, in all serialisations (a FITS table inside one goes through a temporary file); also gzipped
ECSV      YAML header, rows as CSV; also gzipped
========  ===========================================================================================================

Memory does not grow with the file in any of them.
"""

from skyband.ingest.readers.detect import FORMATS
from skyband.ingest.readers.gather import open_source
from skyband.ingest.readers.source import Source

__all__ = ["FORMATS", "Source", "open_source"]
