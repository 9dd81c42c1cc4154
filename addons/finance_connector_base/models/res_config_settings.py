from markupsafe import Markup

from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    finance_self_checks = fields.Html(compute="_compute_finance_self_checks")

    def _compute_finance_self_checks(self):
        rows = Markup("").join(
            Markup('<li><i class="fa %s" role="img"></i> %s</li>')
            % ("fa-check text-success" if right else "fa-times text-danger", sentence)
            for right, sentence in self.env["finance.environment"]._self_checks()
        )
        self.finance_self_checks = Markup('<ul class="list-unstyled mb-0">%s</ul>') % rows

    def action_finance_rotate_keys(self):
        """Encrypt everything that is under an older key with the current one, in the background.

        :return: what the person sees meanwhile
        """
        return self.env["finance.vault"].action_rotate()
