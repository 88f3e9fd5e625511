"""Images and the ids that are there: in the collection, and in the table that says where they are."""

from __future__ import annotations

from skyband.schema.store import Store
from tests.conftest import publish_rows
from tests.ingest.images.conftest import Add, Put
from tests.ingest.images.test_add import Ask, counts, rejects, sha
from tests.pictures import jpeg


def test_a_file_from_elsewhere_does_not_take_the_place_of_an_image(add: Add, put: Put, rows: Ask, store: Store) -> None:
    first, second = put("one/a.jpg", jpeg(1)), put("two/a.jpg", jpeg(2))
    same, fresh = put("two/b.jpg", jpeg(3)), put("two/c.jpg", jpeg(4))
    put("one/b.jpg", jpeg(3))
    add(first.parent)
    report = add(second.parent)
    # The same bytes at another place are the same image.
    assert counts(report) == (1, 0, 1, 0, {"id of another image": 1})
    assert rows("SELECT id, source, checksum FROM gals ORDER BY id") == [
        ("a", str(first), sha(jpeg(1))),
        ("b", str(same), sha(jpeg(3))),
        ("c", str(fresh), sha(jpeg(4))),
    ]
    assert rejects(store, rows, "id, source, reason, detail") == [
        (
            "a",
            str(second),
            "id of another image",
            f"{first} has it; give it another id, or replace that one by --replace",
        )
    ]
    put("one/a.jpg", jpeg(5))
    assert counts(add(first)) == (0, 1, 0, 0, {})
    assert counts(add(second.parent, replace=True)) == (0, 1, 0, 2, {})
    assert rows("SELECT source, checksum FROM gals WHERE id = 'a'") == [(str(second), sha(jpeg(2)))]
    assert not store.rejected_file("gals").exists()


def test_a_catalogue_without_the_ids_changes_nothing_and_says_so(add: Add, put: Put, store: Store) -> None:
    publish_rows(store, "cat", id=[11, 22], ra=[10.0, 20.0], dec=[1.0, 2.0])
    folder = put("pics/33.jpg", jpeg(1)).parent
    put("pics/44.jpg", jpeg(2))
    first = add(folder)
    report = add(folder, match="cat")
    assert counts(report) == (0, 0, 0, 2, {})
    assert "--match cat: nothing matched, no image has the id of one of its rows" in report.notes
    assert report.info == first.info
