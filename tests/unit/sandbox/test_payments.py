"""Payments at the sandbox bank: taken once, executed by the clock, refused and returned by rule."""

import hashlib
import json
import uuid
from datetime import datetime

import pytest

from odoo.addons.treasury_sync.tools import camt029, payees, status_json

from sandbox.nextgenpsd2_payments import Payments
from sandbox.payees import Payees
from sandbox.payment_files import PaymentFiles
from sandbox.router import ProblemError
from sandbox.treasury_platform import TreasuryPlatform
from sandbox.world import World

FILE = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>
<GrpHdr><MsgId>{message}</MsgId></GrpHdr><PmtInf><PmtInfId>{message}-G1</PmtInfId>
<ReqdExctnDt><Dt>2026-11-23</Dt></ReqdExctnDt><DbtrAcct><Id><IBAN>{debtor}</IBAN></Id></DbtrAcct>{payments}
</PmtInf></CstmrCdtTrfInitn></Document>"""
ONE = """<CdtTrfTxInf><PmtId><InstrId>I{n}</InstrId><EndToEndId>{message}-E{n}</EndToEndId></PmtId>
<Amt><InstdAmt Ccy="EUR">{amount}</InstdAmt></Amt><Cdtr><Nm>Vendor {n}</Nm></Cdtr>
<CdtrAcct><Id><IBAN>FR{n}</IBAN></Id></CdtrAcct><RmtInf><Ustrd>Bill {n}</Ustrd></RmtInf></CdtTrfTxInf>"""


def order(world, message="M1", *amounts):
    account = world.account("nordhafen-eur")
    payments = "".join(
        ONE.format(n=number, message=message, amount=amount)
        for number, amount in enumerate(amounts or ("10.00", "20.00"), start=1)
    )
    return FILE.format(message=message, debtor=account.iban, payments=payments).encode()


class Request:
    def __init__(
        self,
        body=b"",
        request_id=None,
        path="/v1/bulk-payments/x",
        params=None,
        json=None,
        accept="",
    ):
        self.body = body
        self.path = path
        self.headers = {"X-Request-ID": request_id or str(uuid.uuid4()), "Accept": accept}
        self.params = params or {}
        self._json = json

    def json(self, _kind=dict):
        return self._json


@pytest.fixture
def world():
    return World(history_days=5)


@pytest.fixture
def payments(world):
    return Payments(world, guard=None)


def held(payments):
    return json.loads(payments._list(Request()).body)["payments"]


def test_file_is_taken_once_however_often_it_is_sent(world, payments):
    content, identification = order(world), str(uuid.uuid4())
    first = payments._initiate(Request(content, identification))
    again = payments._initiate(Request(content, identification))
    assert first.body == again.body
    assert len(held(payments)) == 2


def test_clock_executes_books_and_returns(world, payments):
    payments._add_rules(
        Request(
            json=[
                {"creditor_iban": "FR1", "outcome": "return"},
                {"creditor_iban": "FR2", "outcome": "reject", "reason": "AC01"},
            ]
        )
    )
    payments._initiate(Request(order(world, "M2", "10.00", "20.00", "30.00")))
    account = world.account("nordhafen-eur")
    before = world.balance(account)
    world.move_clock(world.now.replace(day=24, hour=20))
    assert [item["status"] for item in held(payments)] == ["ACSC", "RJCT", "ACSC"]
    booked = [item for item in world.booked(account) if item.end_to_end_id.startswith("M2")]
    assert [item.amount for item in booked] == [-1000, -3000, 1000]
    others = sum(
        item.amount
        for item in world.booked(account)
        if item.booked_at.day > 20 and item not in booked
    )
    assert world.balance(account) == before + others - 3000


# === FILES === #


@pytest.fixture
def bank(tmp_path):
    world = World(seed=3)
    files = PaymentFiles(world, tmp_path, Payments(world, guard=None))
    (tmp_path / "payments").mkdir()
    return world, files, tmp_path / "payments"


def put(folder, name, content, checksum=None):
    checksum = checksum or hashlib.sha256(content).hexdigest()
    (folder / f"{name}.sha256").write_text(f"{checksum}  {name}\n")
    (folder / name).write_bytes(content)


def reports(folder):
    return sorted(path.read_text() for path in (folder / "answers").glob("*.xml"))


def test_file_is_taken_and_each_news_reported(bank):
    world, files, folder = bank
    put(folder, "M1.xml", order(world))
    (folder / "M2.xml.part").write_bytes(b"half")
    files._collect(Request())
    assert sorted(path.name for path in (folder / "taken").iterdir()) == [
        "M1.xml",
        "M1.xml.sha256",
    ]
    [first] = reports(folder)
    assert first.count("ACSP") == 3
    world.move_clock(datetime(2026, 11, 24, 20))
    assert [text.count("ACSC") for text in reports(folder)] == [0, 3]
    world.move_clock(datetime(2026, 11, 25, 20))
    assert len(reports(folder)) == 2


def test_file_with_another_checksum_is_refused(bank):
    world, files, folder = bank
    put(folder, "M1.xml", order(world), checksum="0" * 64)
    files._collect(Request())
    assert (folder / "refused" / "M1.xml").exists()
    assert not (folder / "answers").exists()


def test_bank_that_was_started_anew_is_told_what_it_had(bank):
    world, files, folder = bank
    by_api = {"request_id": "r-1", "payment_id": "p-1"}
    files._remember(
        Request(
            json=[
                {"name": "M1.xml", "content": order(world).decode()},
                {"name": "M2.xml", "content": order(world, "M2").decode(), **by_api},
            ]
        )
    )
    again = files._payments._initiate(Request(order(world, "M2"), "r-1"))
    assert json.loads(again.body)["paymentId"] == "p-1"
    world.move_clock(datetime(2026, 11, 24, 20))
    # What it said before, and the news: of the file only, since it is asked about the other.
    assert [text.count("ACSC") for text in reports(folder)] == [0, 3]
    booked = world.all_bookings(world.account("nordhafen-eur"))
    assert sum(item.kind == "payment" for item in booked) == 4


RECALL = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.055.001.08"><CstmrPmtCxlReq>
<Assgnmt><Id>{case}</Id></Assgnmt><Undrlyg><OrgnlGrpInfAndCxl><OrgnlMsgId>{message}</OrgnlMsgId></OrgnlGrpInfAndCxl>
<OrgnlPmtInfAndCxl>{payments}</OrgnlPmtInfAndCxl></Undrlyg></CstmrPmtCxlReq></Document>"""


def recall(case, message, *numbers):
    payments = "".join(
        f"<TxInf><OrgnlEndToEndId>{message}-E{number}</OrgnlEndToEndId></TxInf>"
        for number in numbers
    )
    return RECALL.format(case=case, message=message, payments=payments).encode()


def answers(folder):
    """What the bank answered on each payment, one answer after the other."""
    found = []
    for path in sorted((folder / "answers").glob("camt029_*.xml")):
        [group] = camt029.read(path.read_bytes()).groups
        found.append({item.identification[-2:]: item.status for item in group.parts})
    return found


def test_recalled_before_its_day_it_is_cancelled_and_never_booked(bank):
    world, files, folder = bank
    put(folder, "M1.xml", order(world))
    files._collect(Request())
    put(folder, "R1.xml", recall("R1", "M1", 1, 9))
    files._collect(Request())
    assert answers(folder) == [{"E1": "ACCR", "E9": "RJCR"}]
    put(folder, "R1.xml", recall("R1", "M1", 1))
    files._collect(Request())
    assert len(answers(folder)) == 1, "the same case again is no news"
    world.move_clock(datetime(2026, 11, 24, 20))
    booked = world.booked(world.account("nordhafen-eur"))
    assert [item.amount for item in booked if item.end_to_end_id.startswith("M1")] == [-2000]


@pytest.mark.parametrize(
    ("decision", "last", "amounts"),
    [("refuse", "RJCR", [-1000]), ("accept", "ACCR", [-1000, 1000])],
)
def test_recalled_after_the_execution_the_recipient_decides(bank, decision, last, amounts):
    world, files, folder = bank
    rule = {"creditor_iban": "FR1", "outcome": "accept", "recall": decision}
    files._payments._add_rules(Request(json=[rule]))
    put(folder, "M1.xml", order(world, "M1", "10.00"))
    files._collect(Request())
    world.move_clock(datetime(2026, 11, 24, 20))
    put(folder, "R1.xml", recall("R1", "M1", 1))
    files._collect(Request())
    assert answers(folder) == [{"E1": "PDCR"}]
    world.move_clock(datetime(2026, 11, 27, 20))
    assert answers(folder) == [{"E1": "PDCR"}, {"E1": last}]
    booked = world.booked(world.account("nordhafen-eur"))
    assert [item.amount for item in booked if item.end_to_end_id.startswith("M1")] == amounts


def test_recall_of_what_is_not_here_is_refused_and_a_silent_bank_says_nothing(bank):
    world, files, folder = bank
    rule = {"creditor_iban": "FR1", "outcome": "accept", "recall": "silent"}
    files._payments._add_rules(Request(json=[rule]))
    put(folder, "M1.xml", order(world, "M1", "10.00"))
    files._collect(Request())
    put(folder, "R1.xml", recall("R1", "M1", 1))
    put(folder, "R2.xml", recall("R2", "M2", 1))
    files._collect(Request())
    assert (folder / "refused" / "R2.xml").exists()
    assert answers(folder) == []
    with pytest.raises(ProblemError):
        files._payments._add_rules(Request(json=[{**rule, "recall": "maybe"}]))


# === JSON, AND THE TREASURY PLATFORM === #


def json_body(world, *ids):
    account = world.account("nordhafen-eur")
    return json.dumps(
        {
            "debtorAccount": {"iban": account.iban},
            "requestedExecutionDate": "2026-11-23",
            "paymentInformationId": "M7",
            "payments": [
                {
                    "endToEndIdentification": each,
                    "instructedAmount": {"amount": "10.00", "currency": "EUR"},
                    "creditorName": "Vendor",
                    "creditorAccount": {"iban": f"FR{each}"},
                }
                for each in ids
            ],
        }
    ).encode()


def test_json_is_taken_shown_by_payment_and_cancelled(world, payments):
    payments._add_rules(Request(json=[{"creditor_iban": "FRE2", "outcome": "reject"}]))
    taken = json.loads(payments._initiate(Request(json_body(world, "E1", "E2"))).body)
    shown = json.loads(payments._show(Request(params={"payment": taken["paymentId"]})).body)
    assert shown["transactionStatus"] == "PART"
    assert [item["transactionStatus"] for item in shown["payments"]] == ["ACSP", "RJCT"]
    other = json.loads(payments._initiate(Request(json_body(world, "E3"))).body)
    assert payments._cancel(Request(params={"payment": other["paymentId"]})).status == 204
    assert [item["status"] for item in held(payments)] == ["ACSP", "RJCT", "CANC"]
    with pytest.raises(ProblemError):
        payments._cancel(Request(params={"payment": taken["paymentId"]}))


def test_platform_takes_an_order_once_and_never_other_bytes_under_its_key(world, payments):
    class OAuth:
        def check(self, _authorization):
            return None

    platform = TreasuryPlatform(world, OAuth(), payments)
    content = order(world)
    headers = {"Idempotency-Key": "M1", "X-Content-SHA256": hashlib.sha256(content).hexdigest()}

    def post(body=content, **changed):
        request = Request(body)
        request.headers = {**headers, **changed}
        return platform._take(request)

    with pytest.raises(ProblemError):
        platform._show(Request(params={"key": "M1"}))
    assert [post().status, post().status] == [201, 200]
    assert len(held(payments)) == 2
    other = order(world, "M2")
    with pytest.raises(ProblemError) as refused:
        post(other, **{"X-Content-SHA256": hashlib.sha256(other).hexdigest()})
    assert refused.value.response.status == 409
    report = json.loads(platform._show(Request(params={"key": "M1"})).body)
    assert report["original_message_id"] == "M1"
    assert status_json.read(json.dumps(report).encode()).groups[0].transactions[0].status == "ACSP"


# === PAYEES === #


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("vendor  sarl", {"partyNameMatch": "MTCH"}),
        ("Vendor SAR", {"partyNameMatch": "CMTC", "matchedName": "Vendor SARL"}),
        ("Somebody Else", {"partyNameMatch": "NMTC"}),
    ],
)
def test_bank_tells_whether_an_account_belongs_to_a_name(asked, answer):
    holders = Payees(guard=None)
    holders._tell(Request(json=[{"iban": "FR1", "name": "Vendor SARL"}]))

    def ask(iban):
        found = holders._verify(Request(json=json.loads(payees.request(asked, iban))))
        assert payees.read(found.body).code == json.loads(found.body)["partyNameMatch"]
        return json.loads(found.body)

    assert ask("FR1") == answer
    assert ask("FR2") == {"partyNameMatch": "NOAP"}
