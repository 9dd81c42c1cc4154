import base64
import binascii

from odoo import api, models
from odoo.exceptions import AccessError

from odoo.addons.finance_connector_base.exceptions import FinanceApiError, FinanceApiNotFound

_CALLER_GROUP = "finance_connector_base.group_finance_api"
_MAX_BYTES_PARAMETER = "finance_connector_base.api_max_bytes"
_MAX_BYTES = 16 * 1024 * 1024
_EXCEPTION_FILTERS = {
    "interface": "exchange_id.interface_id.code",
    "exchange": "exchange_id.name",
    "kind": "kind",
    "code": "code",
    "severity": "severity",
    "state": "state",
}


class FinanceApi(models.AbstractModel):
    """What a caller may reach, and whether what it says can be understood."""

    _inherit = "finance.api"

    # === SCOPE === #

    @api.model
    def _interfaces(self):
        """What the caller may reach, as superuser and free of the caller's context: its keys (defaults, switches of the
        queue) would reach the engine otherwise. Companies chosen by ``allowed_company_ids`` narrow the answer.
        """
        self._check_group(_CALLER_GROUP)
        companies = self.env.companies & self.env.user.company_ids
        env = self.env(su=True, context={"lang": self.env.lang})
        return env["finance.interface"].search(
            [("api_user_ids", "=", self.env.uid), ("company_id", "in", companies.ids)]
        )

    @api.model
    def _find_interface(self, code):
        interfaces = self._interfaces()
        self._check_text("interface", code)
        found = interfaces.filtered(lambda interface: interface.code == code)
        if not found:
            raise FinanceApiNotFound(self.env._("interface: you have no interface %s.", code))
        if len(found) > 1:
            raise FinanceApiError(
                self.env._(
                    "interface: %s exists in several of your companies. Choose one by allowed_company_ids.",
                    code,
                )
            )
        return found

    @api.model
    def _find_exchange(self, reference):
        interfaces = self._interfaces()
        self._check_text("exchange", reference)
        found = interfaces.env["finance.exchange"].search(
            [("interface_id", "in", interfaces.ids), ("name", "=", reference)]
        )
        if not found:
            raise FinanceApiNotFound(self.env._("exchange: you have no exchange %s.", reference))
        return found

    @api.model
    def _exception_domain(self, filters):
        if filters is not None and not isinstance(filters, dict):
            raise FinanceApiError(self.env._("filters: an object is expected."))
        domain = []
        for name, value in (filters or {}).items():
            if name not in _EXCEPTION_FILTERS:
                raise FinanceApiError(
                    self.env._(
                        "filters: %(name)s is not known; use %(known)s.",
                        name=name,
                        known=", ".join(_EXCEPTION_FILTERS),
                    )
                )
            self._check_text(f"filters.{name}", value)
            domain.append((_EXCEPTION_FILTERS[name], "=", value))
        return domain

    # === ARGUMENTS === #

    @api.model
    def _check_group(self, group):
        if not self.env.user.has_group(group):
            raise AccessError(
                self.env._("This needs the group %s.", self.env.ref(group).sudo().full_name)
            )

    @api.model
    def _check_text(self, name, value):
        if not isinstance(value, str) or not value.strip() or len(value) > 2000 or "\0" in value:
            raise FinanceApiError(
                self.env._("%s: a text of 1 to 2000 characters is expected.", name)
            )

    @api.model
    def _check_match(self, name, value, pattern, expected):
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise FinanceApiError(
                self.env._("%(name)s: expected %(expected)s.", name=name, expected=expected)
            )

    @api.model
    def _check_number(self, name, value, low, high):
        if (
            not isinstance(value, int)
            or isinstance(value, bool)
            or value < low
            or (high is not None and value > high)
        ):
            raise FinanceApiError(
                self.env._("%(name)s: a whole number from %(low)s is expected.", name=name, low=low)
                if high is None
                else self.env._(
                    "%(name)s: a whole number from %(low)s to %(high)s is expected.",
                    name=name,
                    low=low,
                    high=high,
                )
            )

    @api.model
    def _decode(self, content, encoding):
        if not isinstance(content, str) or not content:
            raise FinanceApiError(
                self.env._("content: a text is expected, and it must not be empty.")
            )
        if encoding == "text":
            try:
                data = content.encode()
            except UnicodeEncodeError as exc:
                raise FinanceApiError(
                    self.env._(
                        "content: a character at position %s cannot be written as UTF-8.", exc.start
                    )
                ) from exc
        elif encoding == "base64":
            try:
                data = base64.b64decode(content, validate=True)
            except (binascii.Error, ValueError) as exc:
                raise FinanceApiError(
                    self.env._("content: this is no standard Base64, as encoding says it is.")
                ) from exc
        else:
            raise FinanceApiError(self.env._("encoding: text or base64 is expected."))
        limit = int(
            self.env["ir.config_parameter"].sudo().get_param(_MAX_BYTES_PARAMETER, _MAX_BYTES)
        )
        if len(data) > limit:
            raise FinanceApiError(
                self.env._(
                    "content: %(size)s bytes are more than the %(limit)s this server takes.",
                    size=len(data),
                    limit=limit,
                )
            )
        return data

    @api.model
    def _time(self, value):
        return value.isoformat(timespec="seconds") + "Z" if value else None
