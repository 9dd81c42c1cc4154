"""Recalls as files over a real SFTP server to a bank that answers with camt.029: cancelled, refused, and silence."""

import os
import time

import pytest
from payment_world import SETUP, SFTP

from lib.sshd import SshServer
from sandbox.server import SandboxServer

VENDOR = "FR7630006000011234567890189"
REPORTS = """
channel = env["treasury.payment.channel"].search([("interface_id", "=", {interface_id})])
channel.recall_format = "camt.055.001.08"
payments = channel.interface_id.connection_id
answers = payments.copy({{"name": "Answers", "endpoint": {address!r}, "host_key": payments.host_key}})
env["finance.credential"].create({{
    "name": "Key", "connection_id": answers.id, "kind": "private_key", "secret": {private_key!r}}})
channel.report_connection_ids = answers
interface = env["finance.interface"].create({{
    "name": "Reports", "code": "e2e.reports", "handler": "payment_report", "connection_id": answers.id,
    "company_id": env.company.id}})
interface._go_live("Needed by a test.")
env["bank.statement.feed"].create({{
    "name": "Answers", "kind": "files", "interface_id": interface.id, "next_run_at": "2099-01-01",
    "interval_minutes": 100_000}})
"""
APPROVE = """
order = env["treasury.payment.order"].browse({order_id})
for login in ("alma", "bert"):
    order.with_user(env["res.users"].search([("login", "=", login)]))._approve(order.digest)
"""
RECALL = """
order = env["treasury.payment.order"].browse({order_id})
users = {{login: env["res.users"].search([("login", "=", login)]) for login in ("pia", "alma", "bert")}}
recall = env["treasury.payment.recall"].with_user(users["pia"])._request(
    order.with_user(users["pia"]), order._live(), "DUPL", "Paid twice")
for login in ("alma", "bert"):
    recall.with_user(users[login])._approve()
print(recall.case_ref)
"""


class World:
    """One Odoo, an SSH server, and the bank that takes what lies there."""

    def __init__(self, server, sandbox, ssh):
        self.server, self.sandbox, self.ssh = server, sandbox, ssh
        self.inbox = ssh.folder / "payments"
        (self.inbox / "answers").mkdir(parents=True)
        [account] = [
            item
            for item in sandbox.control("GET", "/control/world")["accounts"]
            if item["code"] == "nordhafen-eur"
        ]
        printed = server.shell(
            SETUP.format(account=account, url="http://127.0.0.1:1", count=3, approved=0)
        )
        interface_id, *self.order_ids = map(int, printed.split())
        server.shell(
            SFTP.format(
                address=ssh.address,
                host_key=f"ssh-ed25519 {ssh.fingerprint}",
                private_key=ssh.private_key,
                interface_id=interface_id,
                outbox="payments",
            )
        )
        server.shell(
            REPORTS.format(
                interface_id=interface_id,
                address=f"{ssh.address.rstrip('/')}/payments/answers",
                private_key=ssh.private_key,
            )
        )

    def send(self, number):
        """Let two approve an order, and the bank take its file."""
        self.server.shell(APPROVE.format(order_id=self.order_ids[number]))
        self.server.wait_for(lambda: self.payment(number) == "transmitted", "the payment file")
        self.collect()

    def recall(self, number):
        """Let two approve a recall of an order, and the bank take its file.

        :return: the case
        """
        case = self.server.shell(RECALL.format(order_id=self.order_ids[number]))
        self.server.wait_for(lambda: self.recalled(number) == "sent", "the recall")
        assert (self.inbox / f"{case}.xml").exists()
        self.collect()
        return case

    def collect(self):
        taken = self.sandbox.control("POST", "/control/payment-files")
        assert not taken["refused"]
        self.hear()

    def hear(self):
        """Pick up what the bank put there, by a fetch that begins after it did."""
        self.server.wait_for(
            lambda: (
                not self.server.sql(
                    """SELECT id FROM queue_job WHERE model_name = 'bank.statement.feed'
                      AND state NOT IN ('done', 'failed', 'cancelled')"""
                )
            ),
            "the fetch before",
        )
        old = time.time() - 60
        for path in (self.inbox / "answers").glob("*.xml"):
            os.utime(path, (old, old))
        feeds = self.server.rpc().env["bank.statement.feed"]
        feeds.browse(feeds.search([])).action_fetch_now()

    def payment(self, number):
        return self.one(
            "SELECT state FROM treasury_payment_instruction WHERE order_id = %s AND state != 'cancelled'",
            number,
        )

    def recalled(self, number):
        return self.one("SELECT state FROM treasury_payment_recall WHERE order_id = %s", number)

    def one(self, query, number):
        rows = self.server.sql(query, [self.order_ids[number]])
        return rows[0][0] if rows else None

    def wait(self, number, payment, recall):
        self.server.wait_for(
            lambda: (self.payment(number), self.recalled(number)) == (payment, recall),
            f"order {number} to be {payment}, its recall {recall}",
        )

    def held(self, number):
        message = self.one("SELECT message_ref FROM treasury_payment_order WHERE id = %s", number)
        payments = self.sandbox.control("GET", "/control/payments")["payments"]
        return [item["status"] for item in payments if item["message_id"] == message]


@pytest.fixture(scope="module")
def world(odoo_server, tmp_path_factory):
    with SshServer(tmp_path_factory.mktemp("ssh")) as ssh:
        ssh.folder.mkdir(exist_ok=True)
        with SandboxServer(seed=5, folder=ssh.folder) as sandbox:
            yield World(odoo_server("recall_files"), sandbox, ssh)


def test_recalled_before_its_day_it_is_cancelled_and_the_bill_is_open_again(world):
    world.send(0)
    world.recall(0)
    world.wait(0, "rejected", "accepted")
    assert world.held(0) == ["CANC"]
    [(residual,)] = world.server.sql(
        """SELECT m.amount_residual FROM account_move m JOIN treasury_payment_instruction i ON i.order_id = %s
             JOIN account_move__account_payment r ON r.payment_id = i.payment_id AND r.invoice_id = m.id""",
        [world.order_ids[0]],
    )
    assert residual > 0
    assert (
        world.server.sql(
            "SELECT state FROM finance_exception WHERE code = 'acknowledgement_overdue'"
        )
        == []
    )


def test_recalled_after_the_execution_it_is_pending_and_then_refused(world):
    world.send(1)
    world.sandbox.control("PUT", "/control/clock", {"advance_days": 10})
    world.hear()
    world.server.wait_for(lambda: world.payment(1) == "executed", "the execution")
    world.recall(1)
    world.server.wait_for(
        lambda: world.server.sql(
            "SELECT code FROM treasury_payment_recall_answer WHERE code = 'PDCR'"
        ),
        "the bank's word that it is pending",
    )
    assert (world.payment(1), world.recalled(1)) == ("executed", "sent")
    world.sandbox.control("PUT", "/control/clock", {"advance_days": 5})
    world.hear()
    world.wait(1, "executed", "refused")
    assert world.server.sql(
        "SELECT state FROM finance_exception WHERE code = 'payment_recall_refused'"
    ) == [("open",)]


def test_silence_leaves_the_payment_as_it_was(world):
    rule = {"creditor_iban": VENDOR, "outcome": "accept", "recall": "silent"}
    world.sandbox.control("POST", "/control/payment-rules", [rule])
    world.send(2)
    before = world.payment(2)
    case = world.recall(2)
    assert (world.inbox / "taken" / f"{case}.xml").exists()
    assert not list((world.inbox / "answers").glob(f"*{case}*"))
    world.server.wait_for(world.server.is_idle, "all that there is to do")
    assert world.recalled(2) == "sent"
    assert world.payment(2) in (before, "acknowledged")
