"""Statement files over SFTP from a real OpenSSH server: killed half-way, still growing, and a server that changed."""

import datetime
import os
import threading
import time
from decimal import Decimal

import pytest

from lib.sshd import SshServer
from tests.camt_writer import Line, daily_file
from tests.relay import Relay

IBAN = "DE89370400440532013000"
DAY = datetime.date(2026, 3, 4)

SETUP = """
company = env.company
env.ref("base.EUR").active = True
company.currency_id = env.ref("base.EUR")
account = env["res.partner.bank"].create({{"acc_number": {iban!r}, "partner_id": company.partner_id.id}})
journal = env["account.journal"].create({{
    "name": "Bank", "code": "E2EB", "type": "bank", "bank_account_id": account.id}})
connection = env["finance.connection"].create({{
    "name": "Bank's server", "adapter": "sftp", "environment": "sandbox", "endpoint": {address!r},
    "allow_private_address": True, "company_id": company.id}})
env["finance.credential"].create({{
    "name": "Key", "connection_id": connection.id, "kind": "private_key", "secret": {private_key!r}}})
interface = env["finance.interface"].create({{
    "name": "Files", "code": "e2e.sftp", "handler": "bank_statement", "connection_id": connection.id,
    "company_id": company.id}})
interface._go_live("Needed by a test.")
# By hand alone: a fetch of the schedule would be one more failure than the test counts.
env["bank.statement.feed"].create({{
    "name": "Server", "kind": "files", "interface_id": interface.id, "next_run_at": "2099-01-01",
    "interval_minutes": 100_000}})
print(journal.id)
"""


@pytest.fixture(scope="module")
def ssh(tmp_path_factory):
    with SshServer(tmp_path_factory.mktemp("ssh")) as running:
        yield running


@pytest.fixture(scope="module")
def server(odoo_server, ssh):
    server = odoo_server("sftp")
    server.journal_id = int(
        server.shell(SETUP.format(iban=IBAN, address=ssh.address, private_key=ssh.private_key))
    )
    return server


def statement(sequence, amount="5.00"):
    day = DAY + datetime.timedelta(days=sequence)
    line = Line(day, Decimal(amount), f"Payment {sequence}", reference=f"S{sequence}")
    opening = Decimal("100.00") + Decimal("5.00") * (sequence - 1)
    return daily_file(IBAN, "EUR", [line], opening=opening, sequence=sequence)


def put(ssh, name, content):
    """Put a finished file onto the server, old enough to be picked up."""
    path = ssh.folder / name
    path.write_bytes(content)
    old = time.time() - 60
    os.utime(path, (old, old))
    return path


def fetch(server):
    """Fetch now, and wait for the end of it.

    :return: how the feed is afterwards: failures in a row and the last error
    """
    feeds = server.rpc().env["bank.statement.feed"]
    feeds.browse(feeds.search([])).action_fetch_now()

    def ended():
        return server.sql(
            """SELECT failure_count, last_error FROM bank_statement_feed
                WHERE NOT EXISTS (SELECT FROM queue_job WHERE model_name = 'bank.statement.feed'
                                   AND state NOT IN ('done', 'failed', 'cancelled'))"""
        )

    return server.wait_for(ended, "the fetch")[0]


def point_to(server, address):
    server.sql("UPDATE finance_connection SET endpoint = %s WHERE adapter = 'sftp'", [address])


def exchanges(server):
    return server.sql("SELECT count(*) FROM finance_exchange")[0][0]


def booked(server):
    return server.sql(
        "SELECT count(*) FROM account_bank_statement_line WHERE journal_id = %s",
        [server.journal_id],
    )[0][0]


def kept(ssh, kind):
    return sorted(path.name for path in (ssh.folder / kind).rglob("*") if path.is_file())


def test_a_server_whose_key_nobody_trusted_gets_no_login(server, ssh):
    put(ssh, "a.xml", statement(1))
    failures, error = fetch(server)
    assert failures == 1
    assert "not known yet" in error
    assert "Accepted" not in (ssh.base / "log").read_text()


def test_key_is_shown_compared_and_trusted_and_the_file_booked(server, ssh):
    client = server.rpc()
    connections = client.env["finance.connection"]
    connection = connections.browse(connections.search([("adapter", "=", "sftp")]))
    action = connection.action_ask_host_key()
    dialogue = client.env["finance.connection.host.key"].browse(action["res_id"])
    assert dialogue.host_key == f"ssh-ed25519 {ssh.fingerprint}"
    assert not connection.host_key, "asking is not trusting"
    dialogue.action_trust()
    assert fetch(server) == (0, None)
    server.wait_for(lambda: booked(server) == 1, "the line")
    assert kept(ssh, "archive") == ["a.xml"]
    assert not list(ssh.folder.glob("*.xml"))


def test_same_bytes_under_another_name_are_recognised(server, ssh):
    before = exchanges(server)
    put(ssh, "renamed.xml", statement(1))
    assert fetch(server) == (0, None)
    assert exchanges(server) == before
    assert kept(ssh, "duplicates") == ["renamed.xml"]


def test_a_growing_file_and_unfinished_names_are_left_until_they_are_whole(server, ssh):
    content = statement(2)
    for name in ("b.xml.part", ".hidden.xml", "c.tmp"):
        put(ssh, name, b"unfinished")
    path = put(ssh, "growing.xml", content[: len(content) // 2])
    before = exchanges(server)
    stop = threading.Event()

    def grow():
        # Slower than the file is long: it is never whole while it is looked at. Its time is kept old on purpose.
        position = len(content) // 2
        while not stop.wait(0.2):
            with path.open("ab") as stream:
                stream.write(content[position : position + 1])
            position += 1
            os.utime(path, (1_700_000_000, 1_700_000_000))

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        assert fetch(server) == (0, None)
    finally:
        stop.set()
        writer.join()
    assert exchanges(server) == before
    assert path.exists()
    put(ssh, "growing.xml", content)
    assert fetch(server) == (0, None)
    server.wait_for(lambda: booked(server) == 2, "the line")
    assert sorted(path.name for path in ssh.folder.iterdir() if path.is_file()) == [
        ".hidden.xml",
        "b.xml.part",
        "c.tmp",
    ]


def test_killed_between_storing_and_archiving_books_once_and_loses_nothing(server, ssh):
    before = exchanges(server)
    put(ssh, "killed.xml", statement(3))
    # The first word to the bank after the commit is that of the archiving: it never gets there.
    relay = Relay(ssh.port, holds=lambda: exchanges(server) > before)
    point_to(server, ssh.address.replace(str(ssh.port), str(relay.port)))
    feeds = server.rpc().env["bank.statement.feed"]
    feeds.browse(feeds.search([])).action_fetch_now()
    server.wait_for(relay.held.is_set, "the commit, before the archiving")
    server.kill()
    relay.close()
    assert exchanges(server) == before + 1
    assert (ssh.folder / "killed.xml").exists()
    point_to(server, ssh.address)
    server.start()
    fetch(server)
    server.wait_for(lambda: booked(server) == 3, "the line")
    assert exchanges(server) == before + 1
    assert "killed.xml" in kept(ssh, "duplicates")
    assert not (ssh.folder / "killed.xml").exists()


def test_another_server_behind_the_same_address_is_refused(server, ssh):
    put(ssh, "d.xml", statement(4))
    ssh.stop()
    ssh.new_host_key()
    ssh.start()
    before = exchanges(server)
    failures, error = fetch(server)
    assert failures == 1
    assert "another key than before" in error
    assert exchanges(server) == before
    assert (ssh.folder / "d.xml").exists()
    [(summary, next_step)] = server.sql(
        "SELECT summary, next_step FROM finance_exception WHERE state = 'open'"
    )
    assert "another key" in summary
    assert "Ask the bank" in next_step


def test_log_has_no_warning(server):
    """Last in the file: the runs above left nothing in the log but the queue's word on the worker that was killed."""
    assert [line for line in server.bad_lines() if "Re-queued dead job" not in line] == []
