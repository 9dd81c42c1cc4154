"""Any change of any row is found, and found where it is."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_connector_base.tools.audit_chain import (
    EVENT_FIELDS,
    FORMAT,
    GENESIS,
    LATEST_COMMIT,
    UNSEALED_LIMIT,
    AnchorError,
    chain_hash,
    iso,
    link,
    main,
    read_anchor,
    read_archive,
    verify,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
START = datetime(2026, 1, 31, 11)
SEAL_FIELDS = ("position", "event_id", "event_hash", "chain_hash", "sealed_at")


def event(number, **values):
    return dict.fromkeys(EVENT_FIELDS) | {
        "id": number,
        "event_time": iso(START + timedelta(seconds=number)),
        "action": "test.done",
        "user_login": "admin",
        "summary": f"Zahlung № {number}",
        **values,
    }


def chain(count, first=101):
    events = [event(number) for number in range(first, first + count)]
    return list(
        zip(map(dict, link(GENESIS, 0, events, iso(NOW.replace(tzinfo=None)))), events, strict=True)
    )


def anchor_of(rows):
    return {seal["position"]: seal["chain_hash"] for seal, _event in rows}


def found(rows, anchored=None):
    finding = verify(rows, anchored or {}, NOW).finding
    return finding and (finding.kind, finding.position)


def changed(value):
    return value + 1 if isinstance(value, int) else f"{value or ''}x"


def test_whole_chain_verifies():
    rows = chain(3)
    result = verify([*rows, (None, event(104))], anchor_of(rows), NOW)
    assert result.ok
    assert (result.sealed, result.unsealed, result.anchored) == (3, 1, 3)
    assert result.chain_hash == rows[-1][0]["chain_hash"]
    assert result.lag_seconds == (NOW - START.replace(tzinfo=UTC)).total_seconds() - 104


def test_empty_chain_verifies():
    result = verify([], {}, NOW)
    assert (result.ok, result.chain_hash) == (True, GENESIS)


def test_sealing_goes_on_where_it_stopped():
    rows = chain(4)
    (last, _event), rest = rows[1], [event for _seal, event in rows[2:]]
    again = list(link(last["chain_hash"], 2, rest, iso(NOW.replace(tzinfo=None))))
    assert again == [seal for seal, _event in rows[2:]]


@given(st.data())
def test_any_change_of_an_event_is_found_where_it_is(data):
    rows = chain(data.draw(st.integers(1, 8)))
    places = data.draw(st.sets(st.sampled_from(range(len(rows))), min_size=1))
    for place in places:
        name = data.draw(st.sampled_from([n for n in EVENT_FIELDS if n != "event_time"]))
        rows[place][1][name] = changed(rows[place][1][name])
    assert found(rows) == ("event_changed", min(places) + 1)


@given(st.data())
def test_any_change_of_a_seal_is_found_where_it_is(data):
    rows = chain(data.draw(st.integers(1, 8)))
    place = data.draw(st.sampled_from(range(len(rows))))
    name = data.draw(st.sampled_from(SEAL_FIELDS))
    rows[place][0][name] = changed(rows[place][0][name])
    kind = "seal_missing" if name == "position" else "seal_changed"
    assert found(rows) == (kind, place + 1)


@given(st.data())
def test_any_missing_row_is_found_where_it_was(data):
    rows = chain(data.draw(st.integers(2, 8)))
    place = data.draw(st.sampled_from(range(len(rows))))
    anchored = anchor_of(rows)
    if data.draw(st.booleans()):
        rows[place] = (rows[place][0], None)
        assert found(rows) == ("event_missing", place + 1)
    else:
        last = place == len(rows) - 1
        del rows[place]
        assert found(rows, anchored) == ("tail_cut" if last else "seal_missing", place + 1)


@given(st.data())
def test_exchanged_events_are_found(data):
    rows = chain(data.draw(st.integers(2, 8)))
    one, other = sorted(
        data.draw(st.sets(st.sampled_from(range(len(rows))), min_size=2, max_size=2))
    )
    rows[one], rows[other] = (rows[one][0], rows[other][1]), (rows[other][0], rows[one][1])
    assert found(rows) == ("event_changed", one + 1)


@given(st.data())
def test_chain_written_anew_contradicts_the_anchor(data):
    rows = chain(data.draw(st.integers(1, 8)))
    place = data.draw(st.sampled_from(range(len(rows))))
    anchored = {len(rows): rows[-1][0]["chain_hash"]}
    events = [each for _seal, each in rows]
    events[place]["summary"] = "x"
    forged = list(zip(link(GENESIS, 0, events, rows[0][0]["sealed_at"]), events, strict=True))
    assert found(forged) is None
    assert found(forged, anchored) == ("anchor_mismatch", len(rows))


def test_hash_of_a_link_covers_the_one_before():
    seal = chain(1)[0][0]
    assert chain_hash(GENESIS, seal) != chain_hash("1" * 64, seal)


@pytest.mark.parametrize(
    ("age", "kind"),
    [
        (UNSEALED_LIMIT, None),
        (UNSEALED_LIMIT + timedelta(seconds=1), "unsealed_overdue"),
        (LATEST_COMMIT + timedelta(hours=2), "out_of_order"),
    ],
)
def test_event_without_a_seal(age, kind):
    late = event(9, event_time=iso((NOW - age).replace(tzinfo=None)))
    finding = verify([*chain(1), (None, late)], {}, NOW).finding
    assert (finding and (finding.kind, finding.event_id)) == (kind and (kind, 9))


def test_an_event_without_a_seal_is_not_forgotten_for_newer_ones():
    late = event(9, event_time=iso((NOW - timedelta(days=9)).replace(tzinfo=None)))
    finding = verify([*chain(1), (None, late), (None, event(104))], {}, NOW).finding
    assert (finding.kind, finding.event_id) == ("out_of_order", 9)


def test_a_broken_link_is_named_before_an_overdue_event():
    rows = chain(2)
    rows[1][1]["summary"] = "x"
    late = event(9, event_time=iso((NOW - timedelta(days=9)).replace(tzinfo=None)))
    assert found([*rows, (None, late)]) == ("event_changed", 2)


# === ANCHOR === #


def line(position, value="a", database="db", **values):
    return json.dumps({"database": database, "position": position, "chain_hash": value, **values})


def test_anchor_of_one_database():
    lines = [line(1), "", line(5, "b", "another"), line(3, "c"), line(0, GENESIS)]
    assert read_anchor(lines, "db") == {1: "a", 3: "c"}


def test_accepted_restore_gives_up_what_came_after():
    lines = [line(1), line(5, "b"), line(3, "c", restored=True), line(4, "d")]
    assert read_anchor(lines, "db") == {1: "a", 3: "c", 4: "d"}


@pytest.mark.parametrize("bad", ["{", "[]", "{}", line("x"), line(None)])
def test_damaged_line_is_named(bad):
    with pytest.raises(AnchorError, match="Line 2"):
        read_anchor([line(1), bad], "db")


# === ARCHIVE === #


def write(path, rows):
    header = {
        "format": FORMAT,
        "database": "db",
        "exported_at": iso(NOW.replace(tzinfo=None)),
    }
    records = [{"seal": seal, "event": each} for seal, each in rows]
    path.write_text("\n".join(map(json.dumps, [header, *records])))
    return str(path)


def test_command_on_an_archive(tmp_path, capsys):
    rows = chain(3)
    archive = write(tmp_path / "archive.jsonl", rows)
    anchor = tmp_path / "anchor.jsonl"
    anchor.write_text(line(3, rows[-1][0]["chain_hash"]))
    assert main([archive, str(anchor)]) == 0
    assert "3 events verify" in capsys.readouterr().out
    assert main([write(tmp_path / "cut.jsonl", rows[:2]), str(anchor)]) == 1
    assert "position 3" in capsys.readouterr().out
    assert main([]) == main([str(anchor)]) == main([str(tmp_path / "none")]) == 2


def test_archive_verifies_years_later_as_on_its_day(tmp_path, capsys):
    last = iso((NOW - timedelta(seconds=5)).replace(tzinfo=None))
    rows = [*chain(2), (None, event(9, event_time=last))]
    assert main([write(tmp_path / "archive.jsonl", rows)]) == 0
    assert "2 events verify" in capsys.readouterr().out


def test_other_files_are_no_archive():
    with pytest.raises(ValueError, match="no archive"):
        read_archive(['{"format": "something/1"}'])
