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

    def group(self, parent, group):
        element, kind = self.group_head(parent, group, "DD")
        sequences = {item.mandate.sequence for item in group.instructions if item.mandate}
        for sequence in sorted(sequences):
            # More than one breaks the schema, which says so: they belong in groups of their own.
            self.text(kind, "SeqTp", sequence)
        self.code(kind, "CtgyPurp", group.category_purpose)
        element.append(kind)
        self.text(element, "ReqdColltnDt", group.requested_date.isoformat())
        self.party(element, "Cdtr", group.party)
        self.account(element, "CdtrAcct", group.account)
        self.agent(element, "CdtrAgt", group.account.agent, required=True)
        if bearer := self.charge_bearer(group):
            self.text(element, "ChrgBr", bearer)
        if group.creditor_scheme_id:
            scheme = self.element(self.element(element, "CdtrSchmeId"), "Id")
            other = self.element(self.element(scheme, "PrvtId"), "Othr")
            self.text(other, "Id", group.creditor_scheme_id)
            self.text(self.element(other, "SchmeNm"), "Prtry", "SEPA")
        for instruction in group.instructions:
            self._transaction(element, group, instruction)

    def _transaction(self, parent, group, instruction):
        element = self.element(parent, "DrctDbtTxInf")
        self.payment_id(element, instruction)
        self.amount(element, instruction)
        if bearer := self.charge_bearer(group, instruction):
            self.text(element, "ChrgBr", bearer)
        if mandate := instruction.mandate:
            related = self.element(self.element(element, "DrctDbtTx"), "MndtRltdInf")
            self.text(related, "MndtId", mandate.reference)
            self.text(related, "DtOfSgntr", mandate.signed_on.isoformat())
        self.agent(element, "DbtrAgt", instruction.account.agent, required=True)
        self.party(element, "Dbtr", instruction.party)
        self.account(element, "DbtrAcct", instruction.account)
        self.party(element, "UltmtDbtr", instruction.ultimate_party)
        self.code(element, "Purp", instruction.purpose)
        self.remittance(element, instruction)


FORMATS = offer(
    DirectDebitWriter,
    Version("pain.008.001.02", modern=False),
    Version("pain.008.001.08", modern=True),
)
