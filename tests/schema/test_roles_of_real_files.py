"""Roles of the columns of real files."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from skyband.schema.columns import Column
from skyband.schema.errors import BadTable
from skyband.schema.roles import assign_roles
from skyband.schema.survey import load_survey
from tests.schema.roles_told import ID_HINT, NO_ID, no_id, no_position, played, several

# File -> id, ra, dec, and whatever else its names tell; or what is said of it.
REAL = {
    "galaxy_zoo/galaxy_builder": ("dr7objid", "ra", "dec"),
    "galaxy_zoo/gz1_darg_mergers": no_position("candidates are ra1, ra2, dec1, dec2"),
    "galaxy_zoo/gz2_hoyle_barlengths": ("objid", "ra", "dec"),
    "galaxy_zoo/gz2_stripe82_coadd_table5": ("objid", "ra", "dec"),
    "labelled_brown_dwarfs/simple_names": no_position("the columns are source, other_name"),
    "labelled_brown_dwarfs/simple_photometry_long": no_position(
        "the columns are source, band, magnitude, magnitude_error, telescope, reference"
    ),
    "labelled_brown_dwarfs/simple_sources": (
        *("source", "ra", "dec"),
        {
            "parallax": "parallax_mas",
            "parallax_error": "parallax_error_mas",
            "pmra": "pmra_masyr",
            "pmdec": "pmdec_masyr",
        },
    ),
    "labelled_galaxy_clusters/abell": no_id("aco", "bmtype", "count", "rich", "dclass"),
    "labelled_galaxy_clusters/act_dr5": ("name", "ra", "dec"),
    "labelled_galaxy_clusters/durret2011": ("name", "ra", "dec"),
    "labelled_galaxy_clusters/geach2011_stripe82": ("name", "ra", "dec"),
    "labelled_galaxy_clusters/redmapper_des": NO_ID,
    "labelled_galaxy_clusters/redmapper_sdss_dr8": ("ID", "ra", "dec"),
    "labelled_galaxy_clusters/splus_dr1_clusters": ("ID", "ra", "dec"),
    "labelled_galaxy_clusters/xcs_dr1": NO_ID,
    "labelled_quasars/fermi_4lac_dr3_h": ("Source_Name", "RAJ2000", "DEJ2000"),
    "labelled_quasars/perger_agn_z4": ("Name", "ra", "dec"),
    "labelled_quasars/vhzq_z5_zyjhk_wise": no_id("na", "desig"),
    "labelled_sdss_spectro/sdss17_10k": (
        f"column 'obj_ID' cannot be the id: it is DOUBLE, and floats round long identifiers; "
        f"keep it whole or as text, or {ID_HINT}"
    ),
    "labelled_sdss_spectro/sdss_dr14_10k": ("row_id", "ra", "dec"),
    "labelled_stars/bright_star_catalogue": no_id("hr", "Epoch", "sptype", "lum_class"),
    "labelled_stars/exoplanet_hosts": ("hostname", "ra", "dec"),
    "labelled_stars/gaia_dr2_nearby_rv": NO_ID,
    "labelled_stars/hipparcos_subset": (
        *("hip", "ra", "dec"),
        {"parallax": "plx_mas", "parallax_error": "e_plx_mas", "pmra": "pmra_masyr", "pmdec": "pmdec_masyr"},
    ),
    "labelled_transients/crts_css": no_id("crts_id", "sdss", "followed", "last", "classification"),
    "labelled_transients/gcvs": no_id("VarType"),
    "labelled_transients/linear_variables": no_id("n_obs", "lc_type", "linear_id"),
    "labelled_transients/s82_rrlyrae_sesar2010": no_id("__SIG2010_", "Type"),
    "labelled_transients/ztf_bts": ("ZTFID", "RA", "Dec"),
    "labelled_white_dwarfs/mwdd_gaiaedr3_sdss": several("GaiaEDR3", "SDSS12"),
    "legacysurvey_lenses/training_lenses": no_id("source_type", "nobs_g", "nobs_r", "nobs_z", "inds"),
    "lightcurves/ztf_dr5_field250_zg": ("objectid", "objra", "objdec"),
    "openngc/openngc": ("Name", "ra_deg", "dec_deg"),
    "sdss_dr8_galaxies_redmapper/cluster_members": no_id("MEM_MATCH_ID"),
    "sdss_dr8_galaxies_redmapper/galaxies_by_healpix": several("PHOTOID", "ID"),
    "sdss_dr8_galaxies_redmapper/photometric": ("ID", "RA", "DEC"),
    "sdss_dr8_galaxies_redmapper/spectroscopic": NO_ID,
    "xmatch_eyuma/apass_dr9": no_id(
        "Field", "nobs", "mobs", "u_e_Vmag", "u_e_Bmag", "u_e_g'mag", "u_e_r'mag", "u_e_i'mag"
    ),
    "xmatch_eyuma/refcat2": several("GaiaDR2", "id"),
    "xmatch_eyuma/vsx": ("id", "ra", "dec"),
    "xmatch_ngc188/gaia_dr2": (
        *("source_id", "ra", "dec"),
        {"parallax": "parallax", "pmra": "pmra", "pmdec": "pmdec", "radial_velocity": "radial_velocity"},
    ),
    "xmatch_ngc188/twomass_psc": ("_2MASS", "RAJ2000", "DEJ2000"),
    "xmatch_quasar_radio/first": ("id", "RA_deg", "DEC_deg"),
    "xmatch_quasar_radio/gleam": ("id", "RA_deg", "DEC_deg"),
    "xmatch_quasar_radio/nvss": ("id", "RA_deg", "DEC_deg"),
    "xmatch_quasar_radio/racs": ("id", "RA_deg", "DEC_deg"),
    "xmatch_quasar_radio/sdss_quasars": no_position("candidates are sdss_ra, sdss_dec"),
    "xmatch_quasar_radio/truth_final_matched": no_position("candidates are sdss_ra, sdss_dec"),
    "xmatch_sdss_allwise/allwise": ("AllWISE", "RAJ2000", "DEJ2000"),
    "xmatch_sdss_allwise/sdss_input": ("id", "ra", "dec"),
    "xmatch_sdss_allwise/truth_cds_xmatch": no_position("the columns are id, AllWISE, ang_dist_arcsec"),
    "xmatch_ultracool_gaia_2mass/gaia_edr3": (
        *("source_id", "ra", "dec"),
        {"epoch": "ref_epoch", "parallax": "parallax", "pmra": "pmra", "pmdec": "pmdec"},
    ),
    "xmatch_ultracool_gaia_2mass/truth_pairs": no_position("the columns are source, source_id, tmass_designation"),
    "xmatch_ultracool_gaia_2mass/twomass": ("designation", "ra", "dec"),
}


WIDE = {"alerts/fink_ztf_labelled_part2", "galaxy_zoo/efigi_attributes", "xmatch_quasar_radio/truth_candidate_pairs"}


def file_columns(path: Path) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name, kind, *_ in duckdb.execute(f"DESCRIBE FROM '{path}'").fetchall())


@pytest.mark.real
@pytest.mark.parametrize("name", REAL)
def test_real_files_without_a_definition(real_data: Path, name: str) -> None:
    columns, expected = file_columns(real_data / f"{name}.parquet"), REAL[name]
    if isinstance(expected, str):
        with pytest.raises(BadTable) as error:
            assign_roles(columns)
        assert str(error.value) == expected
    else:
        identifier, ra, dec, *others = expected
        roles = assign_roles(columns)
        assert played(roles) == {"id": identifier, "ra": ra, "dec": dec} | dict(*others)
        assert roles.frame == "ICRS"


@pytest.mark.real
def test_every_real_file_is_covered(real_data: Path) -> None:
    files = {str(path.relative_to(real_data).with_suffix("")) for path in real_data.glob("*/*.parquet")}
    assert files == REAL.keys() | WIDE
    for name in WIDE:
        with pytest.raises(BadTable, match=r"the columns are (\S+, ){11}\S+ and \d+ more; give --ra"):
            assign_roles(file_columns(real_data / f"{name}.parquet"))


@pytest.mark.real
def test_partitions_of_a_hats_catalogue(real_data: Path) -> None:
    files = list((real_data / "hats_small_sky").glob("**/dataset/Norder*/**/Npix=*.parquet"))
    assert len(files) > 10
    for path in files:
        assert played(assign_roles(file_columns(path))) == {"id": "id", "ra": "ra", "dec": "dec"}


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "survey", "expected"),
    [
        (
            "xmatch_ultracool_gaia_2mass/gaia_edr3",
            "gaia_edr3",
            {
                **{"id": "source_id", "epoch": "ref_epoch", "ra": "ra", "dec": "dec"},
                **{"ra_error": "ra_error", "dec_error": "dec_error", "parallax": "parallax"},
                **{"parallax_error": "parallax_error", "pmra": "pmra", "pmra_error": "pmra_error"},
                **{"pmdec": "pmdec", "pmdec_error": "pmdec_error"},
            },
        ),
        ("xmatch_ultracool_gaia_2mass/twomass", "twomass_psc", {"id": "designation", "ra": "ra", "dec": "dec"}),
        ("xmatch_ngc188/twomass_psc", "twomass_psc", {"id": "_2MASS", "ra": "RAJ2000", "dec": "DEJ2000"}),
        ("xmatch_sdss_allwise/allwise", "allwise", {"id": "AllWISE", "ra": "RAJ2000", "dec": "DEJ2000"}),
        (
            "labelled_white_dwarfs/mwdd_gaiaedr3_sdss",
            "gaia_edr3",
            {"id": "GaiaEDR3", "ra": "RA_ICRS", "dec": "DE_ICRS", "parallax": "Plx", "pmra": "pmRA", "pmdec": "pmDE"},
        ),
        ("galaxy_zoo/gz2_stripe82_coadd_table5", "gz2_hart16", {"id": "objid", "ra": "ra", "dec": "dec"}),
    ],
)
def test_real_files_with_their_survey(real_data: Path, name: str, survey: str, expected: dict[str, str]) -> None:
    roles = assign_roles(file_columns(real_data / f"{name}.parquet"), survey=load_survey(survey))
    assert played(roles) == expected


@pytest.mark.real
def test_what_the_user_gives_settles_a_real_file(real_data: Path) -> None:
    columns = file_columns(real_data / "xmatch_quasar_radio/sdss_quasars.parquet")
    given = {"id": "sdss_name", "ra": "sdss_ra", "dec": "SDSS_DEC"}
    assert played(assign_roles(columns, given=given)) == {"id": "sdss_name", "ra": "sdss_ra", "dec": "sdss_dec"}
    stars = file_columns(real_data / "labelled_stars/bright_star_catalogue.parquet")
    roles = assign_roles(stars, given={"id": "hr", "epoch": "Epoch"})
    assert [roles.column(role) for role in ("epoch", "pmra")] == [
        Column("Epoch", "BIGINT", "yr", role="epoch"),
        Column("pmra_arcsecyr", "DOUBLE", "arcsec.yr**-1", role="pmra"),
    ]
