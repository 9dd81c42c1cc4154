"""Berlin Group NextGenPSD2 1.3.11: payment initiation in JSON and pain.001, and what becomes of the payments.

A repeated ``X-Request-ID`` gets the first answer; an ``EndToEndId`` that the bank has seen is refused with AM05.
"""

import hashlib
import json
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time

from sandbox import money
from sandbox.bookings import Booking, bank_reference, next_business_day
from sandbox.nextgenpsd2 import problem
from sandbox.router import ProblemError, Response, json_response, refusal

#: How a recipient decides on a recall, by rule; ``silent``: the bank does not even answer.
DECISIONS = ("refuse", "accept", "silent")
OUTCOMES = ("accept", "reject", "return", "silent")
_ENDED = ("RJCT", "ACSC", "CANC")
#: Payments are executed at this time of their day.
_EXECUTION = time(14)


@dataclass
class Payment:
    """One instruction that the bank holds; ``amount`` in minor units."""

    account: str
    message_id: str
    instruction_id: str
    end_to_end_id: str
    amount: int
    currency: str
    creditor: str
    creditor_iban: str
    text: str
    day: date
    status: str = "ACSP"
    reason: str = ""
    outcome: str = "accept"
    decision: str = "refuse"


@dataclass
class Order:
    """One file that the bank took."""

    payment_id: str
    message_id: str
    request_id: str
    digest: str
    path: str
    payments: list = field(default_factory=list)
    silent: bool = False

    def status(self):
        codes = {item.status for item in self.payments}
        if self.silent:
            return "RCVD"
        if len(codes) == 1:
            return codes.pop()
        return "PART" if "RJCT" in codes else "ACSP"


class Payments:
    """Takes payment files and executes them by the bank's clock.

    :param world: its clock executes them.
    """

    def __init__(self, world, guard):
        self._world = world
        self._guard = guard
        self._orders = {}
        self._by_request = {}
        self._rules = []
        self._seen = set()
        world.on_clock.append(self.execute)

    def add_routes(self, router):
        """Offer ``/v1/payments``, ``/v1/bulk-payments``, ``/control/payments`` and ``/control/payment-rules``."""
        for service in ("payments", "bulk-payments"):
            home = f"/v1/{service}/{{product}}"
            self._guard.add(router, "POST", home, self._initiate)
            self._guard.add(router, "GET", f"{home}/{{payment}}/status", self._status)
            self._guard.add(router, "GET", f"{home}/{{payment}}", self._show)
            self._guard.add(router, "DELETE", f"{home}/{{payment}}", self._cancel)
        router.add("GET", "/control/payments", self._list)
        router.add("POST", "/control/payment-rules", self._add_rules)

    # === TAKING === #

    def _initiate(self, request):
        request_id = request.headers.get("X-Request-ID")
        digest = hashlib.sha256(request.body).hexdigest()
        known = self._by_request.get(request_id)
        if known:
            if known.digest != digest:
                raise problem(409, "STATUS_INVALID", "This X-Request-ID came with another content.")
            return self._taken(known)
        return self._taken(self.take(request.body, request_id, request.path))

    def take(self, content, request_id, path, payment_id=None):
        """Take a pain.001 file, or the JSON of the interface, by whatever way it came.

        :param bytes content: the file.
        :param str request_id: what a repetition of it is known by.
        :param str path: where it came in.
        :param str payment_id: what the bank called it before it forgot; None: a new one.
        :rtype: Order
        :raise ProblemError: nothing of it was taken.
        """
        read = self._read_json if content.lstrip().startswith(b"{") else self._read
        order = read(content, request_id, path)
        order.payment_id = payment_id or order.payment_id
        self._orders[order.payment_id] = self._by_request[request_id] = order
        return order

    def _read(self, content, request_id, path):
        digest = hashlib.sha256(content).hexdigest()
        try:
            root = ElementTree.fromstring(content)  # noqa: S314 - the sandbox reads its own customers' files
        except ElementTree.ParseError as error:
            raise problem(400, "FORMAT_ERROR", f"The file is not XML: {error}.") from error
        space = {"p": root.tag.partition("}")[0].strip("{")}

        def text(element, path):
            return (element.findtext(path, default="", namespaces=space) or "").strip()

        message_id = text(root, ".//p:GrpHdr/p:MsgId")
        if any(order.message_id == message_id for order in self._orders.values()):
            raise problem(400, "FORMAT_ERROR", f"The message {message_id} was sent before.")
        payments = []
        for group in root.findall(".//p:PmtInf", space):
            account = self._world.account(text(group, "p:DbtrAcct/p:Id/p:IBAN"))
            if account is None:
                raise problem(400, "RESOURCE_UNKNOWN", "The debtor account is not with this bank.")
            day = text(group, "p:ReqdExctnDt/p:Dt") or text(group, "p:ReqdExctnDt")
            for item in group.findall("p:CdtTrfTxInf", space):
                amount = item.find(".//p:InstdAmt", space)
                payments.append(
                    self._judge(
                        Payment(
                            account=account.code,
                            message_id=message_id,
                            instruction_id=text(item, "p:PmtId/p:InstrId"),
                            end_to_end_id=text(item, "p:PmtId/p:EndToEndId"),
                            amount=money.to_minor(amount.text),
                            currency=amount.get("Ccy"),
                            creditor=text(item, "p:Cdtr/p:Nm"),
                            creditor_iban=text(item, "p:CdtrAcct/p:Id/p:IBAN"),
                            text=text(item, ".//p:Ustrd") or text(item, ".//p:Strd//p:Ref"),
                            day=date.fromisoformat(day),
                        )
                    )
                )
        return self._order(message_id, request_id, digest, path, payments)

    def _read_json(self, content, request_id, path):
        try:
            body = json.loads(content)
            account = self._world.account(body["debtorAccount"]["iban"])
            if account is None:
                raise problem(400, "RESOURCE_UNKNOWN", "The debtor account is not with this bank.")
            message_id = body.get("paymentInformationId", request_id)
            payments = [
                self._judge(
                    Payment(
                        account=account.code,
                        message_id=message_id,
                        instruction_id=item.get("instructionIdentification", ""),
                        end_to_end_id=item["endToEndIdentification"],
                        amount=money.to_minor(item["instructedAmount"]["amount"]),
                        currency=item["instructedAmount"]["currency"],
                        creditor=item["creditorName"],
                        creditor_iban=item["creditorAccount"]["iban"],
                        text=item.get("remittanceInformationUnstructured", ""),
                        day=date.fromisoformat(body["requestedExecutionDate"]),
                    )
                )
                for item in body.get("payments", [body])
            ]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise problem(400, "FORMAT_ERROR", f"The JSON is not complete: {error}.") from error
        return self._order(
            message_id, request_id, hashlib.sha256(content).hexdigest(), path, payments
        )

    def _order(self, message_id, request_id, digest, path, payments):
        if not payments:
            raise problem(400, "FORMAT_ERROR", "The file has no payments.")
        return Order(
            payment_id=self._world.serial("payment", length=24),
            message_id=message_id,
            request_id=request_id,
            digest=digest,
            path=path,
            payments=payments,
            silent=any(item.outcome == "silent" for item in payments),
        )

    def _judge(self, payment):
        if payment.end_to_end_id in self._seen:
            return replace(payment, status="RJCT", reason="AM05")
        self._seen.add(payment.end_to_end_id)
        for rule in self._rules:
            if rule["creditor_iban"] == payment.creditor_iban and rule["count"] != 0:
                if rule["count"] is not None:
                    rule["count"] -= 1
                rejected = rule["outcome"] == "reject"
                return replace(
                    payment,
                    outcome=rule["outcome"],
                    decision=rule["recall"],
                    status="RJCT" if rejected else "ACSP",
                    reason=rule["reason"] if rule["outcome"] in ("reject", "return") else "",
                )
        return payment

    def _taken(self, order):
        home = f"{order.path}/{order.payment_id}"
        return json_response(
            201,
            {
                "transactionStatus": order.status(),
                "paymentId": order.payment_id,
                "_links": {"self": {"href": home}, "status": {"href": f"{home}/status"}},
            },
        )

    # === TELLING === #

    def _status(self, request):
        order = self._held(request)
        if "xml" in request.headers.get("Accept", ""):
            return Response(
                200, pain002(order, self._world.now), {"Content-Type": "application/xml"}
            )
        return json_response(200, {"transactionStatus": order.status()})

    def _show(self, request):
        """Return the payments of an order with the status of each."""
        order = self._held(request)
        payments = [
            {
                "endToEndIdentification": item.end_to_end_id,
                "instructedAmount": {
                    "amount": money.to_text(item.amount),
                    "currency": item.currency,
                },
                "transactionStatus": item.status,
            }
            for item in order.payments
        ]
        return json_response(
            200,
            {
                "transactionStatus": order.status(),
                "payments": [] if order.silent else payments,
            },
        )

    def _cancel(self, request):
        """Cancel what was not executed yet, at once and without an authorisation of its own (section 5.7)."""
        order = self._held(request)
        if any(item.status in _ENDED for item in order.payments):
            raise problem(405, "CANCELLATION_INVALID", "A payment of it was executed or refused.")
        order.payments = [replace(item, status="CANC") for item in order.payments]
        return Response(204)

    def _held(self, request):
        order = self._orders.get(request.params["payment"])
        if order is None:
            raise problem(404, "RESOURCE_UNKNOWN", "No such payment.")
        return order

    def _list(self, request):
        return json_response(
            200,
            {
                "orders": len(self._orders),
                "payments": [
                    {
                        "message_id": item.message_id,
                        "end_to_end_id": item.end_to_end_id,
                        "account": item.account,
                        "amount": money.to_text(item.amount),
                        "currency": item.currency,
                        "creditor": item.creditor,
                        "creditor_iban": item.creditor_iban,
                        "status": item.status,
                        "outcome": item.outcome,
                        "reason": item.reason,
                    }
                    for order in self._orders.values()
                    for item in order.payments
                ],
            },
        )

    def _add_rules(self, request):
        rules = request.json(list)
        for rule in rules:
            if rule.get("outcome") not in OUTCOMES or not rule.get("creditor_iban"):
                raise ProblemError(
                    refusal(400, f"creditor_iban, and outcome: one of {', '.join(OUTCOMES)}")
                )
            if rule.get("recall", "refuse") not in DECISIONS:
                raise ProblemError(refusal(400, f"recall: one of {', '.join(DECISIONS)}"))
            self._rules.append(
                {
                    "creditor_iban": rule["creditor_iban"],
                    "outcome": rule["outcome"],
                    "reason": rule.get("reason", "AC04"),
                    "count": rule.get("count"),
                    "recall": rule.get("recall", "refuse"),
                }
            )
        return json_response(201, {"rules": len(self._rules)})

    # === EXECUTING === #

    def execute(self, now):
        """Book what is due by ``now``; called whenever the clock moves."""
        for order in self._orders.values():
            for item in order.payments:
                if item.status in _ENDED:
                    continue
                account = self._world.account(item.account)
                due = datetime.combine(self._world.unreported_day(account, item.day), _EXECUTION)
                if due > now:
                    continue
                item.status = "ACSC"
                self._book(item, -item.amount, due, f"Payment {item.text}", "PMNT-ICDT-ESCT")
                if item.outcome == "return":
                    back = datetime.combine(next_business_day(due.date()), _EXECUTION)
                    self.give_back(item, back, item.reason)

    def give_back(self, item, moment, reason):
        """Book an executed payment's money back.

        :param str reason: why, as a code.
        """
        self._book(item, item.amount, moment, f"Return {reason} {item.text}", "PMNT-ICDT-RRTN")

    def of_message(self, message_id):
        """Return the payments of the order that was sent with this message identification."""
        return [
            item
            for order in self._orders.values()
            if order.message_id == message_id
            for item in order.payments
        ]

    def _book(self, item, amount, moment, text, code):
        identification = self._world.serial(f"payment/{item.account}")
        self._world.add(
            Booking(
                account=item.account,
                transaction_id=identification,
                entry_reference=bank_reference(moment.date(), identification[::-1]),
                kind="payment" if amount < 0 else "payment_return",
                amount=amount,
                text=text,
                party=item.creditor,
                party_iban=item.creditor_iban,
                code=code,
                booking_date=moment.date(),
                value_date=moment.date(),
                statement_date=moment.date(),
                announced_at=moment,
                booked_at=moment,
                end_to_end_id=item.end_to_end_id,
            )
        )


def pain002(order, now):
    """Return the status report of ``order`` as pain.002.001.10."""
    space = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"

    def node(parent, path, value=None, **attributes):
        for name in path.split("/"):
            parent = ElementTree.SubElement(parent, name)
        parent.text = value
        parent.attrib.update(attributes)
        return parent

    root = ElementTree.Element("Document", xmlns=space)
    report = node(root, "CstmrPmtStsRpt")
    header = node(report, "GrpHdr")
    node(header, "MsgId", f"STS-{order.message_id}")
    node(header, "CreDtTm", now.isoformat(timespec="seconds"))
    group = node(report, "OrgnlGrpInfAndSts")
    node(group, "OrgnlMsgId", order.message_id)
    node(group, "OrgnlMsgNmId", "pain.001.001.09")
    node(group, "GrpSts", order.status())
    if order.silent:
        return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    information = node(report, "OrgnlPmtInfAndSts")
    node(information, "OrgnlPmtInfId", f"{order.message_id}-G1")
    for item in order.payments:
        status = node(information, "TxInfAndSts")
        node(status, "OrgnlInstrId", item.instruction_id)
        node(status, "OrgnlEndToEndId", item.end_to_end_id)
        node(status, "TxSts", item.status)
        if item.reason and item.status == "RJCT":
            node(status, "StsRsnInf/Rsn/Cd", item.reason)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
