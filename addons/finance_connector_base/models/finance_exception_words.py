from odoo import api, fields, models
from odoo.tools.translate import get_translation

from odoo.addons.finance_connector_base.tools.errors import describe
from odoo.addons.finance_connector_base.tools.exception_codes import describe_code, known_codes


class FinanceException(models.Model):
    """What the catalogue says of an exception, in the language of whoever reads it."""

    _inherit = "finance.exception"

    title = fields.Char(compute="_compute_title", help="What the code means.")
    what_to_do = fields.Text(compute="_compute_what_to_do", help="The next step.")
    evidence_text = fields.Text(compute="_compute_evidence_text", string="Evidence in Words")

    # === COMPUTE METHODS === #

    @api.depends("code")
    @api.depends_context("lang")
    def _compute_title(self):
        for exception in self:
            exception.title = exception.code and self._title(exception.code)

    @api.depends("code", "next_step")
    @api.depends_context("lang")
    def _compute_what_to_do(self):
        for exception in self:
            # What was said of the very case is no text of the catalogue, and stays as it is.
            exception.what_to_do = exception.next_step and self._translated(
                describe_code(exception.code), exception.next_step
            )

    @api.depends("evidence")
    @api.depends_context("lang")
    def _compute_evidence_text(self):
        for exception in self:
            exception.evidence_text = "\n".join(
                f"{_called(name)}: {self._in_words(value)}"
                for name, value in (exception.evidence or {}).items()
                if value not in (None, "", [], {})
            )

    # === BUSINESS METHODS === #

    @api.model
    def _title(self, code):
        """:return: what a code is called
        :rtype: str
        """
        words = describe_code(code)
        return self._translated(words, words.title)

    @api.model
    def _in_words_of(self, error):
        """:param FinanceError error: that ends what a person does
        :return: what happened, and below it what to do next
        :rtype: str
        """
        report, words = describe(error), describe_code(error.code)
        next_step = report.next_step
        if not next_step and error.code in known_codes():
            next_step = words.next_step
        return f"{report.message}\n\n{self._translated(words, next_step)}".strip()

    @api.model
    def _in_words(self, value):
        if isinstance(value, bool):
            return self.env._("yes") if value else self.env._("no")
        if isinstance(value, dict):
            return "; ".join(
                f"{_called(name)}: {self._in_words(each)}" for name, each in value.items()
            )
        if isinstance(value, list):
            return ", ".join(self._in_words(each) for each in value)
        return "" if value is None else str(value)

    @api.model
    def _translated(self, words, text):
        return get_translation(words.addon, self.env.lang or "en_US", text, ())


def _called(name):
    return str(name).replace("_", " ").capitalize()
