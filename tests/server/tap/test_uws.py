"""Asynchronous jobs over HTTP: their life, their privacy, and what a restart does to them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

UWS = {"uws": "http://www.ivoa.net/xml/UWS/v1.0"}
SLOW = "SELECT count(*) AS n FROM range(100000) a, range(100000) b, range(100000) c WHERE a.range + b.range = c.range"


def create(service: Any, query: str = "SELECT 1 AS x", **parameters: str) -> str:
    """Make a job and return its URL."""
    response = service.client.post("/tap/async", data={"LANG": "DuckDB", "QUERY": query} | parameters)
    assert response.status_code == 303
    return str(response.headers["location"])


def job(service: Any, url: str, **parameters: str) -> ElementTree.Element:
    response = service.client.get(url, params=parameters)
    assert response.status_code == 200
    return ElementTree.fromstring(response.content)


def text(document: ElementTree.Element, name: str) -> str | None:
    return document.findtext(f"uws:{name}", namespaces=UWS)


def phase_after(service: Any, url: str, *phases: str) -> str:
    """The phase of a job once it has left those."""
    phase: str = service.client.get(f"{url}/phase").text
    while phase in phases:
        phase = text(job(service, url, WAIT="30", PHASE=phase), "phase") or ""
    return phase


def finished(service: Any, url: str) -> str:
    return phase_after(service, url, "PENDING", "QUEUED", "EXECUTING")


def test_a_job_lives_from_pending_to_its_result(service: Any) -> None:
    url = create(service, "SELECT 42 AS x", FORMAT="csv", RUNID="mine")
    assert url.startswith(f"{service.tap}/async/")
    document = job(service, url)
    assert document.get("version") == "1.1"
    assert [child.tag.partition("}")[2] for child in document] == [
        *("jobId", "runId", "ownerId", "phase", "quote", "creationTime", "startTime", "endTime"),
        *("executionDuration", "destruction", "parameters", "results"),
    ]
    assert (text(document, "phase"), text(document, "runId")) == ("PENDING", "mine")
    assert service.client.get(f"{url}/results/result").status_code == 404
    assert service.client.post(f"{url}/phase", data={"PHASE": "RUN"}).headers["location"] == url
    assert finished(service, url) == "COMPLETED"
    document = job(service, url)
    found = document.find("uws:results/uws:result", UWS)
    assert found is not None
    assert found.get("id") == "result"
    assert service.client.get(found.get("{http://www.w3.org/1999/xlink}href", "")).text == "x\n42\n"
    for part in ("executionduration", "destruction"):
        name = {"executionduration": "executionDuration"}.get(part, part)
        assert service.client.get(f"{url}/{part}").text == text(document, name)
    assert (text(document, "startTime") or "").endswith("Z")


def test_a_result_can_be_fetched_in_parts(service: Any) -> None:
    url = create(service, "SELECT range AS n FROM range(1000)", FORMAT="csv", PHASE="RUN")
    assert finished(service, url) == "COMPLETED"
    whole = service.client.get(f"{url}/results/result")
    assert int(whole.headers["content-length"]) == len(whole.content)


def test_a_wrong_query_is_a_job_that_failed(service: Any) -> None:
    for parameters in ({"QUERY": "SELECT nonsense"}, {"LANG": "OOBLECK"}, {"MAXREC": "many"}):
        url = create(service, **{"PHASE": "RUN"} | parameters)
        assert finished(service, url) == "ERROR"
        message = job(service, url).findtext("uws:errorSummary/uws:message", namespaces=UWS)
        assert message
        error = service.client.get(f"{url}/error")
        assert (error.status_code, error.headers["content-type"]) == (200, "application/x-votable+xml")
        assert 'value="ERROR"' in error.text
        assert service.client.get(f"{url}/results/result").status_code == 404


def test_a_running_job_can_be_aborted_and_leaves_no_result(service: Any) -> None:
    url = create(service, SLOW, PHASE="RUN")
    assert phase_after(service, url, "QUEUED") == "EXECUTING"
    assert service.client.post(f"{url}/phase", data={"PHASE": "ABORT"}).status_code == 303
    assert service.client.get(f"{url}/phase").text == "ABORTED"
    assert service.client.get(f"{url}/results/result").status_code == 404
    # The process is free for the next.
    assert finished(service, create(service, PHASE="RUN")) == "COMPLETED"


@pytest.mark.parametrize("by", ["DELETE", "ACTION"])
def test_a_destroyed_job_is_gone(service: Any, sky_folder: Path, by: str) -> None:
    url = create(service)
    folder = sky_folder / "jobs" / url.rpartition("/")[2]
    assert folder.is_dir()
    response = service.client.delete(url) if by == "DELETE" else service.client.post(url, data={"ACTION": "DELETE"})
    assert (response.status_code, response.headers["location"]) == (303, f"{service.tap}/async")
    assert service.client.get(url).status_code == 404
    assert not folder.exists()


def test_a_pending_job_can_be_changed_and_a_started_one_not(service: Any) -> None:
    url = create(service, FORMAT="csv")
    assert service.client.post(f"{url}/parameters", data={"query": "SELECT 7 AS y"}).status_code == 303
    service.client.post(f"{url}/executionduration", data={"EXECUTIONDURATION": "17"})
    service.client.post(f"{url}/destruction", data={"DESTRUCTION": "2031-01-01T00:00:00Z"})
    document = job(service, url)
    parameters = {node.get("id"): node.text for node in document.findall("uws:parameters/uws:parameter", UWS)}
    assert parameters == {"LANG": "DuckDB", "QUERY": "SELECT 7 AS y", "FORMAT": "csv"}
    assert text(document, "executionDuration") == "17"
    # No later than the service keeps jobs.
    assert (text(document, "destruction") or "") < "2031"
    service.client.post(f"{url}/phase", data={"PHASE": "RUN"})
    assert finished(service, url) == "COMPLETED"
    assert service.client.get(f"{url}/results/result").text == "y\n7\n"
    assert service.client.post(f"{url}/parameters", data={"QUERY": "SELECT 8"}).status_code == 400


def test_the_list_shows_jobs_newest_first_and_chooses(service: Any) -> None:
    one, two = create(service), create(service, PHASE="RUN")
    assert finished(service, two) == "COMPLETED"

    def listed(**parameters: str) -> list[str]:
        document = ElementTree.fromstring(service.client.get("/tap/async", params=parameters).content)
        return [ref.get("{http://www.w3.org/1999/xlink}href", "") for ref in document.findall("uws:jobref", UWS)]

    assert listed()[:2] == [two, one]
    assert listed(LAST="1") == [two]
    assert one in listed(PHASE="PENDING")
    assert two not in listed(PHASE="PENDING")
    assert listed(AFTER="2999-01-01T00:00:00") == []
    assert service.client.get("/tap/async", params={"PHASE": "SLEEPY"}).status_code == 400


def test_waiting_ends_when_the_phase_changes(service: Any) -> None:
    url = create(service, PHASE="RUN")
    assert text(job(service, url, WAIT="-1", PHASE="PENDING"), "phase") in ("QUEUED", "EXECUTING", "COMPLETED")
    assert service.client.get(url, params={"WAIT": "soon"}).status_code == 400


def test_a_killed_server_loses_no_finished_job_and_reports_the_cut_one(own_sky: Path, serve: Any) -> None:
    with serve(own_sky, running_jobs="1") as service:
        done = create(service, "SELECT 5 AS five", FORMAT="csv", PHASE="RUN")
        assert finished(service, done) == "COMPLETED"
        cut = create(service, SLOW, PHASE="RUN")
        assert phase_after(service, cut, "QUEUED") == "EXECUTING"
        waiting = create(service, "SELECT 6 AS six", FORMAT="csv", PHASE="RUN")
        pending = create(service)
        service.kill()
    with serve(own_sky) as service:

        def again(url: str) -> str:
            return f"{service.tap}/async/{url.rpartition('/')[2]}"

        assert service.client.get(f"{again(done)}/results/result").text == "five\n5\n"
        assert service.client.get(f"{again(cut)}/phase").text == "ERROR"
        assert "start it again" in service.client.get(f"{again(cut)}/error").text
        assert finished(service, again(waiting)) == "COMPLETED"
        assert service.client.get(f"{again(pending)}/phase").text == "PENDING"


def test_jobs_are_private_to_their_owner(own_sky: Path, tmp_path: Path, serve: Any) -> None:
    tokens = tmp_path / "tokens.toml"
    tokens.write_text(
        "".join(
            f'[[token]]\nname = "{name}"\nrole = "{role}"\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\n'
            for name, role in (("alice", "read"), ("bob", "read"), ("root", "admin"))
        )
    )
    with serve(own_sky, "--token-file", str(tokens)) as service:
        assert service.client.get("/tap/async").status_code == 401
        alice, bob, root = (
            httpx.Client(base_url=service.url, auth=("anybody", name), trust_env=False)
            for name in ("alice", "bob", "root")
        )
        with alice, bob, root:
            url = alice.post("/tap/async", data={"LANG": "DuckDB", "QUERY": "SELECT 1"}).headers["location"]
            assert alice.get(url).status_code == 200
            assert bob.get(url).status_code == 404
            assert bob.delete(url).status_code == 404
            assert url.rpartition("/")[2] not in bob.get("/tap/async").text
            assert url.rpartition("/")[2] in alice.get("/tap/async").text
            # Admins may see and end the jobs of all.
            assert url.rpartition("/")[2] in root.get("/tap/async").text
            assert root.delete(url).status_code == 303
            assert alice.get(url).status_code == 404


@pytest.mark.parametrize("tokens", [True, False])
def test_the_nameless_have_the_jobs_whose_ids_they_know(
    own_sky: Path, tmp_path: Path, serve: Any, tokens: bool
) -> None:
    file = tmp_path / "tokens.toml"
    digest = hashlib.sha256(b"root").hexdigest()
    file.write_text(f'[[token]]\nname = "root"\nrole = "admin"\nsha256 = "{digest}"\n')
    options = ["--token-file", str(file)] if tokens else []
    with serve(own_sky, "--public-read", *options) as service:
        mine, other = create(service, FORMAT="csv", PHASE="RUN"), create(service)
        assert all(re.fullmatch("[0-9a-f]{32}", url.rpartition("/")[2]) for url in (mine, other))
        assert ElementTree.fromstring(service.client.get("/tap/async").content).findall("uws:jobref", UWS) == []
        assert finished(service, mine) == "COMPLETED"
        assert service.client.get(f"{mine}/results/result").text == "x\n1\n"
        # Whoever was given the URL may end the job too, as its maker could not otherwise.
        assert service.client.delete(other).status_code == 303
        assert service.client.get(other).status_code == 404
        if tokens:
            listed = service.client.get("/tap/async", headers={"Authorization": "Bearer root"}).text
            assert mine.rpartition("/")[2] in listed


def test_a_table_uploaded_again_replaces_the_one_before(service: Any, sky_folder: Path) -> None:
    def csv(rows: int) -> bytes:
        return b"n\n" + b"1\n" * rows

    counts = "SELECT (SELECT COUNT(*) FROM TAP_UPLOAD.f) AS f, (SELECT COUNT(*) FROM TAP_UPLOAD.g) AS g"
    url = create(service, counts.replace("TAP_UPLOAD", "tap_upload"), FORMAT="csv")
    for name, rows in (("f", 1), ("f", 2), ("g", 3)):
        posted = service.client.post(
            f"{url}/parameters", data={"UPLOAD": f"{name},param:{name}"}, files={name: ("x.csv", csv(rows))}
        )
        assert posted.status_code == 303
    parameters = {node.get("id"): node.text for node in job(service, url).findall("uws:parameters/uws:parameter", UWS)}
    assert parameters["UPLOAD"] == "f,param:f;g,param:g"
    assert len(list((sky_folder / "jobs" / url.rpartition("/")[2]).glob("upload-*"))) == 2
    service.client.post(f"{url}/phase", data={"PHASE": "RUN"})
    assert finished(service, url) == "COMPLETED"
    assert service.client.get(f"{url}/results/result").text == "f,g\n2,3\n"


ODD = "a\x02\x1b\ufffe<&>\u00e9"


def test_no_job_can_break_the_documents(service: Any) -> None:
    """What XML cannot hold is shown as U+FFFD."""
    url = create(service, f"SELECT '{ODD}'", RUNID=ODD, **{ODD: ODD})
    shown = "a\ufffd\ufffd\ufffd<&>\u00e9"
    document = job(service, url)
    assert text(document, "runId") == shown
    for root in (document, ElementTree.fromstring(service.client.get(f"{url}/parameters").content)):
        found = {node.get("id"): node.text for node in root.iter(f"{{{UWS['uws']}}}parameter")}
        assert found == {"LANG": "DuckDB", "QUERY": f"SELECT '{shown}'", "RUNID": shown, shown.upper(): shown}
    listed = ElementTree.fromstring(service.client.get("/tap/async").content)
    assert listed.findtext("uws:jobref/uws:runId", namespaces=UWS) == shown
    assert service.client.delete(url).status_code == 303


def test_a_client_has_only_so_many_jobs_and_bytes(own_sky: Path, serve: Any) -> None:
    limits = {"upload_max_bytes": "20000", "client_job_bytes": "30000", "client_jobs": "3", "client_jobs_kept": "4"}
    with serve(own_sky, **limits) as service:

        def refused(response: httpx.Response, words: str) -> bool:
            assert (response.status_code, response.headers.get("retry-after")) == (503, "5")
            assert words in response.text
            return True

        def post(url: str = "/tap/async", *, large: bool = False) -> httpx.Response:
            files = {"f": ("x.csv", b"n\n" + b"1\n" * 9000)} if large else {}
            data = {"LANG": "DuckDB", "QUERY": "SELECT 1"}
            response: httpx.Response = service.client.post(url, data=data, files=files)
            return response

        pending = post(large=True).headers["location"]
        assert refused(post(large=True), "30,000 are what one may have")
        assert len(list((own_sky / "jobs").iterdir())) == 1
        others = [post().headers["location"] for _ in range(2)]
        assert refused(post(f"{others[0]}/parameters", large=True), "30,000 are what one may have")
        assert refused(post(), "3 jobs of this client have not ended")
        service.client.post(f"{others[0]}/phase", data={"PHASE": "RUN"})
        assert finished(service, others[0]) == "COMPLETED"
        assert post().status_code == 303
        service.client.post(f"{others[1]}/phase", data={"PHASE": "RUN"})
        assert finished(service, others[1]) == "COMPLETED"
        assert refused(post(), "4 jobs of this client are kept")
        assert service.client.delete(pending).status_code == 303
        assert post(large=True).status_code == 303


def test_making_jobs_counts_as_asking(own_sky: Path, serve: Any) -> None:
    with serve(own_sky, client_queries_per_minute="1") as service:
        data = {"LANG": "DuckDB", "QUERY": "SELECT 1"}
        statuses = [service.client.post("/tap/async", data=data).status_code for _ in range(4)]
        assert statuses == [303, 303, 503, 503]


def test_a_time_that_is_none_is_told(service: Any) -> None:
    url = create(service)
    for moment in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "tomorrow", ""):
        response = service.client.post(f"{url}/destruction", data={"DESTRUCTION": moment})
        assert (response.status_code, "ISO 8601" in response.text) == (400, True)
    assert service.client.get("/tap/async", params={"AFTER": "0001-01-01T00:00:00+14:00"}).status_code == 400


def test_the_phase_of_a_new_job_is_run_or_none(service: Any, sky_folder: Path) -> None:
    assert finished(service, create(service, PHASE="run")) == "COMPLETED"
    before = len(list((sky_folder / "jobs").iterdir()))
    for given in ("PHASE=BOGUS", "PHASE=ABORT", "PHASE=RUN&PHASE=ABORT"):
        response = service.client.post(f"/tap/async?{given}", data={"LANG": "DuckDB", "QUERY": "SELECT 1"})
        assert (response.status_code, 'value="ERROR"' in response.text) == (400, True)
    large = {"files": {"f": b"x" * 200_000_001}}
    assert service.client.post("/tap/async", data={"LANG": "DuckDB", "QUERY": "SELECT 1"}, **large).status_code == 400
    assert len(list((sky_folder / "jobs").iterdir())) == before
    pending = create(service)
    assert service.client.post(f"{pending}/phase", data={"PHASE": "BOGUS"}).status_code == 400
    assert service.client.post(f"{pending}/parameters", data={"PHASE": "BOGUS", "QUERY": "x"}).status_code == 400
    assert "SELECT 1" in service.client.get(pending).text
