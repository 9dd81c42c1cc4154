"""An archive can neither fill the memory nor reach a path."""

import gzip
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_connector_base.tools.archive import (
    ArchiveLimits,
    ArchiveMember,
    ArchiveRefusedError,
    archive_kind,
    iter_members,
)

BOMB = b"\0" * 3_000_000


def zipped(*members, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def refusal(data, **limits):
    with pytest.raises(ArchiveRefusedError) as caught:
        list(iter_members(data, limits=ArchiveLimits(**limits)))
    assert caught.value.next_step
    return caught.value.code


@given(st.lists(st.binary(max_size=200), max_size=4))
def test_what_was_packed_comes_out(contents):
    data = zipped(*((f"{number}.xml", content) for number, content in enumerate(contents)))
    assert [member.data for member in iter_members(data)] == contents
    for content in contents:
        assert [member.data for member in iter_members(gzip.compress(content))] == [content]


def test_names_are_never_paths():
    data = zipped(
        ("../../etc/cron.d/x", b"1"), ("C:\\windows\\y", b"2"), ("/abs/z", b"3"), ("dir/", b"")
    )
    assert [member.name for member in iter_members(data)] == ["x", "y", "z"]
    assert next(iter_members(gzip.compress(b"x"), "/in/a.xml.gz")).name == "a.xml"
    assert list(iter_members(b"<a/>", "in/a.xml")) == [ArchiveMember("a.xml", b"<a/>")]


def test_kinds_are_told_by_content():
    assert archive_kind(zipped()) == archive_kind(zipped(("a", b"1"))) == "zip"
    assert archive_kind(gzip.compress(b"")) == "gzip"
    assert archive_kind(b"<a/>") is None


def test_concatenated_gzip_streams_are_one_file():
    assert next(iter_members(gzip.compress(b"a") + gzip.compress(b"b"))).data == b"ab"


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped(("a", data))])
def test_bombs_are_refused(pack):
    bomb = pack(BOMB)
    assert refusal(bomb) == "archive_too_large"
    assert refusal(bomb, max_ratio=10**6, max_member_bytes=len(BOMB) - 1) == "archive_too_large"
    assert refusal(bomb, max_ratio=10**6, max_total_bytes=len(BOMB) - 1) == "archive_too_large"
    (member,) = iter_members(bomb, limits=ArchiveLimits(max_ratio=10**6))
    assert member.data == BOMB


def test_the_total_counts_over_all_members():
    parts = [(str(number), b"x" * 1000) for number in range(10)]
    data = zipped(*parts, compression=zipfile.ZIP_STORED)
    assert refusal(data, max_total_bytes=9_999) == "archive_too_large"
    assert len(list(iter_members(data, limits=ArchiveLimits(max_total_bytes=10_000)))) == 10


def test_the_count_is_limited_before_anything_is_opened():
    data = zipped(("a", b"1"), ("b", b"2"), ("c", b"3"))
    assert refusal(data, max_members=2) == "archive_too_many"


def test_a_stated_size_is_not_believed():
    honest = zipped(("a", BOMB))
    lying = honest.replace(len(BOMB).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lying != honest
    assert refusal(lying, max_member_bytes=1000, max_ratio=10**6).startswith("archive_")


@pytest.mark.parametrize(
    "data",
    [
        zipped(("a", b"content" * 50))[:-30],
        zipped(("a", b"0123456789"), compression=zipfile.ZIP_STORED).replace(
            b"0123456789", b"9123456789"
        ),
        b"PK\x03\x04",
        gzip.compress(b"content" * 50)[:-4],
        gzip.compress(b"content" * 50)[:20],
        gzip.compress(b"content") + b"trailing",
        b"\x1f\x8b",
    ],
)
def test_damage_is_refused(data):
    assert refusal(data) == "archive_refused"


def test_a_locked_archive_is_refused():
    data = bytearray(zipped(("a", b"1")))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    assert refusal(bytes(data)) == "archive_refused"


def test_an_archive_in_an_archive_stays_closed():
    inner = zipped(("x.xml", b"<a/>"))
    (member,) = iter_members(zipped(("inner.zip", inner)))
    assert member.data == inner


def test_parts_of_a_gzip_are_counted():
    assert refusal(gzip.compress(b"") * 4, max_members=3) == "archive_too_many"


def test_an_entry_without_a_name_is_opened_like_any_other():
    data = bytearray(zipped(("a", b"x")))
    # Lengths before the data and in the central directory: what was the name is an extra field now.
    for mark, length, extra in ((b"PK\x03\x04", 26, 28), (b"PK\x01\x02", 28, 30)):
        start = data.index(mark)
        data[start + length], data[start + extra] = 0, 1
    assert [(item.name, item.data) for item in iter_members(bytes(data))] == [("", b"x")]
