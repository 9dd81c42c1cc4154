"""Bank statements on real processes: a large file and a killed worker, two workers at once, and a bank over HTTP."""

import datetime
import os
import time
from decimal import Decimal

import pytest

from tests.camt_writer import Line, daily_file

IBAN = "DE89370400440532013000"
DAY = datetime.date(2026, 3, 4)
LOCKED_UNTIL = datetime.date(2026, 2, 28)

SETUP = """
company = env.company
company.currency_id = env.ref("base.EUR")
env.ref("base.EUR").active = True
account = env["res.partner.bank"].create({{"acc_number": {iban!r}, "partner_id": company.partner_id.id}})
journal = env["account.journal"].create({{
    "name": "Bank", "code": "E2EB", "type": "bank", "bank_account_id": account.id}})
connection = env["finance.connection"].create({{
    "name": "Drop", "adapter": "folder", "environment": "sandbox", "endpoint": {folder!r}, "company_id": company.id}})
interface = env["finance.interface"].create({{
    "name": "Files", "code": "e2e.files", "handler": "bank_statement", "connection_id": connection.id,
    "company_id": company.id}})
interface._go_live("Needed by a test.")
# By hand alone: a fetch that is asked for while the schedule's is at work does not see what was put there since.
env["bank.statement.feed"].create({{
    "name": "Drop", "kind": "files", "interface_id": interface.id, "next_run_at": "2099-01-01",
    "interval_minutes": 100_000}})
company.fiscalyear_lock_date = {locked!r}
print(journal.id)
"""


@pytest.fixture(scope="module")
def server(odoo_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("drop")
    server = odoo_server("statements", finance={"file_roots": str(folder)})
    server.folder = folder
    server.journal_id = int(
        server.shell(SETUP.format(iban=IBAN, folder=str(folder), locked=LOCKED_UNTIL.isoformat()))
    )
    return server


def drop(server, name, content):
    """Put a finished file into the folder, old enough to be picked up."""
    path = server.folder / name
    path.write_bytes(content)
    old = time.time() - 60
    os.utime(path, (old, old))


def fetch(server):
    client = server.rpc()
    feeds = client.env["bank.statement.feed"]
    feeds.browse(feeds.search([])).action_fetch_now()


def booked(server):
    [(count, total)] = server.sql(
        "SELECT count(*), coalesce(sum(amount), 0) FROM account_bank_statement_line WHERE journal_id = %s",
        [server.journal_id],
    )
    return count, Decimal(str(total))


def last_closing(server):
    [(amount,)] = server.sql(
        """SELECT amount FROM bank_statement_balance WHERE journal_id = %s AND type = 'CLBD'
            ORDER BY date DESC, id DESC LIMIT 1""",
        [server.journal_id],
    )
    return Decimal(str(amount))


def exchange_status(server):
    rows = server.sql("SELECT work_status FROM finance_exchange ORDER BY id DESC LIMIT 1")
    return rows[0][0] if rows else None


def large_file(count):
    lines = [
        Line(
            DAY,
            Decimal("1.00") + Decimal(number) / 100,
            f"Payment {number}",
            reference=f"L{number}",
        )
        for number in range(count - 1)
    ]
    lines.append(Line(LOCKED_UNTIL, Decimal("7.00"), "Too late", reference="LOCKED"))
    content = daily_file(IBAN, "EUR", lines, opening=Decimal("100.00"))
    # One entry in the middle with a day that does not exist.
    marker = b"<AcctSvcrRef>L500</AcctSvcrRef>"
    position = content.index(marker)
    start = content.rindex(b"2026-03-04", 0, position)
    return content[:start] + b"2026-02-30" + content[start + 10 :]


def test_ten_thousand_lines_survive_a_killed_worker_and_two_bad_ones(server):
    count = 10_000
    drop(server, "large.xml", large_file(count))
    fetch(server)
    server.wait_for(lambda: booked(server)[0] >= 500, "the first chunks")
    server.kill()
    interrupted = booked(server)[0]
    assert 500 <= interrupted < count, "killed half-way"
    server.start()
    server.wait_for(
        lambda: exchange_status(server) == "exception", "the import to end", seconds=900
    )
    lines = [
        Decimal("1.00") + Decimal(number) / 100 for number in range(count - 1) if number != 500
    ]
    assert booked(server) == (count - 2, sum(lines))
    codes = server.sql("SELECT code, count(*) FROM finance_exception GROUP BY code ORDER BY code")
    assert codes == [("date_in_locked_period", 1), ("entry_invalid", 1)]
    # The same bytes again, under another name: nothing.
    drop(server, "again.xml", large_file(count))
    fetch(server)
    server.wait_for(
        lambda: list((server.folder / "duplicates").rglob("again*")), "the duplicate's archive"
    )
    assert booked(server)[0] == count - 2


def test_two_workers_with_the_same_lines_book_them_once(server):
    before, _total = booked(server)
    day = DAY + datetime.timedelta(days=1)
    lines = [
        Line(day, Decimal("3.00"), f"Both {number}", reference=f"B{number}") for number in range(40)
    ]
    closing = last_closing(server)
    # Two files, so two exchanges and two jobs, over the same bookings.
    for message in ("ONE", "TWO"):
        drop(
            server,
            f"{message}.xml",
            daily_file(IBAN, "EUR", lines, opening=closing, sequence=2, message_id=message),
        )
    fetch(server)

    def finished():
        rows = server.sql("SELECT work_status FROM finance_exchange ORDER BY id DESC LIMIT 2")
        return {status for (status,) in rows} == {"done"} and len(rows) == 2

    server.wait_for(finished, "both files")
    assert booked(server)[0] == before + len(lines)
    results = server.sql("SELECT result->>'lines' FROM finance_exchange ORDER BY id DESC LIMIT 2")
    assert sorted(int(count) for (count,) in results) == [0, len(lines)]


def test_two_imports_into_one_journal_at_once_both_succeed(server):
    before, _total = booked(server)
    day = DAY + datetime.timedelta(days=2)
    count = 400
    # Reports of one day with other bookings each: neither waits for the other's balances, both number in one sequence.
    for half in ("a", "b"):
        lines = [
            Line(day, Decimal("2.00"), f"Half {half} {number}", reference=f"H{half}{number}")
            for number in range(count)
        ]
        drop(server, f"{half}.xml", daily_file(IBAN, "EUR", lines, kind="report", message_id=half))
    fetch(server)
    server.wait_for(lambda: booked(server)[0] == before + 2 * count, "the lines of both")

    def ended():
        return server.sql(
            """SELECT exchange.work_status, exchange.result->>'set_based', attempt.state
                 FROM finance_exchange exchange
                 JOIN finance_exchange_attempt attempt ON attempt.exchange_id = exchange.id
                WHERE exchange.id IN (SELECT id FROM finance_exchange ORDER BY id DESC LIMIT 2)
                  AND attempt.kind = 'process' AND exchange.work_status NOT IN ('ready', 'running')"""
        )

    server.wait_for(lambda: len(ended()) >= 2, "both files")
    assert ended() == [("done", str(count), "succeeded")] * 2, "each at its first try"
    numbers = server.sql(
        """SELECT count(DISTINCT move.sequence_number), max(move.sequence_number) - min(move.sequence_number) + 1
             FROM account_move move JOIN account_bank_statement_line line ON line.move_id = move.id
            WHERE line.bank_booking_date = %s""",
        [day],
    )
    assert numbers == [(2 * count, 2 * count)], "numbered without a gap"


def test_statements_of_following_days_that_come_at_once_are_booked_in_their_chain(server):
    before, total = booked(server)
    opening = last_closing(server)
    days, count = 5, 120
    files = []
    for number in range(days):
        day = DAY + datetime.timedelta(days=3 + number)
        lines = [
            Line(day, Decimal("1.50"), f"Day {number} {line}", reference=f"C{number}-{line}")
            for line in range(count)
        ]
        files.append(daily_file(IBAN, "EUR", lines, opening=opening, sequence=3 + number))
        opening += sum(line.amount for line in lines)
    # The later days first: they wait, held, until the days before them are booked.
    for number in reversed(range(days)):
        drop(server, f"{days - number}.xml", files[number])
    fetch(server)

    def finished():
        rows = server.sql(
            "SELECT work_status FROM finance_exchange ORDER BY id DESC LIMIT %s", [days]
        )
        return [status for (status,) in rows] == ["done"] * days

    server.wait_for(finished, "all the days", seconds=300)
    assert booked(server) == (before + days * count, total + days * count * Decimal("1.50"))
    statements = server.sql(
        """SELECT statement.balance_start, statement.balance_end, statement.balance_end_real, statement.is_complete,
                  count(line.id)
             FROM account_bank_statement statement
             JOIN account_bank_statement_line line ON line.statement_id = statement.id
            WHERE statement.journal_id = %s AND statement.bank_date > %s
            GROUP BY statement.id ORDER BY statement.bank_date""",
        [server.journal_id, DAY + datetime.timedelta(days=2)],
    )
    assert len(statements) == days
    assert all(end == stated and complete for _start, end, stated, complete, _lines in statements)
    assert [lines for *_figures, lines in statements] == [count] * days
    ends = [stated for _start, _end, stated, _complete, _lines in statements]
    assert [start for start, *_rest in statements[1:]] == ends[:-1], "each opens where one closed"
    assert Decimal(str(ends[-1])) == opening
    names = server.sql(
        """SELECT count(*), count(DISTINCT move.name) FROM account_move move
             JOIN account_bank_statement_line line ON line.move_id = move.id WHERE line.journal_id = %s""",
        [server.journal_id],
    )
    assert names == [(before + days * count,) * 2]


def test_log_has_no_warning(server):
    """Last in the file: the runs above left nothing in the log but the queue's word on the worker that was killed."""
    assert [line for line in server.bad_lines() if "Re-queued dead job" not in line] == []
