"""Errors about a statement file or page as a whole; one bad record is a ``BadEntry`` instead."""

from __future__ import annotations

from odoo.addons.finance_connector_base.tools.errors import BusinessError, Severity

ASK_BANK_AGAIN = (
    "Nothing of it was imported. Ask the bank for the file again, or upload another copy; "
    "if it is refused again, send the bank the line and reason shown here."
)


class StatementFormatError(BusinessError):
    """The file or page is refused whole: it cannot be read without guessing.

    :param message: one sentence a finance person understands.
    :param line: line in the source, 1-based, or None when the reader cannot know it.
    :param tag: element or JSON path where reading stopped.
    :param reason: what is wrong there, in technical words.
    :param code: ``statement_format`` (damaged), ``statement_version`` (version not supported),
        ``statement_unknown`` (no known format), ``statement_empty`` (no statement in it).
    """

    def __init__(
        self,
        message: str,
        *,
        line: int | None = None,
        tag: str | None = None,
        reason: str = "",
        code: str = "statement_format",
        next_step: str = ASK_BANK_AGAIN,
        evidence: dict | None = None,
    ):
        details = {"line": line, "tag": tag, "reason": reason or None, **(evidence or {})}
        super().__init__(
            code,
            message,
            next_step=next_step,
            evidence={key: value for key, value in details.items() if value is not None},
            severity=Severity.HIGH,
        )
        self.line = line
        self.tag = tag
        self.reason = reason
