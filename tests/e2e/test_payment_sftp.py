"""Payments over SFTP to a real OpenSSH server: whole or not there, once, also when a worker is killed half-way."""

import hashlib
import json

import pytest
from payment_world import SETUP, SFTP

from lib.sshd import SshServer
from sandbox.server import SandboxServer
from tests.relay import Relay

ORDERS = 4


@pytest.fixture(scope="module")
def ssh(tmp_path_factory):
    with SshServer(tmp_path_factory.mktemp("ssh")) as running:
        (running.folder / "outbox").mkdir()
        yield running


@pytest.fixture(scope="module")
def server(odoo_server, ssh):
    server = odoo_server("payment_sftp")
    with SandboxServer(seed=5) as sandbox:
        [account] = [
            item
            for item in sandbox.control("GET", "/control/world")["accounts"]
            if item["code"] == "nordhafen-eur"
        ]
    printed = server.shell(
        SETUP.format(account=account, url="http://127.0.0.1:1", count=ORDERS, approved=0)
    )
    server.interface_id, *server.order_ids = map(int, printed.split())
    server.shell(
        SFTP.format(
            address=ssh.address,
            host_key=f"ssh-ed25519 {ssh.fingerprint}",
            private_key=ssh.private_key,
            interface_id=server.interface_id,
            outbox="outbox",
        )
    )
    return server


def approve(server, number):
    """Let two people approve an order, which sends it.

    :return: name and bytes of its file
    """
    return tuple(
        json.loads(
            server.shell(
                f"""
import json
order = env["treasury.payment.order"].browse({server.order_ids[number]})
for login in ("alma", "bert"):
    user = env["res.users"].search([("login", "=", login)])
    order.with_user(user)._approve(order.digest)
file = order._file()
print(json.dumps([file.filename, file._content().decode()]))
"""
            )
        )
    )


def status(server, number):
    return server.sql(
        """SELECT o.state, e.work_status FROM treasury_payment_order o
             JOIN finance_exchange e ON e.id = o.exchange_id WHERE o.id = %s""",
        [server.order_ids[number]],
    )[0]


def point_to(server, port, ssh):
    server.sql(
        "UPDATE finance_connection SET endpoint = %s WHERE adapter = 'sftp'",
        [ssh.address.replace(str(ssh.port), str(port))],
    )


def outbox(ssh):
    return sorted(path.name for path in (ssh.folder / "outbox").iterdir())


@pytest.fixture(autouse=True)
def empty_outbox(server, ssh):
    """Whatever became of the test before, nothing of it lies there and the server is told the true address."""
    clear(ssh)
    point_to(server, ssh.port, ssh)


def clear(ssh):
    """The bank takes away what lies there."""
    for path in (ssh.folder / "outbox").iterdir():
        path.unlink()


def test_file_and_its_checksum_are_there_whole(server, ssh):
    name, content = approve(server, 0)
    server.wait_for(lambda: status(server, 0) == ("sent", "waiting"), "the file to be handed over")
    assert outbox(ssh) == [name, f"{name}.sha256"]
    assert (ssh.folder / "outbox" / name).read_text() == content
    told = (ssh.folder / "outbox" / f"{name}.sha256").read_text()
    assert told == f"{hashlib.sha256(content.encode()).hexdigest()}  {name}\n"
    clear(ssh)


def test_killed_before_the_rename_it_is_sent_again_and_lies_there_once(server, ssh):
    relay = Relay(
        ssh.port,
        # From the moment that the payment file is begun the server hears nothing more: the rename never gets there.
        holds=lambda: any(
            path.name.endswith(".xml.part") for path in (ssh.folder / "outbox").iterdir()
        ),
    )
    point_to(server, relay.port, ssh)
    name, content = approve(server, 1)
    server.wait_for(relay.held.is_set, "the upload to be under way")
    server.kill()
    relay.close()
    assert f"{name}.part" in outbox(ssh)
    assert name not in outbox(ssh)
    point_to(server, ssh.port, ssh)
    server.start()
    server.sweep()
    server.wait_for(lambda: status(server, 1) == ("sent", "waiting"), "the file to be handed over")
    assert outbox(ssh) == [name, f"{name}.sha256"]
    assert (ssh.folder / "outbox" / name).read_text() == content
    answers = server.sql(
        """SELECT a.kind, a.answer FROM finance_exchange_attempt a JOIN treasury_payment_order o
             ON o.exchange_id = a.exchange_id WHERE o.id = %s ORDER BY number""",
        [server.order_ids[1]],
    )
    assert ("status", "not_found") in answers, "it was asked for before it was sent again"
    clear(ssh)


def test_killed_after_the_rename_and_taken_away_it_is_never_sent_again(server, ssh):
    relay = Relay(
        ssh.port,
        # The file is there: its answer never comes back, and the bank takes it.
        holds=lambda: any(path.suffix == ".xml" for path in (ssh.folder / "outbox").iterdir()),
    )
    point_to(server, relay.port, ssh)
    name, _content = approve(server, 2)
    server.wait_for(lambda: name in outbox(ssh), "the rename")
    server.kill()
    relay.close()
    sent_before = status(server, 2)
    clear(ssh)
    point_to(server, ssh.port, ssh)
    server.start()
    server.sweep()

    def settled():
        state = status(server, 2)
        return state in (("approved", "exception"), ("sent", "waiting"))

    server.wait_for(settled, "the end of the questions")
    assert outbox(ssh) == [], f"sent again after {sent_before}"


def test_server_that_is_away_costs_nothing(server, ssh):
    ssh.stop()
    name, content = approve(server, 3)
    server.wait_for(lambda: status(server, 3) == ("approved", "retry"), "the first try")
    ssh.start()

    def handed_over():
        server.sweep()
        return status(server, 3) == ("sent", "waiting")

    server.wait_for(handed_over, "the file to be handed over")
    assert (ssh.folder / "outbox" / name).read_text() == content
