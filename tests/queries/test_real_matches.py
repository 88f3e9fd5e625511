"""Real catalogues through the whole way: files, ingest, cross-match, SQL; against published pairs and astropy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord, search_around_sky

from skyband.ingest.pipeline import IngestOptions, ingest
from skyband.queries import Sky
from skyband.queries.crossmatch import Find, MatchOptions, crossmatch
from skyband.schema.store import Store

pytestmark = pytest.mark.real


def load(store: Store, path: Path, table: str, **options: Any) -> int:
    return ingest(store, [path], IngestOptions(table=table, **options)).rows_kept


def pairs(
    store: Store, left: str, right: str, radius_arcsec: float, find: Find, **options: Any
) -> list[tuple[Any, Any, float]]:
    crossmatch(
        store,
        MatchOptions(left=left, right=right, radius_arcsec=radius_arcsec, into="m", find=find, replace=True, **options),
    )
    with Sky(store.path) as sky:
        return sky.sql(f"SELECT {left}_id, {right}_id, sep_arcsec FROM m").rows()


def keys(store: Store, table: str) -> tuple[list[Any], SkyCoord]:
    with Sky(store.path) as sky:
        rows = sky.sql(f"SELECT id, ra, dec FROM keys.{table}").to_arrow()
    return rows["id"].to_pylist(), SkyCoord(rows["ra"].to_numpy(), rows["dec"].to_numpy(), unit="deg")


def astropy_pairs(store: Store, left: str, right: str, radius_arcsec: float) -> set[tuple[Any, Any]]:
    (left_ids, left_sky), (right_ids, right_sky) = keys(store, left), keys(store, right)
    i, j, _, _ = search_around_sky(left_sky, right_sky, radius_arcsec * u.arcsec)
    return {(left_ids[a], right_ids[b]) for a, b in zip(i, j, strict=True)}


def test_ngc_188_gives_exactly_the_pairs_of_search_around_sky(real_data: Path, store: Store) -> None:
    folder = real_data / "xmatch_ngc188"
    assert load(store, folder / "gaia_dr2.parquet", "gaia", epoch=2015.5) == 4876
    assert load(store, folder / "twomass_psc.parquet", "twomass", survey="twomass_psc") == 5014
    found = pairs(store, "gaia", "twomass", 1.0, Find.ALL, propagate=False)
    expected = astropy_pairs(store, "gaia", "twomass", 1.0)
    assert {(a, b) for a, b, _ in found} == expected
    assert len(found) == len(expected)
    # The README of the catalogues counts sources with a neighbour, in both directions.
    assert len({a for a, _, _ in found}) == 4163
    assert len({b for _, b, _ in found}) == 4126


def test_sdss_and_allwise_give_exactly_the_published_pairs(real_data: Path, store: Store) -> None:
    folder = real_data / "xmatch_sdss_allwise"
    load(store, folder / "sdss_input.parquet", "sdss")
    load(store, folder / "allwise.parquet", "wise", survey="allwise")
    truth = pq.read_table(folder / "truth_cds_xmatch.parquet").to_pydict()
    published = dict(zip(zip(truth["id"], truth["AllWISE"], strict=True), truth["ang_dist_arcsec"], strict=True))
    assert len(published) == 3263
    for find in (Find.ALL, Find.BEST, Find.BEST1, Find.MUTUAL, Find.ONE_TO_ONE):
        found = {(a, b): sep for a, b, sep in pairs(store, "sdss", "wise", 1.0, find)}
        assert found.keys() == published.keys()
        assert found == pytest.approx(published, abs=2.5e-4)


def test_cosmos_x_ray_sources_match_as_published(real_data: Path, store: Store) -> None:
    folder = real_data / "xmatch_cosmos_xray"
    assert load(store, folder / "cosmos_xmm.fits", "xmm") == 1797
    assert load(store, folder / "cosmos_chandra.fits", "chandra", id="NAME") == 1761
    for radius_arcsec, sources in ((1.0, 358), (2.0, 684), (5.0, 841)):
        assert len(pairs(store, "xmm", "chandra", radius_arcsec, Find.BEST1)) == sources
    found = pairs(store, "xmm", "chandra", 5.0, Find.ALL)
    assert {(a, b) for a, b, _ in found} == astropy_pairs(store, "xmm", "chandra", 5.0)


def test_ey_uma_matches_as_published(real_data: Path, store: Store) -> None:
    folder = real_data / "xmatch_eyuma"
    assert load(store, folder / "refcat2.parquet", "refcat", id="@row") == 187
    assert load(store, folder / "apass_dr9.parquet", "apass", id="@row") == 54
    assert load(store, folder / "vsx.parquet", "vsx", id="OID") == 39
    for radius_arcsec, sources in ((0.5, 41), (1.0, 49), (2.0, 53), (5.0, 54)):
        assert len(pairs(store, "apass", "refcat", radius_arcsec, Find.BEST1)) == sources


def test_redmapper_sets_match_by_position(real_data: Path, store: Store) -> None:
    folder = real_data / "sdss_dr8_galaxies_redmapper"
    assert load(store, folder / "photometric.parquet", "phot", id="@row") == 2275
    assert load(store, folder / "spectroscopic.parquet", "spec", id="@row") == 2275
    for radius_arcsec, sources in ((0.5, 2254), (1.0, 2254), (2.0, 2258), (5.0, 2275)):
        assert len(pairs(store, "phot", "spec", radius_arcsec, Find.BEST1)) == sources
    # Every member of a cluster is one of the galaxies.
    assert load(store, folder / "galaxies_by_healpix.parquet", "galaxies", id="PHOTOID") == 14449
    assert load(store, folder / "cluster_members.parquet", "members", id="@row") == 513
    assert len(pairs(store, "members", "galaxies", 1.0, Find.BEST1)) == 513


def test_duplicates_of_a_real_catalogue_are_those_of_astropy(real_data: Path, store: Store) -> None:
    load(store, real_data / "xmatch_ngc188/gaia_dr2.parquet", "gaia", epoch=2015.5)
    crossmatch(store, MatchOptions(left="gaia", right="gaia", radius_arcsec=3.0, into="twins", find=Find.ALL))
    ids, where = keys(store, "gaia")
    i, j, _, _ = search_around_sky(where, where, 3 * u.arcsec)
    with Sky(store.path) as sky:
        found = sky.sql("SELECT gaia_id, gaia_id_2 FROM twins").rows()
    expected = {(ids[a], ids[b]) for a, b in zip(i, j, strict=True) if ids[a] < ids[b]}
    assert len(found) == len(expected) > 0
    assert set(found) == expected


def test_the_cone_of_a_real_catalogue_is_that_of_astropy(real_data: Path, store: Store) -> None:
    load(store, real_data / "xmatch_ngc188/gaia_dr2.parquet", "gaia", epoch=2015.5)
    ids, where = keys(store, "gaia")
    centre = SkyCoord(11.8, 85.25, unit="deg")
    expected = {ids[place] for place in np.flatnonzero(where.separation(centre) <= 0.1 * u.deg)}
    with Sky(store.path) as sky:
        rows = sky.cone("gaia", 11.8, 85.25, 0.1).to_arrow()
    assert set(rows["source_id"].to_pylist()) == expected
    assert len(expected) > 100
