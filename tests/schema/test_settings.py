"""Settings that do not fit each other are refused, with the variable to correct."""

from __future__ import annotations

import pytest

from skyband.schema.errors import BadOption
from skyband.schema.settings import Settings


def test_a_job_can_have_the_largest_upload() -> None:
    assert Settings(upload_max_bytes=1000, client_job_bytes=1000).client_job_bytes == 1000
    with pytest.raises(BadOption, match="correct SKYBAND_CLIENT_JOB_BYTES"):
        Settings(upload_max_bytes=1001, client_job_bytes=1000)
