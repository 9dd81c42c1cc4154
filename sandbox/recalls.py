"""Recalls of payment files: ISO 20022 camt.055 in, camt.029 out.

What was not executed is cancelled. What was executed is for the recipient to decide: the bank says that it is pending,
and on the next business day how it ended.
"""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from datetime import datetime, time

from sandbox.bookings import next_business_day
from sandbox.router import ProblemError, refusal

MARK = b":tech:xsd:camt.055."
_DECIDED = time(11)
_ANSWER = "urn:iso:std:iso:20022:tech:xsd:camt.029.001.09"


@dataclass
class Case:
    """One recall that the bank took.

    :ivar answers: status and reason of each payment that it names, by end-to-end identification.
    :ivar told: what the bank said last.
    """

    case_id: str
    message_id: str
    account: str
    decides_at: datetime
    answers: dict = field(default_factory=dict)
    told: dict = field(default_factory=dict)

    def has_news(self):
        """Return whether the bank has something to say that it has not said."""
        return bool(self.answers) and self.answers != self.told

    def answer(self, now):
        """Say what there is to say.

        :return: the camt.029
        :rtype: bytes
        """
        self.told = dict(self.answers)
        return _camt029(self, now)


class Recalls:
    """Takes recalls of what the bank holds.

    :param payments: the bank's payments.
    """

    def __init__(self, world, payments):
        self._world = world
        self._payments = payments
        self.cases = {}

    def take(self, content):
        """Take a camt.055; one that came before changes nothing.

        :raise ProblemError: it cannot be read, or its order is not here.
        """
        try:
            root = ElementTree.fromstring(content)  # noqa: S314 - the sandbox reads its own customers' files
        except ElementTree.ParseError as error:
            raise ProblemError(refusal(400, f"The file is not XML: {error}.")) from error
        space = {"c": root.tag.partition("}")[0].strip("{")}

        def text(element, path):
            return (element.findtext(path, default="", namespaces=space) or "").strip()

        case_id = text(root, ".//c:Assgnmt/c:Id")
        message_id = text(root, ".//c:OrgnlGrpInfAndCxl/c:OrgnlMsgId")
        held = {item.end_to_end_id: item for item in self._payments.of_message(message_id)}
        if not case_id or not held:
            raise ProblemError(refusal(404, f"The order {message_id} is not here."))
        if case_id in self.cases:
            return
        account = self._world.account(next(iter(held.values())).account)
        day = next_business_day(self._world.unreported_day(account, self._world.now.date()))
        case = self.cases[case_id] = Case(
            case_id=case_id,
            message_id=message_id,
            account=account.code,
            decides_at=datetime.combine(day, _DECIDED),
        )
        for payment in root.iterfind(".//c:TxInf", space):
            key = text(payment, "c:OrgnlEndToEndId")
            item = held.get(key)
            if item is None or item.decision != "silent":
                case.answers[key] = self._judge(item)

    def _judge(self, item):
        if item is None:
            return "RJCR", "NOOR"
        if item.status == "ACSC":
            return "PDCR", ""
        if item.status in ("RJCT", "CANC"):
            return "RJCR", "ARDT"
        item.status = "CANC"
        return "ACCR", ""

    def decide(self, now):
        """Let recipients decide what is due by ``now``."""
        for case in self.cases.values():
            if case.decides_at > now:
                continue
            pending = [key for key, (status, _reason) in case.answers.items() if status == "PDCR"]
            for item in self._payments.of_message(case.message_id):
                if item.end_to_end_id not in pending:
                    continue
                accepted = item.decision == "accept"
                if accepted:
                    self._payments.give_back(item, case.decides_at, "FOCR")
                case.answers[item.end_to_end_id] = ("ACCR", "") if accepted else ("RJCR", "CUST")


def _camt029(case, now):
    def node(parent, path, value=None):
        for name in path.split("/"):
            parent = ElementTree.SubElement(parent, name)
        parent.text = value
        return parent

    root = ElementTree.Element("Document", xmlns=_ANSWER)
    resolution = node(root, "RsltnOfInvstgtn")
    assignment = node(resolution, "Assgnmt")
    node(assignment, "Id", f"ROI-{case.case_id}-{now:%m%d%H%M}"[:35])
    node(assignment, "Assgnr/Agt/FinInstnId/Othr/Id", "SANDBOX")
    node(assignment, "Assgne/Pty/Nm", case.account)
    node(assignment, "CreDtTm", now.isoformat(timespec="seconds"))
    resolved = node(resolution, "RslvdCase")
    node(resolved, "Id", case.case_id)
    node(resolved, "Cretr/Pty/Nm", case.account)
    codes = {status for status, _reason in case.answers.values()}
    whole = {"ACCR": "CNCL"}.get(code := codes.pop(), code) if len(codes) == 1 else "PECR"
    node(resolution, "Sts/Conf", whole)
    details = node(resolution, "CxlDtls")
    original = node(details, "OrgnlGrpInfAndSts")
    node(original, "OrgnlMsgId", case.message_id)
    node(original, "OrgnlMsgNmId", "pain.001.001.09")
    group = node(details, "OrgnlPmtInfAndSts")
    node(group, "OrgnlPmtInfId", f"{case.message_id}-G1")
    for key, (status, reason) in case.answers.items():
        payment = node(group, "TxInfAndSts")
        node(payment, "OrgnlEndToEndId", key)
        node(payment, "TxCxlSts", status)
        if reason:
            node(payment, "CxlStsRsnInf/Rsn/Cd", reason)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
