"""The feature table: columns, order, digest, labels, refusals."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from skyband.ingest.pipeline import IngestOptions, ingest
from skyband.models.features import FeatureOptions, facts, feature_table, load_groups
from skyband.queries import Sky
from skyband.schema.columns import Column
from skyband.schema.errors import BadOption, BadTable, TableNotFound
from skyband.schema.store import Store
from skyband.schema.writer import write_table
from tests.conftest import MakeTable

PLACE = {"id": [3, 1, 2], "ra": [10.0, 20.0, 30.0], "dec": [0.0, 1.0, 2.0]}
UGRIZ = {band: pa.array([20.0, 19.0, 18.0], pa.float32()) for band in "ugriz"}


def test_columns_are_ids_keys_and_floats(sky: Sky) -> None:
    table = feature_table(sky, "objects")
    stream = table.rows().stream()
    assert stream.schema.names == ["object_id", "healpix_29", *table.names]
    assert {str(field.type) for field in stream.schema} == {"int64", "float"}
    assert [column.unit for column in stream.columns] == ["", "", *(item.unit for item in table.features)]
    order = [feature.name for group in load_groups().values() for feature in group.features]
    assert list(table.names) == [name for name in order if name in table.names]
    assert set(table.missing) >= {"y_mag", "lc_points", "concentration"}


def test_features_by_name_come_in_that_order(sky: Sky) -> None:
    names = ("w1_minus_w2", "parallax_snr", "u_minus_g")
    every, some = feature_table(sky, "objects"), feature_table(sky, "objects", FeatureOptions(features=names))
    assert some.names == names
    chosen, all_rows = some.rows().to_pandas(), every.rows().to_pandas()
    merged = chosen.merge(all_rows, on="object_id", suffixes=("", "_every"))
    assert len(merged) == len(chosen)
    for name in names:
        assert merged[name].equals(merged[f"{name}_every"].rename(name))


def test_the_digest_is_of_features_and_not_of_tables(sky: Sky) -> None:
    def digest(table: str, **options: object) -> str:
        return feature_table(sky, table, FeatureOptions(**options)).digest  # type: ignore[arg-type]

    names = ("g_minus_r", "r_mag")
    same = digest("objects", features=names)
    assert same == digest("sim_optical", features=names) == digest("sim_truth", features=names, inputs={"g": "teff"})
    others = [
        digest("objects", features=names[::-1]),
        digest("objects", features=names[:1]),
        digest("objects", features=names, deredden=True),
        digest("objects"),
    ]
    assert len({same, *others}) == 5 and all(len(text) == 64 for text in others)


def test_the_digest_is_the_same_in_another_process(sky: Sky) -> None:
    code = (
        "import sys; from skyband.queries import Sky; from skyband.models.features import feature_table\n"
        "print(feature_table(Sky(sys.argv[1]), 'objects').digest)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(sky.store.path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == feature_table(sky, "objects").digest


def test_features_are_the_same_bit_for_bit_whatever_the_threads_and_the_order_of_rows(store: Store) -> None:
    rng = np.random.default_rng(4)
    ra, dec = rng.uniform(10, 10.5, (2, 200))
    bands = {band: np.round(rng.normal(18, 1, 200), 2) for band in ("u", "g", "r", "i", "z")}
    stars = pa.table({"id": np.arange(200), "ra": ra, "dec": dec, "psfMag_r": bands["r"] + 0.2, **bands})
    # Enough measurements for two threads, equal magnitudes and times among them, of few objects.
    points = 130_000
    curves = pa.table(
        {
            "object_id": rng.integers(0, 100, points), "band": rng.choice(["g", "r"], points),
            "mjd": np.round(rng.uniform(0, 900, points), 1), "mag": np.round(rng.normal(18, 0.5, points), 1),
            "mag_error": rng.uniform(0.01, 0.1, points),
        }
    )  # fmt: skip
    roles = {name: Column(name, "", role=name) for name in ("id", "ra", "dec")}
    options = FeatureOptions(groups=("all",), inputs={"model_r": "r"}, light_curves="curves")
    found = []
    for threads in (2, 1, 2):
        with Sky(settings=replace(store.settings, threads=threads)) as sky:
            for name, rows, columns in (("stars", stars, roles), ("curves", curves, {})):
                with write_table(store, name) as writer:
                    writer.connection.register("given", rows.take(rng.permutation(len(rows))))
                    key = "" if name == "curves" else ", healpix(29, ra, dec) AS healpix_29"
                    writer.connection.execute(f"CREATE TABLE new.main.data AS SELECT *{key} FROM given")
                    writer.publish(action="test", command="", columns=columns)
            table = feature_table(sky, "stars", options)
            found.append(table.rows().to_arrow().sort_by("id"))
    assert {"galaxies_3arcmin", "red_fraction_3arcmin", "lc_fall_mag_per_day", "lc_stetson_j"} <= set(table.names)
    assert found[0].column("lc_rise_mag_per_day").null_count < 110
    assert found[0].column("red_fraction_5arcmin").null_count < 100
    assert found[0].equals(found[1]) and found[0].equals(found[2])


def test_labels_choose_the_rows(sky: Sky, store: Store, make_table: MakeTable) -> None:
    table = feature_table(sky, "objects", FeatureOptions(groups=("motion",)))
    found = dict(row[::2][:2] for row in table.rows(labels="labels.class").rows())
    assert found == dict(sky.sql("SELECT object_id, class FROM labels").rows())
    make_table("stars", **PLACE, **UGRIZ)
    make_table("known", id=[2, 3, 7], ra=[0.0] * 3, dec=[0.0] * 3, what=pa.array(["a", None, "b"]))
    with Sky(store.path) as other:
        rows = feature_table(other, "stars", FeatureOptions(features=("u_mag",))).rows(labels="known.what", also=["g"])
        assert [column.name for column in rows.columns] == ["id", "healpix_29", "g", "label", "u_mag"]
        assert [(row[0], *row[2:]) for row in rows.rows()] == [(2, 18.0, "a", 18.0)]
        with pytest.raises(BadOption, match=r"give TABLE\.COLUMN; 'known' has no column ''"):
            feature_table(other, "stars").rows(labels="known")
        with pytest.raises(TableNotFound, match="no table 'unknown'"):
            feature_table(other, "stars").rows(labels="unknown.what")


def test_refusals(sky: Sky, store: Store, make_table: MakeTable) -> None:
    for options, error, words in (
        (FeatureOptions(groups=("parallaxes",)), BadOption, "no group of features 'parallaxes': the groups are"),
        (FeatureOptions(features=("g_r",)), BadOption, "no feature 'g_r'"),
        (
            FeatureOptions(features=("w1_mag", "parallax_snr", "j_mag")), BadTable,
            r"table 'sim_mir' cannot give 2 of the features: parallax_snr needs parallax \(--input parallax=COLUMN\) "
            r"and parallax_error \(--input parallax_error=COLUMN\) \(and 1 more\)",
        ),
        (FeatureOptions(groups=("motion",)), BadTable, "table 'sim_mir' gives none of these features: pm_mas_yr needs"),
        (FeatureOptions(groups=("variability",)), BadTable, "needs a table of light curves"),
        (FeatureOptions(groups=("environment",)), BadTable, "needs a flag of extended sources"),
        (FeatureOptions(light_curves="none"), TableNotFound, "no table 'none'"),
        (FeatureOptions(neighbours="none"), TableNotFound, "no table 'none'"),
    ):  # fmt: skip
        with pytest.raises(error, match=words):
            feature_table(sky, "sim_mir", options)
    with pytest.raises(TableNotFound, match="no table 'none'"):
        feature_table(sky, "none")
    table = feature_table(sky, "sim_mir")
    with pytest.raises(BadOption, match="'sim_mir' has no column 'w9'"):
        table.rows(also=["w9"])
    make_table("odd", **PLACE, **UGRIZ, U_MINUS_G=pa.array([1.0, 2.0, 3.0]))
    with (
        Sky(store.path) as other,
        pytest.raises(BadOption, match="'U_MINUS_G' of table 'odd' has the name of a column"),
    ):
        feature_table(other, "odd").rows(also=["U_MINUS_G"])


def test_a_table_that_was_published_anew_has_other_features(store: Store, make_table: MakeTable) -> None:
    make_table("stars", **PLACE, **UGRIZ)
    with Sky(store.path) as sky:
        table = feature_table(sky, "stars")
        assert len(table.rows().rows()) == 3
        make_table("stars", **PLACE, **UGRIZ)
        with pytest.raises(
            BadTable, match="'stars' was published anew since its features were opened: open them again"
        ):
            table.rows()
        assert len(feature_table(sky, "stars").rows().rows()) == 3


def test_the_digest_is_the_same_where_a_whole_group_is_missing(sky: Sky) -> None:
    options = FeatureOptions(features=("w1_mag", "parallax_snr"), allow_missing=True)
    assert feature_table(sky, "sim_mir", options).digest == feature_table(sky, "objects", options).digest


def test_what_is_missing_may_stay_empty(sky: Sky) -> None:
    wanted = ("w1_mag", "parallax_snr", "lc_points", "galaxies_3arcmin")
    table = feature_table(sky, "sim_mir", FeatureOptions(features=wanted, allow_missing=True))
    assert table.names == wanted and set(table.missing) == set(wanted[1:])
    rows = table.rows().rows()
    assert len(rows) == table.info.rows
    assert all(row[3:] == (None, None, None) for row in rows) and any(row[2] is not None for row in rows)


def test_facts_say_what_a_manifest_must(sky: Sky) -> None:
    table = feature_table(sky, "objects", FeatureOptions(groups=("colours",)))
    document = facts(table)
    assert document["digest"] == table.digest and document["version_id"] == table.info.version.version_id
    assert document["inputs"]["w1"] == {"from": "sim_mir.w1mpro", "survey": "sim_mir", "system": "Vega"}
    assert document["missing"]["z_minus_y"] == ["y"]
    assert [item["name"] for item in document["features"]] == list(table.names)


def test_a_table_without_positions_has_features_too(store: Store) -> None:
    with write_table(store, "plain") as writer:
        writer.connection.execute("CREATE TABLE new.main.data AS SELECT 1 AS id, 2.0 AS W1mag, 1.5 AS W2mag")
        writer.publish(action="test", command="", columns={"id": Column("id", "", role="id")})
    with Sky(store.path) as sky:
        table = feature_table(sky, "plain", FeatureOptions(features=("w1_minus_w2", "bands_mir")))
        assert table.rows().rows() == [(1, None, 0.5, 2.0)]


@pytest.mark.real
def test_real_labelled_photometry(store: Store, real_data: Path) -> None:
    file = real_data / "labelled_sdss_spectro" / "sdss17_10k.parquet"
    ingest(store, [file], IngestOptions(table="labelled", id="@row"))
    with Sky(store.path) as sky:
        table = feature_table(sky, "labelled")
        assert {"u_minus_g", "g_minus_r", "r_minus_i", "i_minus_z", "r_mag", "bands_measured"} <= set(table.names)
        assert not any("redshift" in name for name in table.names)
        frame = table.rows(also=["class", "u", "g"]).to_pandas()
        with_redshift = feature_table(sky, "labelled", FeatureOptions(groups=("colours", "spectroscopy")))
        assert "spectroscopic_redshift" in with_redshift.names
    assert len(frame) == 6086
    assert (frame.u_minus_g - (frame.u - frame.g)).abs().max() < 2e-5
    medians = frame.groupby("class").u_minus_g.median()
    assert medians["QSO"] < 0.8 < medians["STAR"] < medians["GALAXY"]
