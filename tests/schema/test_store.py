"""The store: publish, never modify."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from skyband.queries import Sky
from skyband.schema.columns import HEALPIX_COLUMN, Column
from skyband.schema.errors import BadName, StorageError, StoreNotFound, TableLocked, TableNotFound
from skyband.schema.locks import writer_lock
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from skyband.schema.writer import write_table

MakeTable = Callable[..., Any]
ROW = {"id": [1], "ra": [10.0], "dec": [20.0]}


def files(store: Store) -> set[str]:
    return {path.name for path in store.tables_folder.iterdir() if not path.name.endswith(".lock")}


def test_a_table_says_everything_about_itself(store: Store, make_table: MakeTable) -> None:
    given = Column("g", "", "mag", "phot.mag;em.opt", "u:type", "", "Mean magnitude", "", None)
    make_table("gaia", id=[2, 1], ra=[10.0, 5.0], dec=[0.0, 0.0], g=[1.5, None], metadata=[given], epoch=2016.0)
    info = store.info("gaia")
    assert [column.name for column in info.columns] == ["id", "ra", "dec", "g", HEALPIX_COLUMN]
    assert info.column("G") == Column("g", "DOUBLE", "mag", "phot.mag;em.opt", "u:type", "", "Mean magnitude")
    assert (info.name, info.rows, info.epoch, info.frame) == ("gaia", 2, 2016.0, "ICRS")
    version = info.version
    assert (version.version, version.action, version.rows, len(version.version_id)) == (1, "test", 2, 12)


def test_keys_have_standard_names_and_units(store: Store, make_table: MakeTable) -> None:
    roles = [
        Column("sig", "", "arcsec", role="ra_error"),
        Column("e_dec", "", "mas", role="dec_error"),
        Column("mu", "", "arcsec.yr**-1", role="pmra"),
        Column("jd", "", "d", xtype="jd", role="epoch"),
    ]
    columns = {"sig": [0.1], "e_dec": [3.0], "mu": [0.25], "jd": [2457389.0], "other": [1]}
    make_table("wise", **ROW, **columns, metadata=roles)
    with Sky(store.path) as sky:
        result = sky.sql("FROM keys.wise")
        assert [(column.name, column.unit) for column in result.columns] == [
            *(("id", ""), ("ra", "deg"), ("dec", "deg"), (HEALPIX_COLUMN, ""), ("epoch", "yr")),
            *(("pmra", "mas.yr**-1"), ("ra_error", "mas"), ("dec_error", "mas")),
        ]
        ((id_, ra, dec, _, epoch, pmra, ra_error, dec_error),) = result.rows()
    assert (id_, ra, dec, pmra, ra_error, dec_error) == (1, 10.0, 20.0, 250.0, 100.0, 3.0)
    assert epoch == pytest.approx(2016.0, abs=1e-9)


def test_a_constant_epoch_is_in_the_keys(store: Store, make_table: MakeTable) -> None:
    make_table("gaia", **ROW, epoch=2015.5)
    with Sky(store.path) as sky:
        assert sky.sql("SELECT epoch FROM keys.gaia").rows() == [(2015.5,)]


def test_publishing_again_keeps_the_history_and_readers_keep_what_they_opened(
    store: Store, make_table: MakeTable
) -> None:
    make_table("gaia", **ROW)
    with Sky(store.path) as sky:
        before = sky.sql("SELECT count(*) AS n, max(id) AS last FROM gaia")
        first = store.info("gaia").version
        make_table("gaia", id=[1, 2], ra=[1.0, 2.0], dec=[0.0, 0.0])
        assert before.rows() == [(1, 1)]
        assert sky.sql("SELECT count(*), max(id) FROM gaia").rows() == [(2, 2)]
    versions = store.info("gaia").versions
    assert [version.version for version in versions] == [1, 2]
    assert versions[0] == first
    assert versions[1].version_id != first.version_id


def test_a_failed_build_leaves_the_old_table_and_no_remains(store: Store, make_table: MakeTable) -> None:
    make_table("gaia", **ROW)
    with pytest.raises(RuntimeError, match="boom"), write_table(store, "gaia") as writer:
        writer.connection.execute("CREATE TABLE new.main.data AS SELECT 1 AS id")
        raise RuntimeError("boom")
    assert files(store) == {"gaia.duckdb"}
    assert store.info("gaia").rows == 1


KILLED = """
import os, signal, sys
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from skyband.schema.writer import write_table
store = Store.create(Settings(store=sys.argv[1]))
if sys.argv[2] == "publish":
    # The moment before the new file takes the old one's place: everything is written, nothing is moved.
    def killed(self, target):
        os.kill(os.getpid(), signal.SIGKILL)
    type(store.tables_folder).replace = killed
with write_table(store, "gaia") as writer:
    writer.connection.execute("CREATE TABLE new.main.data AS SELECT i AS id, 1.0 AS ra, 2.0 AS dec, 3 AS healpix_29 "
                              "FROM range(500000) t(i)")
    if sys.argv[2] == "build":
        os.kill(os.getpid(), signal.SIGKILL)
    writer.publish(action="test", command="")
"""


@pytest.mark.parametrize("moment", ["build", "publish"])
def test_a_killed_writer_leaves_the_old_table_and_the_next_one_clears_up(
    store: Store, make_table: MakeTable, moment: str
) -> None:
    make_table("gaia", **ROW)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(store.path), moment], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert ".gaia.building.duckdb" in files(store)
    assert store.info("gaia").rows == 1
    make_table("gaia", id=[1, 2], ra=[1.0, 2.0], dec=[0.0, 0.0])
    assert files(store) == {"gaia.duckdb"}
    assert (store.info("gaia").rows, store.info("gaia").version.version) == (2, 2)


FULL_DISK = """
import resource, sys
from skyband.schema.errors import StorageError
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from skyband.schema.writer import write_table
store = Store.create(Settings(store=sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
try:
    with write_table(store, "gaia") as writer:
        writer.connection.execute("CREATE TABLE new.main.data AS SELECT hash(i) AS id, hash(i) AS healpix_29 "
                                  "FROM range(1000000) t(i)")
        writer.publish(action="test", command="")
except StorageError as error:
    print(error)
    sys.exit(7)
"""


def test_a_disk_that_takes_no_more_is_a_storage_error_and_leaves_the_old_table(
    store: Store, make_table: MakeTable
) -> None:
    make_table("gaia", **ROW)
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(store.path)], check=False, capture_output=True, text=True
    )
    assert run.returncode == 7, run.stderr
    assert "gaia" in run.stdout
    assert store.info("gaia").rows == 1
    assert files(store) == {"gaia.duckdb"}


def test_two_writers_of_one_table_do_not_meet(store: Store, make_table: MakeTable) -> None:
    make_table("gaia", **ROW)
    with write_table(store, "gaia"):
        with pytest.raises(TableLocked, match=rf"'gaia' \(process {os.getpid()}, since"), write_table(store, "gaia"):
            pass
        with pytest.raises(TableLocked):
            store.drop("gaia")
        make_table("wise", **ROW)
    assert store.names() == ["gaia", "wise"]


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    lock = tmp_path / ".gaia.lock"
    holder = (
        "import sys, os, signal; from pathlib import Path; from skyband.schema.locks import writer_lock\n"
        "with writer_lock(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", holder, str(lock)], check=False).returncode == -signal.SIGKILL
    assert b"pid" in lock.read_bytes()
    with writer_lock(lock):
        pass
    assert lock.read_bytes() == b""


def test_a_damaged_file_is_reported_and_the_other_tables_still_answer(store: Store, make_table: MakeTable) -> None:
    make_table("gaia", **ROW)
    make_table("wise", **ROW)
    whole = store.table_file("gaia").read_bytes()
    store.table_file("gaia").write_bytes(whole[: len(whole) // 3])
    with pytest.raises(StorageError, match="gaia"):
        store.info("gaia")
    with Sky(store.path) as sky:
        assert sky.sql("SELECT count(*) FROM wise").rows() == [(1,)]
        assert list(sky.tables) == ["wise"]
        assert "gaia" in sky.damaged


def change_file(store: Store, table: str, statement: str) -> None:
    with duckdb.connect(store.table_file(table)) as connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE skyband.properties SET value = '2' WHERE key = 'layout'", "layout 2; this one reads layout 1"),
        ("ALTER TABLE skyband.columns ADD COLUMN flags VARCHAR", "'flags'"),
        ("ALTER TABLE skyband.columns RENAME unit TO units", "'units'"),
        ("ALTER TABLE skyband.versions RENAME version TO number", "version"),
        ("DELETE FROM skyband.properties WHERE key = 'epoch'", "epoch"),
        ("UPDATE skyband.properties SET value = '{' WHERE key = 'details'", "Expecting property name"),
        ("UPDATE skyband.columns SET unit = 'kg' WHERE role = 'pmra'", "kg"),
        ("ALTER TABLE data RENAME ra TO elsewhere", '"ra" referenced'),
        ("DROP SCHEMA skyband CASCADE", "no table of skyband"),
    ],
)
def test_a_table_of_another_layout_keeps_no_other_from_being_read(
    store: Store, make_table: MakeTable, change: str, reason: str
) -> None:
    make_table("gaia", **ROW, pmra=[1.0], metadata=[Column("pmra", "", "mas.yr**-1", role="pmra")])
    make_table("wise", **ROW)
    change_file(store, "gaia", change)
    with Sky(store.path) as sky:
        assert sky.sql("SELECT count(*) FROM wise").rows() == [(1,)]
        assert list(sky.tables) == ["wise"]
        [(name, told)] = sky.damaged.items()
        assert name == "gaia"
        assert re.search(rf"^cannot read table 'gaia' .*({reason}).*; --replace .*, skyband drop removes it$", told)
        with pytest.raises(StorageError, match=re.escape(told)):
            sky.table("gaia")
        make_table("gaia", **ROW)
        assert sky.sql("SELECT count(*) FROM keys.gaia").rows() == [(1,)]
        assert [version.version for version in sky.table("gaia").versions] == [1]
    change_file(store, "gaia", change.replace("'pmra'", "'ra'"))
    store.drop("gaia")
    assert store.names() == ["wise"]


def test_a_table_from_before_layouts_had_numbers_is_read(store: Store, make_table: MakeTable) -> None:
    info = make_table("gaia", **ROW)
    change_file(store, "gaia", "DELETE FROM skyband.properties WHERE key = 'layout'")
    assert store.info("gaia") == info


def test_drop_removes_the_table_for_later_readers_only(store: Store, make_table: MakeTable) -> None:
    make_table("gaia", **ROW)
    with Sky(store.path) as sky:
        result = sky.sql("SELECT id FROM gaia")
        store.drop("gaia")
        assert result.rows() == [(1,)]
        with pytest.raises(TableNotFound, match="no table 'gaia'"):
            sky.table("gaia")
    with pytest.raises(TableNotFound, match="there are: none yet"):
        store.drop("gaia")


@pytest.mark.parametrize("name", ["", "Gaia", "1st", "a b", "x;drop", 'x"', "../x", "keys", "é", "a" * 64, "data"])
def test_names_that_are_not_plain_are_refused(store: Store, name: str) -> None:
    with pytest.raises(BadName, match="cannot name a table"):
        store.table_file(name)


def test_a_folder_without_tables_is_not_a_store(tmp_path: Path) -> None:
    with pytest.raises(StoreNotFound, match="ingest a file first"):
        Sky(tmp_path / "nowhere")


def test_what_killed_processes_spilled_is_removed(store: Store) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    left = store.path / f".spill-{int(dead.stdout)}-abcd"
    mine = store.path / f".spill-{os.getpid()}-abcd"
    left.mkdir()
    mine.mkdir()
    Sky(store.path).close()
    assert not left.exists()
    assert mine.exists()


def test_settings_come_from_the_environment() -> None:
    from skyband.schema.errors import BadOption

    chosen = Settings.from_environment({"SKYBAND_STORE": "/data/sky", "SKYBAND_THREADS": "3", "OTHER": "x"})
    assert chosen == Settings(store="/data/sky", threads=3)
    with pytest.raises(BadOption, match="SKYBAND_MEMORY_GB='lots' is not float"):
        Settings.from_environment({"SKYBAND_MEMORY_GB": "lots"})


@pytest.mark.parametrize(
    ("name", "value"),
    [("THREADS", "99999"), ("THREADS", "-1"), ("MEMORY_GB", "0"), ("MEMORY_GB", "nan"), ("BATCH_ROWS", "0")],
)
def test_settings_out_of_range_are_refused(name: str, value: str) -> None:
    from skyband.schema.errors import BadOption

    with pytest.raises(BadOption, match=f"SKYBAND_{name}"):
        Settings.from_environment({f"SKYBAND_{name}": value})
