"""Customer direct debit initiation, ISO 20022 pain.008.001.02 and .08, for every profile.

https://www.iso20022.org/catalogue-messages/iso-20022-messages-archive?search=pain.008
"""

from functools import partial

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
        bearer, bearers = self.charge_bearers(group)
        return self.element(
            "PmtInf",
            head,
            self.element("PmtTpInf", kind),
            self.text("ReqdColltnDt", group.requested_date.isoformat()),
            self.party("Cdtr", group.party),
            self.account("CdtrAcct", group.account),
            self.agent("CdtrAgt", group.account.agent, required=True),
            bearer,
            self._scheme(group.creditor_scheme_id) if group.creditor_scheme_id else "",
            self.payments(
                "DrctDbtTxInf",
                group.instructions,
                partial(self._columns, group.instructions, bearers),
            ),
        )

    def _scheme(self, identifier):
        scheme = self.element("SchmeNm", self.text("Prtry", "SEPA"))
        other = self.element("Othr", self.text("Id", identifier), scheme)
        return self.element("CdtrSchmeId", self.element("Id", self.element("PrvtId", other)))

    def _columns(self, instructions, bearers):
        accounts = [item.account for item in instructions]
        return (
            self.payment_ids(instructions),
            self.amounts(instructions),
            bearers,
            self._mandates([item.mandate for item in instructions]),
            self.agents("DbtrAgt", [account.agent for account in accounts], required=True),
            self.parties("Dbtr", [item.party for item in instructions]),
            self.accounts("DbtrAcct", accounts),
            self.parties("UltmtDbtr", [item.ultimate_party for item in instructions]),
            self.codes("Purp", [item.purpose for item in instructions]),
            self.remittances(instructions),
        )

    def _mandates(self, mandates):
        signed = [mandate and mandate.signed_on.isoformat() for mandate in mandates]
        related = self.elements(
            "MndtRltdInf",
            self.texts("MndtId", [mandate and mandate.reference for mandate in mandates]),
            self.texts("DtOfSgntr", signed),
        )
        return self.elements("DrctDbtTx", related)


FORMATS = offer(
    DirectDebitWriter,
    Version("pain.008.001.02", modern=False),
    Version("pain.008.001.08", modern=True),
)
