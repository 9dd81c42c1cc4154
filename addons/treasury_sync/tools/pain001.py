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

    def group(self, group):
        head, kind = self.group_head(group, "TRF")
        day = group.requested_date.isoformat()
        return self.element(
            "PmtInf",
            head,
            self.element("PmtTpInf", kind) if kind else "",
            self.element("ReqdExctnDt", self.text("Dt", day) if self.version.modern else day),
            self.party("Dbtr", group.party),
            self.account("DbtrAcct", group.account),
            self.agent("DbtrAgt", group.account.agent, required=True),
            self.charge_bearer(group),
            *(self._transaction(group, instruction) for instruction in group.instructions),
        )

    def _transaction(self, group, instruction):
        return self.element(
            "CdtTrfTxInf",
            self.payment_id(instruction),
            self.element("Amt", self.amount(instruction)),
            self.charge_bearer(group, instruction),
            self.agent("CdtrAgt", instruction.account.agent),
            self.party("Cdtr", instruction.party),
            self.account("CdtrAcct", instruction.account),
            self.party("UltmtCdtr", instruction.ultimate_party),
            self.code("Purp", instruction.purpose),
            self.remittance(instruction),
        )


FORMATS = offer(
    CreditTransferWriter,
    Version("pain.001.001.03", modern=False),
    Version("pain.001.001.09", modern=True),
    Version("pain.001.001.11", modern=True),
)
