"""Statements pushed over JSON-2 by an external caller: a bank file, and the canonical document of docs/api.md."""

import base64
import datetime
import json
import subprocess
from decimal import Decimal

import pytest

from tests.camt_writer import Line, daily_file

IBAN = "DE89370400440532013000"
DAY = datetime.date(2026, 3, 4)

SETUP = f"""
import datetime, json
company = env.company
env.ref("base.EUR").active = True
company.currency_id = env.ref("base.EUR")
account = env["res.partner.bank"].create({{"acc_number": {IBAN!r}, "partner_id": company.partner_id.id}})
journal = env["account.journal"].create({{
    "name": "Bank", "code": "E2EB", "type": "bank", "bank_account_id": account.id}})
caller = env["res.users"].create({{
    "name": "erp", "login": "erp", "company_id": company.id, "company_ids": [(6, 0, company.ids)],
    "group_ids": [(6, 0, [env.ref("finance_connector_base.group_finance_api").id])]}})
expires = datetime.datetime.now() + datetime.timedelta(days=2)
connection = env["finance.connection"].create({{
    "name": "ERP", "adapter": "upload", "environment": "sandbox", "company_id": company.id}})
interface = env["finance.interface"].create({{
    "name": "Statements of the ERP", "code": "erp.statement", "handler": "bank_statement",
    "connection_id": connection.id, "company_id": company.id, "api_user_ids": [(6, 0, caller.ids)]}})
interface._go_live("Needed by a test.")
print(json.dumps([caller.env(user=caller)["res.users.apikeys"]._generate("rpc", "Test", expires), journal.id]))
"""


@pytest.fixture(scope="module")
def server(odoo_server):
    running = odoo_server("api_statements")
    running.key, running.journal_id = json.loads(running.shell(SETUP).splitlines()[-1])
    return running


def call(server, method, **arguments):
    return server.json2(server.key, "finance.api", method, **arguments)


def submit(server, key, content, **options):
    answer = call(
        server,
        "submit",
        interface="erp.statement",
        idempotency_key=key,
        content=content,
        **options,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(server, reference):
    """Wait until the machine has nothing more to do with an exchange.

    :return: its status, and the answer of the interface
    """
    return server.wait_for(
        lambda: (
            (answer := call(server, "status", exchange=reference).json())["status"]
            in ("done", "exception")
            and answer
        ),
        f"the end of {reference}",
    )


def booked(server):
    return server.sql(
        "SELECT bank_booking_date, amount FROM account_bank_statement_line WHERE journal_id = %s ORDER BY id",
        [server.journal_id],
    )


def bank_file():
    line = Line(DAY, Decimal("5.00"), "Payment", reference="R1")
    return daily_file(IBAN, "EUR", [line], opening=Decimal("100.00"))


def canonical(day, amount, opening):
    text = day.isoformat()
    return {
        "schema_version": 1,
        "account": {"iban": IBAN, "currency": "EUR"},
        "statement_id": text,
        "opening": {"type": "OPBD", "amount": opening, "currency": "EUR", "date": text},
        "closing": {
            "type": "CLBD",
            "amount": str(Decimal(opening) + Decimal(amount)),
            "currency": "EUR",
            "date": text,
        },
        "transactions": [
            {
                "amount": amount,
                "currency": "EUR",
                "status": "booked",
                "booking_date": text,
                "remittance": ["Rent"],
                "account_servicer_ref": f"C{text}",
            }
        ],
    }


def test_file_as_base64_is_booked_once_however_often_it_is_submitted(server):
    content = base64.b64encode(bank_file()).decode()
    options = {"encoding": "base64", "content_type": "application/xml"}
    first = submit(server, "file-1", content, **options)
    assert ended(server, first["exchange"])["status"] == "done"
    again = submit(server, "file-1", content, **options)
    assert (again["exchange"], again["replayed"]) == (first["exchange"], True)
    assert again["result"]["lines"] == 1
    # Under another key the file is another exchange, and its bookings are known.
    other = submit(server, "file-1-once-more", content, **options)
    assert ended(server, other["exchange"])["result"]["lines"] == 0
    assert booked(server) == [(DAY, Decimal("5.00"))]


def test_canonical_document_by_curl_as_the_documentation_shows(server):
    day = DAY + datetime.timedelta(days=1)
    body = {
        "interface": "erp.statement",
        "idempotency_key": f"statement-{day}",
        "content": json.dumps(canonical(day, "-1.50", "105.00")),
    }
    done = subprocess.run(
        [
            "curl",
            "--silent",
            "--fail-with-body",
            f"{server.url}/json/2/finance.api/submit",
            "-H",
            f"Authorization: bearer {server.key}",
            "-H",
            "Content-Type: application/json",
            "-H",
            f"X-Odoo-Database: {server.name}",
            "-d",
            json.dumps(body),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    reference = json.loads(done.stdout)["exchange"]
    answer = ended(server, reference)
    assert (answer["status"], answer["result"]["lines"], answer["result"]["statements"]) == (
        "done",
        1,
        1,
    )
    assert booked(server)[-1] == (day, Decimal("-1.50"))


def test_document_that_would_have_to_be_guessed_is_an_exception_the_caller_reads(server):
    document = canonical(DAY, "1.00", "103.50")
    document["transactions"][0]["currency"] = "USD"
    reference = submit(server, "bad-1", json.dumps(document))["exchange"]
    assert ended(server, reference)["status"] == "exception"
    [exception] = call(server, "list_exceptions", filters={"exchange": reference}).json()[
        "exceptions"
    ]
    assert exception["code"] == "statement_format"
    assert "currencies" in exception["summary"]
    assert "new key" in exception["next_step"]
    assert len(booked(server)) == 2


def test_statement_that_does_not_continue_the_last_one_is_held(server):
    day = DAY + datetime.timedelta(days=5)
    reference = submit(server, "gap-1", json.dumps(canonical(day, "1.00", "999.00")))["exchange"]
    assert ended(server, reference)["status"] == "exception"
    [exception] = call(server, "list_exceptions", filters={"exchange": reference}).json()[
        "exceptions"
    ]
    assert exception["code"] == "statement_opening_break"
    assert len(booked(server)) == 2


def test_log_has_no_warning(server):
    """Last in the file."""
    assert server.bad_lines() == []
