"""The demo: skyband's main job on a simulated sky, checked against the truth."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skyband.ingest.simulate.into_store import ingest_simulated
from skyband.queries.crossmatch import MatchOptions, crossmatch
from skyband.queries.export import export
from skyband.queries.sky import Sky
from skyband.schema.settings import Settings
from skyband.schema.sql import fill_sql
from skyband.schema.store import Store
from skyband.server.console import percent
from skyband.server.demo.classifier import make_catalogue, score_catalogue, train_classifier, validate_classifier
from skyband.server.demo.likeness import make_images, show_likes
from skyband.server.output import print_result
from skyband.server.plots import match_figure

# Match radius of each survey with the astrometric one, arcsec: a few position errors of the coarser survey.
RADII_ARCSEC = {"sim_optical": 1.0, "sim_nir": 1.0, "sim_mir": 3.0}
TRUE_IDS = {"sim_optical": "optical_id", "sim_nir": "nir_id", "sim_mir": "mir_id"}

QUESTIONS = {
    "How many objects of each class were seen by all four surveys?": "classes",
    "Which sources move fastest, and how red are they?": "movers",
    "What lies within half a degree of the galactic centre?": "cone",
}


def run_demo(folder: Path, *, rows: int, seed: int) -> None:
    """Simulate, ingest, match, compare with the truth, ask, export and plot; everything goes into `folder`."""
    began = time.perf_counter()
    shutil.rmtree(folder, ignore_errors=True)
    settings = Settings(store=str(folder / "sky"))
    store = Store.create(settings)
    with _step(f"Simulating {rows:,} objects seen by four surveys (seed {seed}) and ingesting what they saw"):
        for report in ingest_simulated(store, rows=rows, seed=seed, command="skyband demo"):
            print(f"  {report.info.name:<16} {report.info.rows:>9,} rows")
    for survey, radius_arcsec in RADII_ARCSEC.items():
        with _step(f"Matching sim_astrometry with {survey} at {radius_arcsec:g} arcsec"):
            _match(store, survey, radius_arcsec)
    with Sky(settings=settings) as sky:
        for question, name in QUESTIONS.items():
            query = fill_sql("skyband.server.demo", name).strip()
            with _step(question):
                print("\n".join(f"  {line}" for line in query.splitlines()))
                print_result(sky.sql(query), most_rows=10)
        with _step("Writing files for TOPCAT, and a picture"):
            for name in ("astrometry_mir.fits", "astrometry_mir.vot"):
                written = export(settings, folder / name, table="astrometry_mir")
                print(f"  {folder / name}: {written:,} rows")
            match_figure(sky, "astrometry_mir", folder / "astrometry_mir.png")
            print(f"  {folder / 'astrometry_mir.png'}: sky density, separations and their chance level")
    with _step("Drawing pictures of the brightest galaxies as a survey sees them, and encoding them"):
        make_images(store, folder / "images", seed)
    with _step("What looks like this galaxy, and what do volunteers say of its likes?"):
        show_likes(store, folder)
    with _step("Making one catalogue of all four surveys, and learning what its objects are in a third of the sky"):
        make_catalogue(store)
        train_classifier(store)
    with _step("What is everything else? New columns for every object, checked where nothing was learnt"):
        score_catalogue(store, folder)
        validate_classifier(store, folder)
    print(f"\nDone in {time.perf_counter() - began:.0f} s. What to try next (the program is .venv/bin/skyband):")
    for command in (
        f"skyband tables --store {store.path}",
        f"skyband describe astrometry_mir --store {store.path}",
        f'skyband sql "SELECT class, count(*) FROM sim_truth GROUP BY class" --store {store.path}',
        f"skyband crossmatch sim_nir sim_mir --radius 2 --find mutual --into nir_mir --store {store.path}",
        f"skyband similar {folder / 'mine.png'} --views 8 --votes galaxy_votes --store {store.path}",
        f"skyband validate types objects --label unseen.class --leak -o {folder / 'types.html'} --store {store.path}",
        f"skyband serve --store {store.path}",
        f"topcat {folder / 'astrometry_mir.fits'}",
    ):
        print(f"  {command}")


def _match(store: Store, survey: str, radius_arcsec: float) -> None:
    into = f"astrometry_{survey.removeprefix('sim_')}"
    options = MatchOptions(left="sim_astrometry", right=survey, radius_arcsec=radius_arcsec, into=into)
    counts = crossmatch(store, options, command="skyband demo").counts
    with Sky(settings=store.settings) as sky:
        ((true_pairs, found, right),) = sky.sql(
            fill_sql("skyband.server.demo", "truth", pairs=into, right_id=f"{survey}_id", true_id=TRUE_IDS[survey])
        ).rows()
    print(
        f"  {found:,} pairs; {counts.left_unmatched:,} and {counts.right_unmatched:,} rows unmatched; "
        f"{percent(counts.chance.rate)} of sources would find a partner by chance"
    )
    print(
        f"  against the truth: completeness {right / true_pairs:.2%} ({right:,} of {true_pairs:,} true pairs), "
        f"contamination {1 - right / found:.2%}"
    )


@contextmanager
def _step(title: str) -> Iterator[None]:
    print(f"\n{title}")
    began = time.perf_counter()
    yield
    print(f"  {time.perf_counter() - began:.1f} s")
