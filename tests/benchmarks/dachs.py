"""GAVO DaCHS, the service many data centres run: one for a run, on a PostgreSQL of its own, gone afterwards.

It is set up as its documentation asks an administrator to: an index of positions by pgSphere, which also answers cones
faster than q3c does, figures of the table gathered (`dachs limits`), limits raised.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

from bench import Bench, say
from measure import TaskFailed, run_process
from service import Service

_CONES = "/bench/q/cone/scs.xml"

# Neither PostgreSQL nor DaCHS is set up as root; this is whom Debian's package makes for it.
_ACCOUNT, _GROUP = "dachsroot", "gavo"
_START_S = 60

# Everything fits into the memory the database keeps; compiling a query takes longer than these queries do.
_POSTGRESQL = {
    "listen_addresses": "",
    "shared_buffers": "1GB",
    "effective_cache_size": "4GB",
    "maintenance_work_mem": "512MB",
    "work_mem": "64MB",
    "random_page_cost": "1.1",
    "jit": "off",
}

_SETTINGS = """\
[general]
rootDir: {folder}/dachs
[web]
serverURL: http://127.0.0.1:{port}
bindAddress: 127.0.0.1
serverPort: {port}
sqlTimeout: 600
maxSyncUploadSize: 100000000
[async]
defaultExecTimeSync: 600
defaultMAXREC: 20000000
hardMAXREC: 20000000
[ivoa]
dalDefaultLimit: 1000000
"""

_DESCRIPTOR = """\
<resource schema="bench">
  <meta name="title">Benchmark</meta>
  <meta name="creationDate">2024-08-01T00:00:00Z</meta>
  <meta name="description">A simulated sky.</meta>
  <meta name="subject">surveys</meta>
  <table id="left_sky" onDisk="True" adql="True" mixin="//scs#pgs-pos-index" primary="source_id">
    <column name="source_id" type="bigint" ucd="meta.id;meta.main" required="True"/>
    <column name="ra" type="double precision" unit="deg" ucd="pos.eq.ra;meta.main"/>
    <column name="dec" type="double precision" unit="deg" ucd="pos.eq.dec;meta.main"/>
    <column name="ra_error" type="real"/>
    <column name="dec_error" type="real"/>
    <column name="pmra" type="double precision"/>
    <column name="pmdec" type="double precision"/>
    <column name="phot_g_mean_mag" type="real"/>
    <column name="phot_bp_mean_mag" type="real"/>
    <column name="phot_rp_mean_mag" type="real"/>
  </table>
  <data id="import">
    <make table="left_sky">
      <script type="preIndex" lang="python" name="copy">
        with open("{folder}/rows.csv") as rows:
            table.connection.cursor().copy_expert("COPY bench.left_sky FROM STDIN CSV", rows)
      </script>
    </make>
  </data>
  <service id="cone" allowed="scs.xml">
    <meta name="shortName">cones</meta>
    <scsCore queriedTable="left_sky"><FEED source="//scs#coreDescs"/></scsCore>
  </service>
</resource>
"""


def version() -> str:
    """The version of Debian's package, which makes the account too; empty without it."""
    question = ["dpkg-query", "--show", "--showformat=${Version}", "gavodachs2-server"]
    try:
        return subprocess.run(question, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


def missing() -> str | None:
    """Why there can be none here; None if there can."""
    if shutil.which("dachs") is None:
        return "not installed: no dachs on PATH"
    if not version():
        return "not set up: that takes the package of Debian"
    if os.geteuid() != 0:
        return "not set up: that takes root"
    return None


@contextmanager
def running(bench: Bench, parquet: Path) -> Iterator[Service]:
    """A server of its own over the rows of a file, under an account that may not see the folder of the run.

    Raises:
        TaskFailed: it cannot be set up.
    """
    with TemporaryDirectory(prefix="dachs-") as made:
        centre = _Centre(bench.logs, Path(made), _free_port())
        say("setting up DaCHS")
        bench.run("peers.csv_rows", parquet=parquet, path=centre.folder / "rows.csv")
        centre.prepare()
        with centre.database():
            centre.fill()
            with centre.server() as pid:
                yield Service(centre.url, pid, "bench.left_sky", _CONES)


@dataclass(frozen=True, slots=True)
class _Centre:
    logs: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """The files of a centre whose database is empty."""
        settings, descriptor = self.folder / "gavo.rc", self.folder / "dachs/inputs/bench/q.rd"
        descriptor.parent.mkdir(parents=True)
        settings.write_text(_SETTINGS.format(folder=self.folder, port=self.port))
        descriptor.write_text(_DESCRIPTOR.format(folder=self.folder))
        for path in (self.folder, *self.folder.rglob("*")):
            shutil.chown(path, _ACCOUNT, _GROUP)
        self._do("initdb", [_postgresql() / "initdb", "-D", self._cluster, "--auth=trust", "-E", "UTF8", "--locale=C"])
        with (self._cluster / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in _POSTGRESQL.items())
            file.write(f"unix_socket_directories = '{self.folder}'\n")

    @contextmanager
    def database(self) -> Iterator[None]:
        """The database runs; only the account can reach it."""
        control: list[str | Path] = [_postgresql() / "pg_ctl", "-D", self._cluster, "-w"]
        try:
            self._do("postgresql", [*control, "start"])
            yield
        finally:
            # A start that was broken off may have left one too.
            if (self._cluster / "postmaster.pid").exists():
                self._do("postgresql-stop", [*control, "-m", "fast", "stop"])

    def fill(self) -> None:
        """The one table, and everything DaCHS and the database want to know of it."""
        self._do("dachs-createdb", ["createdb", "gavo"])
        self._do("dachs-init", ["dachs", "init", "-d", f"host={self.folder} dbname=gavo"])
        self._do("dachs-import", ["dachs", "imp", "bench/q"])
        self._do("dachs-limits", ["dachs", "limits", "bench/q"])
        self._do("dachs-vacuum", ["psql", "gavo", "-c", "VACUUM (FREEZE, ANALYZE)"])

    @contextmanager
    def server(self) -> Iterator[int]:
        """The server runs; yields its process id."""
        command = [*self._as_account, "dachs", "serve", "start", "--foreground"]
        with (self.logs / "dachs.log").open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self._wait(process)
            yield process.pid
        finally:
            process.terminate()
            process.wait()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        """Until it has answered a cone, for which it reads what it serves."""
        end = time.monotonic() + _START_S
        while process.poll() is None and time.monotonic() < end:
            try:
                with urlopen(f"{self.url}{_CONES}?RA=0&DEC=0&SR=0.1"):
                    return
            except URLError:
                time.sleep(0.1)
        raise TaskFailed(f"the server does not answer (more in {self.logs / 'dachs.log'})")

    def _do(self, log: str, command: Sequence[str | Path]) -> None:
        run_process([*self._as_account, *command], self.logs / f"{log}.log")

    @property
    def _cluster(self) -> Path:
        return self.folder / "postgresql"

    @property
    def _as_account(self) -> list[str]:
        known = {"HOME": self.folder, "PGHOST": self.folder, "GAVOSETTINGS": self.folder / "gavo.rc"}
        given = [f"{name}={value}" for name, value in known.items()]
        return ["setpriv", f"--reuid={_ACCOUNT}", f"--regid={_GROUP}", "--init-groups", "env", *given]


def _postgresql() -> Path:
    """The programs of the PostgreSQL that has pgSphere, where Debian keeps them.

    Raises:
        TaskFailed: none has.
    """
    found = sorted(Path("/usr/share/postgresql").glob("*/extension/pg_sphere.control"))
    if not found:
        raise TaskFailed("there is no PostgreSQL with pgSphere")
    return Path("/usr/lib/postgresql", found[-1].parts[-3], "bin")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
