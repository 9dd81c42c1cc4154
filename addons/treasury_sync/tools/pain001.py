"""Customer credit transfer initiation, ISO 20022 pain.001.001.03, .09 and .11, for every profile.

https://www.iso20022.org/catalogue-messages/iso-20022-messages-archive?search=pain.001
"""

from .documents import CREDIT_TRANSFER
from .payment_xml import PaymentWriter, Version, offer


class CreditTransferWriter(PaymentWriter):
    """A ``CstmrCdtTrfInitn``."""

    root_tag = "CstmrCdtTrfInitn"
    kind = CREDIT_TRANSFER
    label = "ISO 20022 credit transfer"

    def group(self, parent, group):
        element, kind = self.group_head(parent, group, "TRF")
        self.code(kind, "CtgyPurp", group.category_purpose)
        if len(kind):
            element.append(kind)
        date = self.element(element, "ReqdExctnDt")
        day = group.requested_date.isoformat()
        if self.version.modern:
            self.text(date, "Dt", day)
        else:
            date.text = day
        self.party(element, "Dbtr", group.party)
        self.account(element, "DbtrAcct", group.account)
        self.agent(element, "DbtrAgt", group.account.agent, required=True)
        if bearer := self.charge_bearer(group):
            self.text(element, "ChrgBr", bearer)
        for instruction in group.instructions:
            self._transaction(element, group, instruction)

    def _transaction(self, parent, group, instruction):
        element = self.element(parent, "CdtTrfTxInf")
        self.payment_id(element, instruction)
        self.amount(self.element(element, "Amt"), instruction)
        if bearer := self.charge_bearer(group, instruction):
            self.text(element, "ChrgBr", bearer)
        self.agent(element, "CdtrAgt", instruction.account.agent)
        self.party(element, "Cdtr", instruction.party)
        self.account(element, "CdtrAcct", instruction.account)
        self.party(element, "UltmtCdtr", instruction.ultimate_party)
        self.code(element, "Purp", instruction.purpose)
        self.remittance(element, instruction)


FORMATS = offer(
    CreditTransferWriter,
    Version("pain.001.001.03", modern=False),
    Version("pain.001.001.09", modern=True),
    Version("pain.001.001.11", modern=True),
)
