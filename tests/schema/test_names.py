"""Names of columns."""

from __future__ import annotations

import pytest

from skyband.schema.errors import BadName
from skyband.schema.names import check_column_name


@pytest.mark.parametrize("name", ["ra", "Right ascension", 'a"b', "größe", "{relation}", "--", "'", "a\u00a0b"])
def test_a_column_may_have_nearly_any_name(name: str) -> None:
    assert check_column_name(name) == name


@pytest.mark.parametrize("name", ["", "\0", "a\nb", "\t", "\x7f", "\x85", "\u2028", "\ud800", "\x010\x02" * 100])
def test_no_column_has_a_control_character_in_its_name(name: str) -> None:
    with pytest.raises(BadName) as caught:
        check_column_name(name)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200
