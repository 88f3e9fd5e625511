"""How files name the columns that play a role: UCDs, and names without them."""

from __future__ import annotations

import re
from collections.abc import Mapping

# UCD1+ and the UCD1 of old files, in lower case; the main one of a table first.
EQUATORIAL_UCDS = (
    ({"pos.eq.ra;meta.main", "pos_eq_ra_main"}, {"pos.eq.dec;meta.main", "pos_eq_dec_main"}),
    ({"pos.eq.ra", "pos_eq_ra"}, {"pos.eq.dec", "pos_eq_dec"}),
)
GALACTIC_UCDS = (
    ({"pos.galactic.lon;meta.main"}, {"pos.galactic.lat;meta.main"}),
    ({"pos.galactic.lon", "pos_gal_lon"}, {"pos.galactic.lat", "pos_gal_lat"}),
)
UCDS: Mapping[str, frozenset[str]] = {
    "id": frozenset({"meta.id;meta.main", "id_main"}),
    "epoch": frozenset({"meta.ref;time.epoch"}),
    "pmra": frozenset({"pos.pm;pos.eq.ra", "pos_eq_pmra"}),
    "pmdec": frozenset({"pos.pm;pos.eq.dec", "pos_eq_pmdec"}),
    "parallax": frozenset({"pos.parallax", "pos.parallax.trig", "pos_parlx_trig"}),
    "radial_velocity": frozenset({"spect.dopplerveloc", "spect.dopplerveloc.opt", "spect.dopplerveloc.opt;em.opt.i"}),
    "ra_error": frozenset({"stat.error;pos.eq.ra", "stat.error;pos.eq.ra;meta.main"}),
    "dec_error": frozenset({"stat.error;pos.eq.dec", "stat.error;pos.eq.dec;meta.main"}),
    "ra_dec_corr": frozenset({"stat.correlation;pos.eq.ra;pos.eq.dec"}),
    "pos_error": frozenset({"stat.error;pos.eq", "stat.error;pos", "stat.error;pos.eq;meta.main"}),
    "pmra_error": frozenset({"stat.error;pos.pm;pos.eq.ra"}),
    "pmdec_error": frozenset({"stat.error;pos.pm;pos.eq.dec"}),
    "parallax_error": frozenset({"stat.error;pos.parallax", "stat.error;pos.parallax.trig"}),
}

# Names as `plain_name` writes them; the more telling first.
EQUATORIAL_NAMES = (
    {
        "ra": ("dec", "de"),
        "raj2000": ("dej2000", "decj2000"),
        "ra_j2000": ("dec_j2000", "de_j2000"),
        "ra_icrs": ("de_icrs", "dec_icrs"),
        "raicrs": ("deicrs",),
        "alpha": ("delta",),
        "alpha_j2000": ("delta_j2000",),
        "alphawin_j2000": ("deltawin_j2000",),
        "right_ascension": ("declination",),
        "ramean": ("decmean",),
        "objra": ("objdec",),
    },
    # Positions that VizieR computed from the catalogue's own.
    {"_raj2000": ("_dej2000",), "_ra_icrs": ("_de_icrs",), "_ra": ("_de", "_dec")},
)
GALACTIC_NAMES = (
    {"glon": ("glat",), "gal_lon": ("gal_lat",), "gal_l": ("gal_b",)},
    {"_glon": ("_glat",), "l": ("b",)},
)
ID_NAMES = (
    frozenset(
        {"id", "source_id", "sourceid", "source", "objid", "obj_id", "object_id", "objectid", "photoid", "dr7objid"}
        | {"dr8objid", "specobjid", "spec_obj_id", "gaiadr2", "gaiaedr3", "gaiadr3", "2mass", "_2mass", "allwise"}
        | {"ps1", "sdss12", "sdss16", "hip", "ztfid", "candid", "diaobjectid", "diasourceid"}
    ),
    frozenset({"designation", "name", "iauname", "iau_name", "source_name", "object", "objname", "hostname"}),
    frozenset({"row_id", "rowid", "recno"}),
)
NAMES: Mapping[str, frozenset[str]] = {
    "epoch": frozenset({"ref_epoch"}),
    "pmra": frozenset({"pmra", "pm_ra", "pmra_cosdec", "pm_ra_cosdec"}),
    "pmdec": frozenset({"pmdec", "pmde", "pm_dec", "pm_de"}),
    "parallax": frozenset({"parallax", "plx"}),
    "radial_velocity": frozenset({"radial_velocity", "rv"}),
    "ra_error": frozenset({"ra_error", "ra_err", "raerr", "e_ra", "e_raj2000", "e_ra_icrs", "sigra"}),
    "dec_error": frozenset({"dec_error", "dec_err", "decerr", "e_dec", "e_de", "e_dej2000", "e_de_icrs", "sigdec"}),
    "ra_dec_corr": frozenset({"ra_dec_corr"}),
    "pos_error": frozenset({"pos_error", "pos_err", "poserr"}),
    "pmra_error": frozenset({"pmra_error", "pmra_err", "e_pmra"}),
    "pmdec_error": frozenset({"pmdec_error", "pmdec_err", "e_pmdec", "e_pmde"}),
    "parallax_error": frozenset({"parallax_error", "parallax_err", "e_parallax", "e_plx", "plx_error"}),
}
_ENDINGS = {
    "mas_yr": "mas.yr**-1",
    "masyr": "mas.yr**-1",
    "arcsec_yr": "arcsec.yr**-1",
    "arcsecyr": "arcsec.yr**-1",
    "km_s": "km.s**-1",
    "kms": "km.s**-1",
    "mas": "mas",
    "arcsec": "arcsec",
    "deg": "deg",
    "hms": "h:m:s",
    "dms": "d:m:s",
}
_ENDING = re.compile(rf"(.+?)_?({'|'.join(_ENDINGS)})")

CANDIDATES: Mapping[str, re.Pattern[str]] = {
    "ra": re.compile(r"(ra|alpha|raj|glon|lon|l)\d*"),
    "dec": re.compile(r"(dec?|delta|dej|decj|glat|lat|b)\d*"),
}
"""Parts of names worth showing to a user whose position was not found."""


def plain_name(name: str) -> str:
    """Lower case, `_` for everything but letters and digits, none at the end: "RA (deg)" is "ra_deg"."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).rstrip("_")


def split_unit(plain: str) -> tuple[str, str]:
    """A plain name without the unit it ends in, and that unit: "pmra_masyr" is "pmra" in "mas.yr**-1"."""
    found = _ENDING.fullmatch(plain)
    return (found[1], _ENDINGS[found[2]]) if found else (plain, "")
