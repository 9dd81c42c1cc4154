import time
from pathlib import Path

from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.finance_connector_base.tools.errors import (
    BusinessError,
    FinalError,
    RetryableError,
    UnknownOutcomeError,
)
from odoo.addons.finance_connector_base.tools.schema import parse_json


class FinanceHandlerDummy(models.AbstractModel):
    """Takes JSON: ``{"amount": "1.00", "units": [{"key", "amount", "fail"}], ...}``.

    ``fail`` names an error of :func:`_fail`, raised in the step ``fail_in`` (``post`` by default).
    ``naive`` posts without looking whether it did before, which is for the engine to prevent.
    ``pause`` names a file: the step ``pause_in`` makes one with the suffix ``.reached`` and waits while it exists.
    ``checkpoint`` commits after each unit. ``unstorable`` leaves
    something behind that the database refuses when it is flushed.
    """

    _name = "finance.handler.dummy"
    _inherit = ["finance.handler"]
    _description = "Test handler, inbound"

    _handler_label = "Test, inbound"

    @api.model
    def _accepts_webhook(self, interface, headers, body):
        return b'"unwanted"' not in body

    @api.model
    def _digest_content(self, content):
        return content.strip()

    @api.model
    def _validate(self, exchange, content):
        document = parse_json(content)
        self._step("validate", document)
        return document

    @api.model
    def _transform(self, exchange, document):
        self._step("transform", document)
        return document

    @api.model
    def _post(self, exchange, prepared):
        self._step("before_post", prepared)
        posted = 0
        for unit in prepared.get("units") or [
            {"key": "all", "amount": prepared.get("amount", "0")}
        ]:
            if unit.get("fail") and not self.env["ir.config_parameter"].sudo().get_param(
                "finance.test.repaired"
            ):
                exchange._open_exception(
                    "unit_failed",
                    f"Unit {unit['key']} failed.",
                    unit_key=unit["key"],
                    evidence={"unit": unit["key"]},
                )
                continue
            posted += self._post_unit(exchange, unit, prepared.get("naive"))
            if prepared.get("checkpoint"):
                exchange._checkpoint()
                self._step(f"unit {unit['key']}", prepared)
        self._step("post", prepared)
        if prepared.get("unstorable"):
            self.env["finance.test.posting"].sudo().search(
                [("exchange_id", "=", exchange.id)]
            ).unit = False
        return {"posted": posted}

    @api.model
    def _post_together(self, exchanges, prepared):
        return [
            self._post(exchange, document)
            for exchange, document in zip(exchanges, prepared, strict=True)
        ]

    @api.model
    def _post_unit(self, exchange, unit, naive):
        postings = self.env["finance.test.posting"].sudo()
        same = [("exchange_id", "=", exchange.id), ("unit", "=", unit["key"])]
        if not naive and postings.search_count(same):
            return 0
        postings.create(
            {
                "exchange_id": exchange.id,
                "company_id": exchange.company_id.id,
                "unit": unit["key"],
                "amount": unit["amount"],
            }
        )
        return 1

    @api.model
    def _step(self, step, document):
        if document.get("pause_in") == step:
            barrier = Path(document["pause"])
            barrier.with_suffix(".reached").touch()
            while barrier.exists():
                time.sleep(0.05)
        if document.get("fail_in", "post") == step:
            _fail(self.env, document.get("fail"))


def _fail(env, kind):
    """Raise the error called ``kind``, once for all tries unless the parameter ``finance.test.repaired`` is set."""
    if not kind or env["ir.config_parameter"].sudo().get_param("finance.test.repaired"):
        return
    if kind == "sql":
        env.cr.execute("SELECT 1 / 0", log_exceptions=False)
    raise {
        "retryable": RetryableError("Not now."),
        "retry_after": RetryableError("Not now.", retry_after=7200),
        "final": FinalError("Never.", code="final_error"),
        "business": BusinessError(
            "mapping_missing", "No mapping.", "Add one.", evidence={"code": "X"}
        ),
        "unknown": UnknownOutcomeError("Who knows."),
        "user": UserError(env._("The period is locked.")),
        "bug": KeyError("forgotten"),
    }[kind]
