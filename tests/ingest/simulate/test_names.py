"""Names tell the position, and none is given twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from skyband.ingest.simulate.chunk import make_chunk
from skyband.ingest.simulate.names import NameRegister, all_wise_names, name_keys, two_mass_names


def test_known_names() -> None:
    ra = np.array([0.0, 10.6847083, 359.9999999, 83.8220833, 200.0])
    dec = np.array([0.0, 41.26875, -0.00001, -5.3911111, -89.99999])
    keys = name_keys(ra, dec)
    assert two_mass_names(keys).to_pylist() == [
        "00000000+0000000",
        "00424432+4116075",
        "23595999-0000000",
        "05351729-0523279",
        "13200000-8959599",
    ]
    assert all_wise_names(keys).to_pylist() == [
        "J000000.00+000000.0",
        "J004244.32+411607.5",
        "J235959.99-000000.0",
        "J053517.29-052327.9",
        "J132000.00-895959.9",
    ]


def test_names_are_positions(views: Any) -> None:
    found = views.con.execute("SELECT designation, ra, dec FROM mir LIMIT 3000").fetchnumpy()
    text = [f"{n[1:3]}h{n[3:5]}m{n[5:10]}s {n[10:13]}d{n[13:15]}m{n[15:]}s" for n in found["designation"]]
    named = SkyCoord(text)
    sep = named.separation(SkyCoord(found["ra"] * u.deg, found["dec"] * u.deg))
    assert sep.arcsec.max() < np.hypot(0.15, 0.1) + 1e-6
    assert np.all(np.sign(found["dec"]) * np.where([n[10] == "-" for n in found["designation"]], -1, 1) >= 0)


@given(st.lists(st.lists(st.integers(0, 30), max_size=12), max_size=6))
def test_a_name_is_given_once(batches: list[list[int]]) -> None:
    register, taken = NameRegister(), set[int]()
    for batch in batches:
        expected = []
        for key in batch:
            expected.append(key not in taken)
            taken.add(key)
        assert register.claim(np.array(batch, np.int64)).tolist() == expected


def test_a_source_without_a_name_is_lost_with_its_link() -> None:
    chunk = make_chunk(seed=5, number=0, first_id=0, rows=2_000)
    names = chunk.tables["sim_nir"].column("designation").to_pylist()
    wanted = np.ones(len(names), np.bool_)
    wanted[[3, 10]] = False
    before = chunk.tables["sim_truth"]
    chunk.keep("sim_nir", wanted)
    after = chunk.tables["sim_truth"]
    left = [name for place, name in enumerate(names) if place not in (3, 10)]
    assert chunk.tables["sim_nir"].column("designation").to_pylist() == left
    assert [name for name in after.column("nir_id").to_pylist() if name is not None] == left
    others = [name for name in before.column_names if name != "nir_id"]
    assert after.select(others).equals(before.select(others))
    assert after.schema.field("nir_id").type == pa.string()
