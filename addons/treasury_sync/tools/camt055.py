"""Customer payment cancellation request, ISO 20022 camt.055: a recall as a file, with each payment named.

The versions are those that banks ask for: .05 is that of the German banks (DFÜ-Abkommen, Anlage 3), .08 belongs to the
2019 edition (pain.001.001.09) that CGI builds on, .09 to its successor.
https://www.iso20022.org/catalogue-messages/iso-20022-messages-archive?search=camt.055
"""

from odoo.addons.finance_connector_base.tools.errors import BusinessError

from . import profiles
from .documents import DIRECT_DEBIT
from .payment_xml import PaymentWriter, Version

_NOTE = 105
# CancellationReason5Code, which is closed; version .08 takes any code of the external list.
_CLOSED_REASONS = frozenset({"DUPL", "AGNT", "CURR", "CUST", "UPAY", "CUTA", "TECH", "FRAD"})


class _CancellationVersion(Version):
    bic = "BICFI"


VERSIONS = {
    version.code: version
    for version in (
        _CancellationVersion("camt.055.001.05", modern=False),
        _CancellationVersion("camt.055.001.08", modern=True),
        _CancellationVersion("camt.055.001.09", modern=True),
    )
}


def choices():
    """Return code and name of every version."""
    return [(code, f"ISO 20022 cancellation request ({code})") for code in VERSIONS]


def write(recall, code, profile):
    """Write a recall.

    :param Recall recall: what to ask for.
    :param str code: one of :data:`VERSIONS`.
    :param Profile profile: of the bank, for its characters.
    :rtype: bytes
    :raise BusinessError: ``payment_format_unknown``, ``payment_file_invalid``
    """
    if code not in VERSIONS:
        raise BusinessError(
            "payment_format_unknown",
            f"There is no format “{code}” for recalls.",
            next_step="Choose another one on the payment channel.",
        )
    rules = profiles.find(profile.code, profile.options)
    return _CancellationWriter(VERSIONS[code], rules).document(recall)


class _CancellationWriter(PaymentWriter):
    """A ``CstmrPmtCxlReq``."""

    root_tag = "CstmrPmtCxlReq"

    def content(self, request, recall):
        groups = [
            (
                group,
                [
                    item
                    for item in group.instructions
                    if item.end_to_end_id in recall.end_to_end_ids
                ],
            )
            for group in recall.order.groups
        ]
        chosen = [item for _group, items in groups for item in items]
        assignment = self.element(request, "Assgnmt")
        self.text(assignment, "Id", recall.case_id)
        self.party(self.element(assignment, "Assgnr"), "Pty", recall.order.initiator, address=False)
        self.agent(self.element(assignment, "Assgne"), "Agt", recall.agent, required=True)
        self.moment(assignment, "CreDtTm", recall.created_at)
        case = self.element(request, "Case")
        self.text(case, "Id", recall.case_id)
        self.party(self.element(case, "Cretr"), "Pty", recall.order.initiator, address=False)
        self.totals(self.element(request, "CtrlData"), chosen)
        underlying = self.element(request, "Undrlyg")
        original = self.element(underlying, "OrgnlGrpInfAndCxl")
        self.text(original, "OrgnlMsgId", recall.order.message_id)
        self.text(original, "OrgnlMsgNmId", recall.order_format)
        self.moment(original, "OrgnlCreDtTm", recall.order.created_at)
        for group, items in groups:
            if items:
                self._group(underlying, recall, group, items)

    def _group(self, parent, recall, group, items):
        element = self.element(parent, "OrgnlPmtInfAndCxl")
        self.text(element, "OrgnlPmtInfId", group.group_id)
        self.totals(element, items)
        for item in items:
            payment = self.element(element, "TxInf")
            self.text(payment, "OrgnlInstrId", item.instruction_id)
            self.text(payment, "OrgnlEndToEndId", item.end_to_end_id)
            if item.uetr and self.version.modern and self.rules.uetr:
                self.text(payment, "OrgnlUETR", item.uetr)
            self.amount(payment, item, "OrgnlInstdAmt")
            self._day(payment, recall, group)
            reason = self.element(payment, "CxlRsnInf")
            known = self.version.modern or recall.reason in _CLOSED_REASONS
            self.text(self.element(reason, "Rsn"), "Cd" if known else "Prtry", recall.reason)
            if recall.note:
                self.text(reason, "AddtlInf", self.fit("CxlRsnInf/AddtlInf", recall.note, _NOTE))

    def _day(self, parent, recall, group):
        day = group.requested_date.isoformat()
        if recall.order.kind == DIRECT_DEBIT:
            self.text(parent, "OrgnlReqdColltnDt", day)
        elif self.version.modern:
            self.text(self.element(parent, "OrgnlReqdExctnDt"), "Dt", day)
        else:
            self.text(parent, "OrgnlReqdExctnDt", day)
