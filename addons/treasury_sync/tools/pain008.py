"""Customer direct debit initiation, ISO 20022 pain.008.001.02 and .08, for every profile.

https://www.iso20022.org/catalogue-messages/iso-20022-messages-archive?search=pain.008
"""

from .documents import DIRECT_DEBIT
from .payment_xml import PaymentWriter, Version, offer


class DirectDebitWriter(PaymentWriter):
    """A ``CstmrDrctDbtInitn``."""

    root_tag = "CstmrDrctDbtInitn"
    kind = DIRECT_DEBIT
    label = "ISO 20022 direct debit"

    def group(self, group):
        sequences = {item.mandate.sequence for item in group.instructions if item.mandate}
        # More than one breaks the schema, which says so: they belong in groups of their own.
        head, kind = self.group_head(
            group, "DD", *(self.text("SeqTp", sequence) for sequence in sorted(sequences))
        )
        return self.element(
            "PmtInf",
            head,
            self.element("PmtTpInf", kind),
            self.text("ReqdColltnDt", group.requested_date.isoformat()),
            self.party("Cdtr", group.party),
            self.account("CdtrAcct", group.account),
            self.agent("CdtrAgt", group.account.agent, required=True),
            self.charge_bearer(group),
            self._scheme(group.creditor_scheme_id) if group.creditor_scheme_id else "",
            *(self._transaction(group, instruction) for instruction in group.instructions),
        )

    def _scheme(self, identifier):
        scheme = self.element("SchmeNm", self.text("Prtry", "SEPA"))
        other = self.element("Othr", self.text("Id", identifier), scheme)
        return self.element("CdtrSchmeId", self.element("Id", self.element("PrvtId", other)))

    def _transaction(self, group, instruction):
        return self.element(
            "DrctDbtTxInf",
            self.payment_id(instruction),
            self.amount(instruction),
            self.charge_bearer(group, instruction),
            self._mandate(instruction.mandate) if instruction.mandate else "",
            self.agent("DbtrAgt", instruction.account.agent, required=True),
            self.party("Dbtr", instruction.party),
            self.account("DbtrAcct", instruction.account),
            self.party("UltmtDbtr", instruction.ultimate_party),
            self.code("Purp", instruction.purpose),
            self.remittance(instruction),
        )

    def _mandate(self, mandate):
        related = self.element(
            "MndtRltdInf",
            self.text("MndtId", mandate.reference),
            self.text("DtOfSgntr", mandate.signed_on.isoformat()),
        )
        return self.element("DrctDbtTx", related)


FORMATS = offer(
    DirectDebitWriter,
    Version("pain.008.001.02", modern=False),
    Version("pain.008.001.08", modern=True),
)
