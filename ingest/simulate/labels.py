"""Labels of a matched catalogue of the simulated surveys: the true class of each object, in a table of its own."""

from __future__ import annotations

from skyband.ingest.simulate.columns import LINKS
from skyband.queries.crossmatch import check_free
from skyband.schema.columns import Column, TableInfo
from skyband.schema.errors import BadTable
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql
from skyband.schema.store import Store
from skyband.schema.survey import load_survey
from skyband.schema.writer import write_table

_BEST_FIRST = ("sim_astrometry", "sim_optical", "sim_nir", "sim_mir")
"""Whose true object the matched one is, where its members disagree."""

_OWN = (
    Column("members", "", ucd="meta.number", description="Rows of surveys in the object"),
    Column("true_members", "", ucd="meta.number", description="Rows among them that are of the true object"),
    Column("ra", "", "deg", "pos.eq.ra;meta.main", description="Right ascension (ICRS)", role="ra"),
    Column("dec", "", "deg", "pos.eq.dec;meta.main", description="Declination (ICRS)", role="dec"),
)


def label_objects(store: Store, catalogue: str, into: str, *, replace: bool = False, command: str = "") -> TableInfo:
    """Publish the labels of the objects of a matched catalogue (`skyband combine`) of simulated surveys.

    The table has the `object_id` of the catalogue and `class`, `subtype`, `redshift`, `true_id` of `sim_truth`. An
    object is what the best positioned of its members is; `true_members` beside `members` says how many of them agree.

    Raises:
        TableNotFound: the catalogue or `sim_truth` is not there.
        TableExists: `into` is there and `replace` is not set.
        BadTable: the catalogue holds no object of a simulated survey.
    """
    check_free(store, into, replace=replace)
    with write_table(store, into) as writer:
        for name in (catalogue, "sim_truth"):
            if name not in writer.session.tables:
                raise store.not_found(name)
        info = writer.session.tables[catalogue]
        surveys = [name for name in _BEST_FIRST if info.column(f"{name}_id")]
        if not surveys or info.column("object_id") is None:
            raise BadTable(f"{catalogue!r} is no matched catalogue of simulated surveys; make one by skyband combine")
        members = " UNION ALL ".join(
            f"SELECT o.object_id, {rank} AS rank, t.true_id FROM {quote(catalogue)} o "
            f"JOIN sim_truth t ON t.{LINKS[name][0]} = o.{name}_id"
            for rank, name in enumerate(surveys, 1)
        )
        query = fill_sql("skyband.ingest.simulate", "labels", catalogue=quote(catalogue), members=members)
        writer.connection.execute(f"CREATE TABLE new.main.data AS {query}")
        truth = load_survey("sim_truth").describe([Column(name, "") for name in ("class", "subtype", "redshift")])
        key = Column("object_id", "", ucd="meta.id;meta.main", description="Number of the object", role="id")
        true_id = Column("true_id", "", ucd="meta.id.cross", description="true_id in sim_truth")
        return writer.publish(
            action="label",
            command=command,
            columns={column.name: column for column in (key, *truth, true_id, *_OWN)},
            description=f"True classes of the objects of {catalogue}",
            source=f"{catalogue}, sim_truth",
            epoch=info.epoch,
        )
