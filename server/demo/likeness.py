"""The demo's second part: pictures of the brightest galaxies, their likes, and what volunteers say of them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from skyband.ingest.images import AddOptions, add_images
from skyband.ingest.pipeline import IngestOptions, ingest
from skyband.models.embedding.run import embed
from skyband.models.encoders.collection import encoder_of
from skyband.models.encoders.open import open_encoder
from skyband.models.encoders.views import Views
from skyband.models.galaxies.gallery import draw_gallery
from skyband.queries.likeness import Collection, LikenessOptions, Targets
from skyband.queries.morphology import interpret
from skyband.queries.morphology.of_neighbours import VotesWanted, votes_of
from skyband.queries.sky import Sky
from skyband.schema.sql import fill_sql
from skyband.schema.store import Store
from skyband.server.console import as_paragraphs
from skyband.server.likeness import find_target, look
from skyband.server.montage import write_montage
from skyband.server.morphology_plots import write_charts
from skyband.server.output import print_result

COLLECTION, VOTES = "galaxy_images", "galaxy_votes"
_GALAXIES = 400
_NEIGHBOURS = 19
_VIEWS: Views = 8


def make_images(store: Store, folder: Path, seed: int) -> None:
    """Draw pictures of the brightest galaxies, add them to the store with positions and votes, and embed them."""
    with Sky(settings=store.settings) as sky:
        chosen = sky.sql(fill_sql("skyband.server.demo", "galaxies", most=str(_GALAXIES))).to_arrow()
    names = chosen["id"].to_pylist()
    votes = draw_gallery(folder, chosen["is_early"].to_pylist(), names, seed)
    listing = chosen.select(["id", "ra", "dec"]).append_column("path", pa.array([f"{name}.jpg" for name in names]))
    pq.write_table(listing, folder / "list.parquet")
    pq.write_table(votes, folder / "votes.parquet")
    add_images(
        store,
        [str(folder / "list.parquet")],
        AddOptions(collection=COLLECTION, description="Simulated pictures", command="skyband demo"),
    )
    options = IngestOptions(table=VOTES, id="id", positions=False, command="skyband demo")
    ingest(store, [folder / "votes.parquet"], options)
    report = embed(store, COLLECTION, open_encoder(views=_VIEWS))
    print(
        f"  {report.embedded:,} pictures encoded by skyband-vit, {report.images_per_s:,.0f} a second ({_VIEWS} views)"
    )


def show_likes(store: Store, folder: Path) -> None:
    """Look for the likes of a picture that the store does not know as one of its own: a copy, turned by 90 degrees."""
    from PIL import Image

    with Sky(settings=store.settings) as sky:
        [(name, source)] = sky.sql(fill_sql("skyband.server.demo", "spiral", images=COLLECTION, votes=VOTES)).rows()
        mine = folder / "mine.png"
        with Image.open(store.path / source) as picture:
            picture.rotate(90).save(mine)
        collection = Collection.open(store, COLLECTION)
        target = find_target(collection, str(mine), encoder_of)
        found = look(sky, collection, target.targets, LikenessOptions(k=_NEIGHBOURS + 1), "").found
        first = found.table["id"][0].as_py()
        print(f"  mine.png is {name}, turned by 90 degrees; most like it is {first}")
        write_montage(store, COLLECTION, target, found, folder / "alike.png")
        # The picture is of a galaxy that is there, whose own votes must not speak for its neighbours.
        itself = collection.targets([name])
        others = look(
            sky,
            collection,
            Targets(target.targets.vectors, [name], itself.ra, itself.dec),
            LikenessOptions(k=_NEIGHBOURS),
            "",
        )
        said = votes_of(sky.connection, sky.tables, VotesWanted(VOTES), others)
        charts = write_charts(said, folder)
        print(f"  {folder / 'alike.png'}: what looks like it; {', '.join(path.name for path in charts)}: its votes")
        print(f"  votes are those of {others.found.table.num_rows} others: {name}, the same galaxy, is left out")
        words = interpret(said)
        print(as_paragraphs(words.paragraph, (*words.points, *words.cautions), indent="  "))
        query = fill_sql("skyband.server.demo", "alike", image=name, images=COLLECTION, votes=VOTES).strip()
        print("\n".join(["", *(f"  {line}" for line in query.splitlines())]))
        print_result(sky.sql(query), most_rows=10)
