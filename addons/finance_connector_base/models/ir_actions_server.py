from odoo import models
from odoo.exceptions import AccessError

from .base import stands_on_ours


class IrActionsServer(models.Model):
    """What the scheduler runs is no button: Odoo lets any log-in run by RPC an action that names no groups."""

    _inherit = "ir.actions.server"

    def run(self):
        for action in self.sudo():
            if (
                action.usage == "ir_cron"
                and not self.env.su
                and not self.env.user._is_system()
                and self.env.user not in action.ir_cron_ids.user_id
                and stands_on_ours(self.env.registry[action.model_name]._original_module)
            ):
                raise AccessError(self.env._("“%s” is run by the scheduler.", action.name))
        return super().run()
