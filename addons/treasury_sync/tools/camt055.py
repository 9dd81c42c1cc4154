"""Customer payment cancellation request, ISO 20022 camt.055: a recall as a file, with each payment named.

The versions are those that banks ask for: .05 is that of the German banks (DFÜ-Abkommen, Anlage 3), .08 belongs to the
2019 edition (pain.001.001.09) that CGI builds on, .09 to its successor.
https://www.iso20022.org/catalogue-messages/iso-20022-messages-archive?search=camt.055
"""

from functools import partial

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

    def content(self, recall):
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
        order = recall.order
        creator = self.party("Pty", order.initiator, address=False)
        assignment = self.element(
            "Assgnmt",
            self.text("Id", recall.case_id),
            self.element("Assgnr", creator),
            self.element("Assgne", self.agent("Agt", recall.agent, required=True)),
            self.moment("CreDtTm", recall.created_at),
        )
        case = self.element("Case", self.text("Id", recall.case_id), self.element("Cretr", creator))
        original = self.element(
            "OrgnlGrpInfAndCxl",
            self.text("OrgnlMsgId", order.message_id),
            self.text("OrgnlMsgNmId", recall.order_format),
            self.moment("OrgnlCreDtTm", order.created_at),
        )
        return [
            assignment,
            case,
            self.element("CtrlData", self.totals(chosen)),
            self.element(
                "Undrlyg",
                original,
                *(self._group(recall, group, items) for group, items in groups if items),
            ),
        ]

    def _group(self, recall, group, items):
        return self.element(
            "OrgnlPmtInfAndCxl",
            self.text("OrgnlPmtInfId", group.group_id),
            self.totals(items),
            self.payments("TxInf", items, partial(self._columns, recall, group, items)),
        )

    def _columns(self, recall, group, items):
        known = self.version.modern or recall.reason in _CLOSED_REASONS
        reason = self.element("Rsn", self.text("Cd" if known else "Prtry", recall.reason))
        notes = self.fitted("CxlRsnInf", "AddtlInf", [recall.note or None] * len(items), _NOTE)
        return (
            self.texts("OrgnlInstrId", [item.instruction_id for item in items]),
            self.texts("OrgnlEndToEndId", [item.end_to_end_id for item in items]),
            self.uetrs("OrgnlUETR", items),
            self.amounts(items, "OrgnlInstdAmt"),
            [self._day(recall, group)] * len(items),
            self.elements("CxlRsnInf", [reason] * len(items), notes),
        )

    def _day(self, recall, group):
        day = group.requested_date.isoformat()
        if recall.order.kind == DIRECT_DEBIT:
            return self.text("OrgnlReqdColltnDt", day)
        if self.version.modern:
            return self.element("OrgnlReqdExctnDt", self.text("Dt", day))
        return self.text("OrgnlReqdExctnDt", day)
