from odoo import models


class QueueJob(models.Model):
    """Jobs of new exchanges are inserted directly, see ``finance.exchange._enqueue_new``."""

    _name = "queue.job"
    _inherit = ["queue.job", "finance.insert.mixin"]
