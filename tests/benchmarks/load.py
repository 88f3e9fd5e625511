"""Clients of a running service: one function a task, run as `python load.py TASK JSON`, in a process of its own.

Needs nothing of skyband. `seconds` runs from the first byte of a request to the last byte of its answer.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from http_client import Client, Reply

Answer = dict[str, Any]

_FORM = "application/x-www-form-urlencoded"
_BOUNDARY = "----skyband-bench"


def ask(url: str, path: str, parameters: dict[str, str | float], times: int) -> Answer:
    """The same question again and again; the fastest answer counts."""
    with Client(url) as client:
        replies = [_sound(client.get(path, parameters)) for _ in range(times)]
    best = min(replies, key=lambda reply: reply.seconds)
    return {"seconds": best.seconds, "bytes": best.size, "body": best.body[:200].decode(errors="replace")}


def download(url: str, pid: int, path: str, parameters: dict[str, str | float]) -> Answer:
    """A large answer, thrown away as it comes, and what it did to the memory of the service."""
    with Client(url) as client:
        reply = _sound(client.get(path, parameters, keep=False))
    return {
        "seconds": reply.seconds,
        "first_byte_s": reply.first_byte_s,
        "bytes": reply.size,
        "server_gb": _peak_gb(pid),
        "worker_gb": max(_peak_gb(child) for child in _children(pid)),
    }


def cones(
    url: str,
    path: str,
    centres: int,
    around: dict[str, str],
    radius_deg: float,
    clients: int,
    seconds: float,
    table: str = "",
) -> Answer:
    """Cones around sources by some clients at once, each on a connection it keeps; with a table, in ADQL."""
    places = _places(**around, number=centres)

    def one(client: Client, number: int) -> Reply:
        ra, dec = place = places[number % centres]
        if not table:
            return _cone(client, path, _cone_of(place, radius_deg))
        inside = f"CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', {ra}, {dec}, {radius_deg}))"
        return _cone(client, path, {"LANG": "ADQL", "QUERY": f"SELECT * FROM {table} WHERE 1 = {inside}"})

    # What a server started beside the first answers has come up by then.
    _in_parallel(url, 1, 2.0, one)
    replies = _in_parallel(url, clients, seconds, one)
    times_ms = [reply.seconds * 1000 for reply in replies]
    return {
        "seconds": median(times_ms) / 1000,
        "median_ms": median(times_ms),
        "percentile_95_ms": _percentile(times_ms, 0.95),
        "requests_a_second": len(replies) / seconds,
        "bytes": sum(reply.size for reply in replies) / len(replies),
    }


def upload(url: str, table: str, rows: int, around: dict[str, str], radius_arcsec: float, times: int) -> Answer:
    """Positions of sources, sent as a VOTable and matched by ADQL."""
    places = _places(**around, number=rows)
    cells = "".join(f"<TR><TD>{n}</TD><TD>{ra}</TD><TD>{dec}</TD></TR>" for n, (ra, dec) in enumerate(places))
    votable = (
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>'
        '<FIELD name="n" datatype="int"/><FIELD name="ra" datatype="double" unit="deg"/>'
        '<FIELD name="dec" datatype="double" unit="deg"/>'
        f"<DATA><TABLEDATA>{cells}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    )
    query = (
        f"SELECT u.n, t.source_id FROM TAP_UPLOAD.mine AS u JOIN {table} AS t "
        f"ON DISTANCE(u.ra, u.dec, t.ra, t.dec) < {radius_arcsec}/3600."
    )
    fields = {"LANG": "ADQL", "QUERY": query, "FORMAT": "csv", "UPLOAD": "mine,param:mine"}
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in fields.items()]
    parts.append(f'Content-Disposition: form-data; name="mine"; filename="mine.vot"\r\n\r\n{votable}')
    body = "".join(f"--{_BOUNDARY}\r\n{part}\r\n" for part in parts) + f"--{_BOUNDARY}--\r\n"
    kind = f"multipart/form-data; boundary={_BOUNDARY}"
    with Client(url) as client:
        replies = [_sound(client.post("/tap/sync", body.encode(), kind)) for _ in range(times)]
    best = min(replies, key=lambda reply: reply.seconds)
    return {"seconds": best.seconds, "rows": best.body.count(b"\n") - 1}


def likes(url: str, collection: str, ids: list[str]) -> Answer:
    """Images like one of a collection, for one after the other."""
    with Client(url) as client:
        return _middle([client.get(f"/similar/{collection}/{name}", {"k": 10}) for name in ids])


def likes_of_uploads(url: str, collection: str, files: list[str]) -> Answer:
    """Images like an uploaded one, for one after the other."""
    kind = f"multipart/form-data; boundary={_BOUNDARY}"
    head = b'--%b\r\nContent-Disposition: form-data; name="file"; filename="upload"\r\n\r\n' % _BOUNDARY.encode()
    bodies = [head + Path(name).read_bytes() + b"\r\n--%b--\r\n" % _BOUNDARY.encode() for name in files]
    with Client(url) as client:
        return _middle([client.post(f"/similar/{collection}?k=10", body, kind) for body in bodies])


def _middle(replies: list[Reply]) -> Answer:
    """The median time, without the first tenth, which wakes what sleeps."""
    times = [_sound(reply).seconds for reply in replies]
    return {"seconds": median(times[len(times) // 10 :])}


def mix(url: str, tables: dict[str, str], clients: int, seconds: float, radius_deg: float) -> Answer:
    """Clients that ask everything in turn, so that long queries run all the time: what each kind of request took.

    Those that are turned away (503) are counted; any other failure is a fault.
    """
    places = _places(url, tables["left"], 1000)
    on = "DISTANCE(a.ra, a.dec, b.ra, b.dec) < 1/3600."
    long = f"SELECT count(*) AS n FROM {tables['left']} AS a JOIN {tables['right']} AS b ON {on}"
    took_ms: dict[str, list[float]] = defaultdict(list)
    refused: list[int] = []
    faults: list[str] = []
    jobs: list[str] = []

    def note(kind: str, reply: Reply, status: int = 200) -> bool:
        if reply.status == status:
            took_ms[kind].append(reply.seconds * 1000)
        elif reply.status == 503:
            refused.append(reply.status)
        else:
            faults.append(f"{kind}: {reply.status} {reply.body[-300:].decode(errors='replace')}")
        return reply.status == status

    def one_cone(client: Client, number: int) -> None:
        note("cone", client.get(f"/scs/{tables['left']}", _cone_of(places[number % 1000], radius_deg)))

    def one_sql(client: Client, number: int) -> None:
        some = f"SELECT dec FROM {tables['left']} LIMIT {1000 * (number % 1000)}"
        query = f"SELECT count(*) AS n, avg(dec) AS dec FROM ({some})"
        note("sql", client.get("/sql", {"query": query}))

    def one_sync(client: Client, number: int) -> None:
        ra, dec = places[number % 1000]
        query = f"SELECT * FROM {tables['right']} WHERE DISTANCE(ra, dec, {ra}, {dec}) < {radius_deg}"
        note("sync", client.get("/tap/sync", {"LANG": "ADQL", "QUERY": query}))

    def one_schema(client: Client, number: int) -> None:
        query = "SELECT table_name, column_name, unit, ucd FROM TAP_SCHEMA.columns"
        note("TAP_SCHEMA", client.get("/tap/sync", {"LANG": "ADQL", "QUERY": query}))
        time.sleep(0.1)

    def one_long(client: Client, number: int) -> None:
        note("match", client.get("/tap/sync", {"LANG": "ADQL", "QUERY": long}))

    def one_job(client: Client, number: int) -> None:
        query = f"SELECT TOP {1000 * (1 + number % 20)} * FROM {tables['left']}"
        body = "&".join(
            f"{k}={v}" for k, v in {"LANG": "ADQL", "PHASE": "RUN", "QUERY": query.replace(" ", "+")}.items()
        )
        created = client.post("/tap/async", body.encode(), _FORM)
        if not note("job made", created, 303):
            return
        place = "/tap/async/" + created.headers["location"].rpartition("/")[2]
        jobs.append(place)
        while (phase := client.get(f"{place}/phase")).body in (b"QUEUED", b"EXECUTING"):
            note("job polled", phase)
            time.sleep(0.1)

    in_turn = [one_cone, one_sync, one_job, one_cone, one_sql] * 4 + [one_long]

    def act(client: Client, number: int) -> None:
        """Some look round in TAP_SCHEMA, as people at a screen do; the others want rows."""
        if client.number < clients // 16:
            one_schema(client, number)
        else:
            in_turn[number % len(in_turn)](client, number)

    _in_parallel(url, clients, seconds, act)
    lost = []
    with Client(url) as client:
        for place in jobs:
            while (phase := client.get(f"{place}/phase")).body in (b"QUEUED", b"EXECUTING"):
                client.get(place, {"WAIT": 60, "PHASE": phase.body.decode()})
            kept = client.get(f"{place}/results/result", keep=False)
            if phase.body != b"COMPLETED" or kept.status != 200:
                lost.append(
                    f"{place}: {phase.status} {phase.body.decode()} {client.get(f'{place}/error').body[-300:]!r}"
                )
    return {
        "seconds": seconds,
        "requests": sum(map(len, took_ms.values())),
        "refused": len(refused),
        "faults": len(faults),
        "fault": next(iter(faults), ""),
        "jobs": len(jobs),
        "lost": len(lost),
        "loss": next(iter(lost), ""),
        "percentile_99_ms": {kind: _percentile(times, 0.99) for kind, times in took_ms.items()},
        "counts": {kind: len(times) for kind, times in took_ms.items()},
    }


def _in_parallel(url: str, clients: int, seconds: float, act: Callable[[Client, int], Any]) -> list[Any]:
    """What some clients got, each acting on its own until the time is over."""
    end = time.perf_counter() + seconds
    results: list[Any] = []
    errors: list[BaseException] = []

    def work(number: int) -> None:
        with Client(url, number) as client:
            count = 7919 * number
            try:
                while time.perf_counter() < end:
                    results.append(act(client, count))
                    count += 1
            except BaseException as error:
                errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def _percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(int(share * len(times)), len(times) - 1)]


def _cone(client: Client, path: str, asked: dict[str, str | float]) -> Reply:
    reply = _sound(client.get(path, asked))
    # The protocol lets a service say in a sound answer that it has failed.
    if b'name="QUERY_STATUS" value="OK"' not in reply.body:
        sys.exit(f"no cone: {reply.body[-500:].decode(errors='replace')}")
    return reply


def _cone_of(place: tuple[float, float], radius_deg: float) -> dict[str, str | float]:
    return {"RA": place[0], "DEC": place[1], "SR": radius_deg}


def _sound(reply: Reply) -> Reply:
    if reply.status != 200:
        sys.exit(f"status {reply.status}: {reply.body[-500:].decode(errors='replace')}")
    return reply


def _places(url: str, table: str, number: int) -> list[tuple[float, float]]:
    """Positions of sources, as skyband has them, so that crowded places are asked as often as they are crowded."""
    query = f"SELECT ra, dec FROM {table} ORDER BY hash(source_id) LIMIT {number}"
    with Client(url) as client:
        lines = _sound(client.get("/sql", {"query": query, "format": "csv"})).body.decode().splitlines()[1:]
    return [(float(ra), float(dec)) for ra, dec in (line.split(",") for line in lines)]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _peak_gb(pid: int) -> float:
    facts = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(facts["VmHWM"].split()[0]) * 1024 / 1e9


_TASKS = (ask, download, cones, upload, likes, likes_of_uploads, mix)
TASKS: dict[str, Callable[..., Answer]] = {task.__name__: task for task in _TASKS}

if __name__ == "__main__":
    print("\n" + json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
