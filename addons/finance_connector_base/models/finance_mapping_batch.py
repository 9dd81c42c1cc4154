from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class FinanceMappingBatch(models.Model):
    """A file of mappings that one person proposed and another takes into force: codes decide where money is booked."""

    _name = "finance.mapping.batch"
    _description = "Proposed Mappings"
    _inherit = ["finance.encrypted.mixin"]
    _order = "id desc"
    _rec_name = "filename"

    table_id = fields.Many2one(
        "finance.mapping.table", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="table_id.company_id", store=True, index=True)
    filename = fields.Char(readonly=True)
    added = fields.Integer(string="To Add", readonly=True)
    changed = fields.Integer(string="To Change", readonly=True)
    state = fields.Selection(
        [("proposed", "Proposed"), ("taken", "Taken"), ("withdrawn", "Withdrawn")],
        required=True,
        readonly=True,
        default="proposed",
    )
    author_id = fields.Many2one("res.users", readonly=True, index="btree_not_null")
    approved_by_id = fields.Many2one("res.users", readonly=True, index="btree_not_null")
    taken_at = fields.Datetime(readonly=True)
    content = fields.Text(
        compute="_compute_content", help="The file as it was proposed; what is masked stays masked."
    )

    # === COMPUTE METHODS === #

    @api.depends("key_id")
    def _compute_content(self):
        for batch in self:
            sealed = batch._unseal() if batch.key_id else None
            batch.content = sealed and self.env["finance.vault"]._mask_preview(sealed, "text/csv")

    # === ACTION METHODS === #

    def action_take(self):
        """Take the proposed file into force, as a whole.

        :return: True
        :raise AccessError: the caller proposed it, or is no integration manager
        :raise UserError: it is not proposed any more, or does not fit the table any more
        """
        for batch in self:
            batch._check_proposed()
            if batch.author_id == self.env.user:
                raise AccessError(
                    self.env._("You proposed %s: somebody else has to take it.", batch.filename)
                )
            wizard = batch._wizard()
            created, changed, errors = wizard._plan()
            if errors:
                raise UserError("\n".join(errors))
            wizard._take(created, changed)
            wizard._erase()
            batch.sudo().write(
                {
                    "state": "taken",
                    "approved_by_id": self.env.uid,
                    "taken_at": fields.Datetime.now(),
                    "added": len(created),
                    "changed": len(changed),
                }
            )
            batch._log("mapping.batch_taken")
        return True

    def action_withdraw(self):
        """Drop a proposal.

        :return: True
        :raise UserError: it is not proposed any more
        """
        for batch in self:
            batch._check_proposed()
            batch.sudo().state = "withdrawn"
            batch._log("mapping.batch_withdrawn")
        return True

    # === BUSINESS METHODS === #

    @api.model
    def _propose(self, wizard, added, changed):
        """:return: the proposal of the file of ``wizard``"""
        batch_sudo = self.sudo().create(
            {
                "table_id": wizard.table_id.id,
                "filename": wizard.filename or self.env._("Mappings"),
                "added": added,
                "changed": changed,
                "author_id": self.env.uid,
            }
        )
        batch_sudo._seal(wizard._content())
        batch = batch_sudo.with_env(self.env)
        batch._log("mapping.batch_proposed")
        return batch

    def _wizard(self):
        wizard = self.env["finance.mapping.import"].create(
            {"table_id": self.table_id.id, "filename": self.filename}
        )
        wizard._seal(self._unseal())
        return wizard

    def _check_proposed(self):
        self.table_id.check_access("write")
        if self.state != "proposed":
            raise UserError(self.env._("%s is not proposed any more.", self.filename))

    def _log(self, action):
        self.env["finance.audit.event"]._log(
            action,
            self,
            summary=self.table_id.name,
            details={"file": self.filename, "added": self.added, "changed": self.changed},
        )
