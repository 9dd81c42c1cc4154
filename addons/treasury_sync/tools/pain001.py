"""Customer credit transfer initiation, ISO 20022 pain.001.001.03, .09 and .11, for every profile.

https://www.iso20022.org/catalogue-messages/iso-20022-messages-archive?search=pain.001
"""

from functools import partial

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
        bearer, bearers = self.charge_bearers(group)
        return self.element(
            "PmtInf",
            head,
            self.element("PmtTpInf", kind) if kind else "",
            self.element("ReqdExctnDt", self.text("Dt", day) if self.version.modern else day),
            self.party("Dbtr", group.party),
            self.account("DbtrAcct", group.account),
            self.agent("DbtrAgt", group.account.agent, required=True),
            bearer,
            self.payments(
                "CdtTrfTxInf",
                group.instructions,
                partial(self._columns, group.instructions, bearers),
            ),
        )

    def _columns(self, instructions, bearers):
        accounts = [item.account for item in instructions]
        return (
            self.payment_ids(instructions),
            self.elements("Amt", self.amounts(instructions)),
            bearers,
            self.agents("CdtrAgt", [account.agent for account in accounts]),
            self.parties("Cdtr", [item.party for item in instructions]),
            self.accounts("CdtrAcct", accounts),
            self.parties("UltmtCdtr", [item.ultimate_party for item in instructions]),
            self.codes("Purp", [item.purpose for item in instructions]),
            self.remittances(instructions),
        )


FORMATS = offer(
    CreditTransferWriter,
    Version("pain.001.001.03", modern=False),
    Version("pain.001.001.09", modern=True),
    Version("pain.001.001.11", modern=True),
)
