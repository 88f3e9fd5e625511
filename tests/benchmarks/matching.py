"""The match: skyband and its peers at the same pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from bench import Bench, Rows
from machine import memory_gb, stilts_version
from measure import TaskFailed
from report import Check, Measurement, check, quotient

RADIUS_ARCSEC = 1.0
TABLES = {"left": "left_sky", "right": "right_sky"}

MeasurePeer = Callable[[Bench, str, bool], Measurement]


def match(bench: Bench) -> None:
    """The nearest right row of each left row, by everyone."""
    job = _match_job(bench.rows)
    ours = _skyband_match(bench, bench.rows, job, again=True)
    for peer in (MATCH_PEERS[name] for name in bench.peers):
        theirs = _peer_match(bench, peer, job)
        if peer.at_least:
            what = f"match: time of {peer.label} / time of skyband"
            bench.checks.append(check(what, ">=", peer.at_least, quotient(theirs, ours), missing=theirs.result))
    bench.checks.append(check("match: peak memory of skyband, GB", "<", 4, ours.peak_gb))
    bench.checks.append(_agreement(bench, job, "match"))


def wide(bench: Bench) -> None:
    """The same match with all columns of both catalogues beside each pair, by those who make tables."""
    job = f"the same match of {bench.rows} rows with all columns of both, saved"
    _skyband_match(bench, bench.rows, job, wide=True, again=True)
    for name in ("stilts", "lsdb", "acid"):
        if name in bench.peers:
            _peer_match(bench, MATCH_PEERS[name], job, wide=True)
    bench.checks.append(_agreement(bench, job, "match with all columns"))


def modes(bench: Bench) -> None:
    """What the other ways to keep pairs cost."""
    job = f"match modes of skyband, {bench.rows} rows"
    tables: dict[str, Any] = {"store": bench.store(bench.rows), **TABLES, "radius_arcsec": RADIUS_ARCSEC}
    for find in ("best1", "best", "all", "one-to-one"):
        bench.measure(
            job, f"skyband, {find}", "tasks.match", describe=_pairs, find=find, wide=False, again=False, **tables
        )


def large(bench: Bench) -> None:
    """The match of far larger catalogues, beside the first one."""
    base = ours = None
    if bench.large:
        job = _match_job(bench.rows)
        base = bench.find(job, "skyband") or _skyband_match(bench, bench.rows, job)
        ours = _skyband_match(bench, bench.large, _match_job(bench.large))
    what = f"large match: time / time of {bench.rows}"
    missing = "not asked for (--large)"
    bench.checks.append(check(what, "<=", 15, quotient(ours, base), missing=missing))
    bench.checks.append(check("large match: peak memory, GB", "<", 8, ours.peak_gb if ours else None, missing=missing))


def _match_job(rows: Rows) -> str:
    return f"match of {rows} rows within {RADIUS_ARCSEC:g} arcsec, nearest of each left row"


def _skyband_match(bench: Bench, rows: Rows, job: str, *, wide: bool = False, again: bool = False) -> Measurement:
    return bench.measure(
        job,
        "skyband",
        "tasks.match",
        describe=_pairs,
        store=bench.store(rows),
        **TABLES,
        radius_arcsec=RADIUS_ARCSEC,
        find="best1",
        wide=wide,
        again=again,
    )


def _peer_match(bench: Bench, peer: Peer, job: str, *, wide: bool = False) -> Measurement:
    try:
        return peer.measure(bench, job, wide)
    except TaskFailed as error:
        return bench.keep(Measurement(job, peer.label, result=f"could not be prepared: {error}"))


def _astropy(bench: Bench, job: str, wide: bool) -> Measurement:
    inputs = bench.inputs(bench.rows)
    return bench.measure(
        job,
        f"astropy {version('astropy')} match_to_catalog_sky",
        "peers.astropy_match",
        describe=_pairs,
        left=inputs.parquet("left"),
        right=inputs.parquet("right"),
        radius_arcsec=RADIUS_ARCSEC,
    )


def _stilts(bench: Bench, job: str, wide: bool) -> Measurement:
    stilts = stilts_version()
    if stilts is None:
        return bench.keep(Measurement(job, "STILTS", result="not installed: no stilts on PATH"))
    inputs = bench.fits(bench.rows)
    return bench.measure(
        job,
        f"STILTS {stilts} tmatch2, FITS to FITS",
        "peers.stilts_match",
        describe=_pairs,
        left=inputs.fits("left"),
        right=inputs.fits("right"),
        radius_arcsec=RADIUS_ARCSEC,
        save=bench.work / "stilts.fits",
        wide=wide,
        heap_gb=max(1, min(8, int(memory_gb() * 0.6))),
    )


def _on_hats(tool: str, package: str, label: str) -> MeasurePeer:
    """Tools that read and write HATS: saved as skyband's tables are and, for the pairs alone, in memory too."""

    def measure(bench: Bench, job: str, wide: bool) -> Measurement:
        found = bench.python_with(package)
        if found is None:
            return bench.keep(Measurement(job, label, result=f"not installed: no {package} (see SKYBAND_BENCH_PEERS)"))
        python, installed = found
        folder = bench.hats(tool, python, installed)
        saved, *_ = (
            bench.measure(
                job,
                f"{label} {installed}, {bench.workers} workers, HATS to {target}",
                f"peers.{tool}_match",
                describe=_pairs,
                python=python,
                left=folder / "left",
                right=folder / "right",
                radius_arcsec=RADIUS_ARCSEC,
                save=save,
                wide=wide,
                workers=bench.workers,
            )
            for target, save in (("HATS", str(bench.work / tool)), ("memory", None))[: 1 if wide else 2]
        )
        return saved

    return measure


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool that matches catalogues."""

    label: str
    measure: MeasurePeer  # at a job, with all columns or without
    at_least: float | None  # how many times its time must be that of skyband


MATCH_PEERS = {
    "astropy": Peer("astropy", _astropy, 5),
    "stilts": Peer("STILTS", _stilts, 25),
    "lsdb": Peer("LSDB", _on_hats("lsdb", "lsdb", "LSDB"), 8),
    "acid": Peer("ACID", _on_hats("acid", "pyacid", "ACID"), None),
}


def _agreement(bench: Bench, job: str, name: str) -> Check:
    """All tools have found the same number of pairs, and at the same separations."""
    answers = [line.answer for line in bench.measurements if line.job == job and line.answer]
    pairs = {answer["pairs"] for answer in answers}
    means = {round(answer["mean_sep_arcsec"], 9) for answer in answers}
    what = f"{name}: pairs of {len(answers)} measurements"
    return Check(what, "equal", " / ".join(f"{number:,}" for number in sorted(pairs)), len(pairs) == len(means) == 1)


def _pairs(answer: dict[str, Any]) -> str:
    return f"{answer['pairs']:,} pairs, mean separation {answer['mean_sep_arcsec']:.6f} arcsec"
