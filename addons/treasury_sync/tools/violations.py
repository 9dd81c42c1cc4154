"""What is wrong with a payment file, for whoever puts it right: where, what is there, which rule, what to do."""

from dataclasses import asdict, dataclass

from odoo.addons.finance_connector_base.tools.errors import BusinessError

_TOLD = 5
_KEPT = 100


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One rule that a file breaks.

    :ivar tag: where: names of the elements, e.g. ``CdtTrfTxInf/Cdtr/Nm``, or of a field of a flat file.
    :ivar value: what stands there; empty where something is missing.
    :ivar rule: what the format or the bank's profile wants.
    :ivar remedy: what the person can do.
    :ivar subject: the payment it is about, empty for what concerns the whole file.
    """

    tag: str
    value: str
    rule: str
    remedy: str
    subject: str = ""

    @property
    def words(self):
        value = f"“{self.value[:70]}”" if self.value else "nothing"
        where = f"{self.subject}: " if self.subject else ""
        return f"{where}{self.tag} is {value}. {self.rule} {self.remedy}"


def refuse(violations):
    """Raise what ``violations`` say, if there are any.

    :param list[Violation] violations: in the order of the file.
    :raise BusinessError: ``payment_file_invalid``; the first ones in its words, a hundred in its evidence.
    """
    if not violations:
        return
    told = "\n".join(f"• {violation.words}" for violation in violations[:_TOLD])
    more = len(violations) - _TOLD
    if more > 0:
        told += f"\n• and {more} more."
    raise BusinessError(
        "payment_file_invalid",
        f"The bank would refuse this file:\n{told}",
        next_step="Correct what is named and generate the file again. Nothing was approved or sent.",
        evidence={
            "violations": [asdict(violation) for violation in violations[:_KEPT]],
            "count": len(violations),
        },
    )
