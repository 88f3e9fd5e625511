"""Cones, SQL, tables, coverage and pages over HTTP."""

from __future__ import annotations

import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import healpy
import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table
from mocpy import MOC

from skyband.queries import Sky


@pytest.fixture
def sky(sky_folder: Path) -> Any:
    with Sky(sky_folder) as opened:
        yield opened


def read(content: bytes) -> Table:
    return Table.read(io.BytesIO(content), format="votable")


@pytest.mark.parametrize("ra_deg", [266.4, 266.4 - 360])
@pytest.mark.parametrize("radius_deg", [3.0, 1.5])
def test_a_cone_holds_the_rows_astropy_finds_nearest_first(
    service: Any, sky: Sky, ra_deg: float, radius_deg: float
) -> None:
    found = read(service.client.get(f"/scs/sim_astrometry?RA={ra_deg}&DEC=-28.9&SR={radius_deg}").content)
    every = sky.sql("SELECT source_id, ra, dec FROM sim_astrometry").to_arrow()
    separations = SkyCoord(every["ra"].to_numpy(), every["dec"].to_numpy(), unit="deg").separation(
        SkyCoord(ra_deg, -28.9, unit="deg")
    )
    expected = sorted((sep, str(id)) for sep, id in zip(separations.deg, every["source_id"].to_pylist(), strict=True))
    expected = [item for item in expected if item[0] <= radius_deg]
    assert len(expected) > 3
    assert [str(id) for id in found["source_id"]] == [id for _, id in expected]
    assert list(found["sep_arcsec"]) == pytest.approx([sep * 3600 for sep, _ in expected], abs=1e-9)


def elements(document: bytes, name: str) -> list[dict[str, str]]:
    root = ElementTree.fromstring(document)
    return [dict(element.attrib) for element in root.iter(f"{{http://www.ivoa.net/xml/VOTable/v1.3}}{name}")]


@pytest.mark.parametrize("table", ["sim_astrometry", "sim_nir", "sim_mir", "sim_optical", "sim_truth"])
def test_a_cone_names_one_id_and_one_position(service: Any, table: str) -> None:
    document = service.client.get(f"/scs/{table}?RA=0&DEC=0&SR=0").content
    found = elements(document, "FIELD")
    assert b"1e-09" not in document
    main = {field["ucd"]: field["datatype"] for field in found if field.get("ucd", "").endswith("meta.main")}
    assert main == {
        "meta.id;meta.main": "char",
        "pos.eq.ra;meta.main": "double",
        "pos.eq.dec;meta.main": "double",
    }


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("RA=1&DEC=2", 400, "SR is missing"),
        ("RA=1&DEC=2&SR=x", 400, "SR='x'"),
        ("RA=1&DEC=91&SR=1", 400, "DEC='91'"),
        ("RA=nan&DEC=1&SR=1", 400, "RA='nan'"),
        ("RA=1&DEC=1&SR=1&SR=2", 400, "2 times"),
    ],
)
def test_a_wrong_cone_is_told_in_a_votable(service: Any, query: str, status: int, message: str) -> None:
    response = service.client.get(f"/scs/sim_nir?{query}")
    assert (response.status_code, response.headers["content-type"]) == (status, "application/x-votable+xml")
    infos = {info["name"]: info.get("value") for info in elements(response.content, "INFO")}
    assert infos.keys() == {"QUERY_STATUS", "Error"}
    assert infos["QUERY_STATUS"] == "ERROR"
    assert message in str(infos["Error"])


def test_a_cone_has_all_columns_whatever_is_asked(service: Any) -> None:
    documents = [
        service.client.get(f"/scs/sim_nir?RA=266.4&DEC=-28.9&SR=3{verb}").content
        for verb in ("", "&VERB=1", "&VERB=2", "&VERB=3", "&verb=x")
    ]
    assert len(set(documents)) == 1


def test_a_table_that_is_not_there_is_404_and_its_place_is_no_secret_told(service: Any, sky_folder: Path) -> None:
    there = "sim_astrometry, sim_mir, sim_nir, sim_optical, sim_truth"
    for path in ("/tables/nothing", "/moc/nothing", "/tables/nothing/page", "/scs/nothing?RA=1&DEC=1&SR=1"):
        response = service.client.get(path)
        assert (response.status_code, f"there are: {there}" in response.text) == (404, True), path
        assert str(sky_folder.parent) not in response.text
    data, files = {"table": "nothing", "radius_arcsec": "1"}, {"file": b"ra,dec\n"}
    response = service.client.post("/xmatch", data=data, files=files)
    assert (response.status_code, str(sky_folder.parent) in response.text) == (404, False)


def test_the_place_of_a_damaged_table_is_not_told(own_sky: Path, serve: Any) -> None:
    (own_sky / "tables" / "broken.duckdb").write_bytes(b"nonsense")
    with serve(own_sky) as service:
        described = service.client.get("/tables")
        assert described.json()["damaged"].keys() == {"broken"}
        assert str(own_sky.parent) not in described.text + service.client.get("/").text


QUERY = "SELECT range AS n, range / 2.0 AS half FROM range(5)"


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.get("/sql", params={"query": QUERY, "format": "csv"}),
        lambda client: client.post("/sql", data={"query": QUERY, "format": "csv"}),
        lambda client: client.post("/sql", json={"query": QUERY, "format": "csv"}),
        lambda client: client.post("/sql?format=csv", content=QUERY, headers={"Content-Type": "text/plain"}),
    ],
)
def test_sql_is_taken_in_every_form(service: Any, ask: Any) -> None:
    response = ask(service.client)
    assert response.status_code == 200
    assert response.text.splitlines() == ["n,half", "0,0.0", "1,0.5", "2,1.0", "3,1.5", "4,2.0"]


def test_sql_answers_in_every_format(service: Any) -> None:
    def rows(format: str) -> bytes:
        response = service.client.get("/sql", params={"query": QUERY, "format": format})
        assert response.status_code == 200
        return bytes(response.content)

    expected = [0, 1, 2, 3, 4]
    assert pa.ipc.open_stream(rows("arrow")).read_all()["n"].to_pylist() == expected
    assert pa.ipc.open_file(rows("arrow-file")).read_all()["n"].to_pylist() == expected
    assert list(read(rows("votable"))["n"]) == expected
    assert list(read(rows("votable/td"))["n"]) == expected
    assert list(Table.read(io.BytesIO(rows("fits")), format="fits")["n"]) == expected
    assert pa.parquet.read_table(io.BytesIO(rows("parquet")))["n"].to_pylist() == expected
    assert [line.split(b"\t")[0] for line in rows("tsv").splitlines()[1:]] == [b"0", b"1", b"2", b"3", b"4"]
    assert [json.loads(line)["n"] for line in rows("ndjson").splitlines()] == expected


@pytest.mark.parametrize(("maxrec", "rows", "truncated"), [(4, 4, True), (5, 5, False), (6, 5, False), (0, 0, True)])
def test_json_says_exactly_whether_rows_were_cut(service: Any, maxrec: int, rows: int, truncated: bool) -> None:
    document = service.client.get("/sql", params={"query": QUERY, "maxrec": str(maxrec)}).json()
    assert (len(document["rows"]), document["truncated"]) == (rows, truncated)


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("SELECT nonsense", "QueryError"),
        ("DROP TABLE sim_nir", "QueryError"),
        ("SELECT * FROM read_csv('/etc/passwd')", "QueryError"),
        ("SELECT 1; SELECT 2", "QueryError"),
    ],
)
def test_wrong_sql_is_told_as_json(service: Any, query: str, kind: str) -> None:
    response = service.client.get("/sql", params={"query": query})
    assert response.status_code == 400
    assert response.json()["error"]["kind"] == kind
    assert len(response.headers["x-request-id"]) == 16


def test_tables_are_described(service: Any, sky: Sky) -> None:
    listed = {table["name"]: table["rows"] for table in service.client.get("/tables").json()["tables"]}
    assert listed == {name: info.rows for name, info in sky.tables.items()}
    described = service.client.get("/tables/sim_nir").json()
    assert [column["name"] for column in described["columns"]] == [c.name for c in sky.table("sim_nir").columns]
    assert next(c for c in described["columns"] if c["name"] == "j_m")["unit"] == "mag"


@pytest.mark.parametrize("order", [0, 6])
def test_the_coverage_is_that_of_the_rows(service: Any, sky: Sky, order: int) -> None:
    rows = sky.sql("SELECT ra, dec FROM sim_nir").to_arrow()
    cells = np.unique(healpy.ang2pix(2**order, rows["ra"].to_numpy(), rows["dec"].to_numpy(), nest=True, lonlat=True))
    expected = MOC.from_healpix_cells(cells.astype(np.uint64), np.full(len(cells), order, np.uint8), order)
    asked = {form: f"/moc/sim_nir?order={order}&format={form}" for form in ("fits", "json")}
    content = {form: service.client.get(path).content for form, path in asked.items()}
    assert MOC.from_fits(io.BytesIO(content["fits"])) == expected
    assert MOC.from_string(content["json"].decode(), format="json") == expected


def test_pages_are_whole_and_name_the_tables(service: Any) -> None:
    home = service.client.get("/")
    assert home.headers["content-type"].startswith("text/html")
    for path in ("/tap", "/tap/"):
        assert service.client.get(path).text == home.text
    for words in ("sim_astrometry", f"{service.tap}</pre>", "pyvo.dal.TAPService", "/scs/"):
        assert words in home.text
    page = service.client.get("/tables/sim_nir/page").text
    assert "<code>j_m</code>" in page
    assert "/moc/sim_nir" in page


def test_every_answer_names_the_server_and_a_request(service: Any) -> None:
    ids = set()
    for path in ("/", "/health", "/nothing", "/tap/capabilities", "/tap/nothing"):
        headers = service.client.get(path).headers
        assert headers["server"].startswith("skyband/")
        ids.add(headers["x-request-id"])
    assert len(ids) == 5


def test_pages_need_nothing_of_the_internet(service: Any) -> None:
    for path in ("/", "/schema", "/tables/sim_nir/page", "/tap/examples"):
        page = service.client.get(path)
        assert page.headers["content-type"].partition(";")[0] in ("text/html", "application/xhtml+xml")
        assert re.findall(r'(?:src|href|url)[=(]"?(https?://(?!127\.0\.0\.1)[^"]+)', page.text) == [], path
    assert "<code>/xmatch</code>" in service.client.get("/schema").text


def test_the_api_describes_itself(service: Any) -> None:
    paths = service.client.get("/schema/openapi.json").json()["paths"]
    assert {"/sql", "/tables", "/tables/{name}", "/scs/{table}", "/moc/{table}", "/tap/sync"} <= paths.keys()


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.toml"
    digest = hashlib.sha256(b"secret").hexdigest()
    path.write_text(f'[[token]]\nname = "alice"\nrole = "read"\nsha256 = "{digest}"\n')
    return path


PRIVATE = [
    "/",
    "/tables",
    "/tables/sim_nir",
    "/tables/sim_nir/page",
    "/moc/sim_nir",
    "/sql?query=SELECT+1",
    "/tap/tables",
]
PRIVATE += [
    "/tap/examples",
    "/tap/async",
    "/scs/sim_nir?RA=1&DEC=1&SR=1",
    "/tap/sync?LANG=ADQL&QUERY=SELECT+1+FROM+sim_nir",
]


BASIC = "ivo://ivoa.net/sso#BasicAA"


def security(service: Any) -> dict[str, list[str]]:
    """The security methods of each interface, by the last part of its URL; "" is none."""
    root = ElementTree.fromstring(service.client.get("/tap/capabilities").content)
    return {
        str(interface.findtext("accessURL")).rpartition("/")[2]: [
            method.get("standardID", "") for method in interface.findall("securityMethod")
        ]
        for interface in root.iter("interface")
    }


def test_with_tokens_only_the_public_documents_are_public(own_sky: Path, serve: Any, token_file: Path) -> None:
    with serve(own_sky, "--token-file", str(token_file)) as service:
        for path in PRIVATE:
            refused = service.client.get(path)
            assert refused.status_code == 401, path
            assert "Basic" in refused.headers["www-authenticate"]
            assert "sim_" not in refused.text
            assert service.client.get(path, headers={"Authorization": "Bearer secret"}).status_code == 200, path
        for path in ("/health", "/tap/capabilities", "/tap/availability"):
            assert service.client.get(path).status_code == 200
        assert security(service) == {
            "capabilities": ["", BASIC], "availability": ["", BASIC],
            "tables": [BASIC], "examples": [BASIC], "tap": [BASIC],
        }  # fmt: skip
    with serve(own_sky, "--token-file", str(token_file), "--public-read") as service:
        assert service.client.get("/tables").status_code == 200
        assert service.client.get("/tables", headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert {tuple(methods) for methods in security(service).values()} == {("", BASIC)}
