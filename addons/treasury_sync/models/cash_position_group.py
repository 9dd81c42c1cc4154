from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from odoo.addons.finance_connector_base.models.turns import one_by_one


class CashPositionGroup(models.Model):
    """Entities whose cash is looked at as one: in which currency, by whose codes, who reads it, where it is sent."""

    _name = "cash.position.group"
    _description = "Cash Position Group"
    _inherit = ["finance.audited.mixin", "mail.thread"]
    _order = "name, id"
    _audit_subject = "cash_group"
    _audit_ignored = frozenset({"next_run_at"})

    name = fields.Char(required=True, tracking=True)
    code = fields.Char(
        required=True,
        copy=False,
        help="Stable identifier, used by external callers and in what is sent.",
    )
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        help="Whose exchange rates count, and which owns the runs.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        tracking=True,
    )
    entity_ids = fields.Many2many(
        "res.company",
        string="Entities",
        required=True,
        default=lambda self: self.env.company,
        tracking=True,
    )
    reader_ids = fields.Many2many(
        "res.users",
        string="Group Readers",
        tracking=True,
        help="Read the position of the whole group, and need no access to the books of its entities.",
    )
    max_rate_age = fields.Integer(
        string="Rate at Most (days) Old",
        default=7,
        tracking=True,
        help="With an older rate the position is not complete.",
    )
    interface_id = fields.Many2one(
        "finance.interface",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        domain=[("handler", "=", "cash_position")],
        tracking=True,
        help="Its connection leads to the reporting platform. Runs are frozen without one as well.",
    )
    interval_hours = fields.Integer(
        string="Every (hours)", default=24, help="0: only when somebody asks."
    )
    next_run_at = fields.Datetime(default=fields.Datetime.now, copy=False)
    run_ids = fields.One2many("cash.position.run", "group_id")
    is_own = fields.Boolean(
        compute="_compute_is_own",
        search="_search_is_own",
        help="You work for all its entities, whichever companies are switched on.",
    )

    _code_uniq = models.Constraint("UNIQUE(code)", "Another group has this code.")

    # === COMPUTE METHODS === #

    @api.depends_context("uid")
    @api.depends("entity_ids")
    def _compute_is_own(self):
        own = self.sudo().search([("is_own", "=", True)])
        for group in self:
            group.is_own = group in own

    @api.model
    def _search_is_own(self, operator, value):
        if operator != "in":
            return NotImplemented
        # A group with one foreign entity shows what that entity has: who sees a part does not see the whole.
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM cash_position_group owner WHERE NOT EXISTS (
                       SELECT FROM cash_position_group_res_company_rel entity
                        WHERE entity.cash_position_group_id = owner.id
                          AND entity.res_company_id != ALL(%s))""",
                self.env.user.company_ids.ids,
            )
        )
        return [("id", "in", [row[0] for row in rows])]

    # === CONSTRAINT METHODS === #

    @api.constrains("entity_ids")
    def _check_entities(self):
        for group in self:
            if not group.entity_ids:
                raise ValidationError(self.env._("Name at least one entity."))

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        groups = super().create(vals_list)
        for group in groups:
            group._check_may_show(group.entity_ids)
        return groups

    def write(self, vals):
        before = {group: group.entity_ids for group in self}
        result = super().write(vals)
        if vals.keys() & {"entity_ids", "reader_ids", "interface_id"}:
            for group, entities in before.items():
                group._check_may_show(entities | group.entity_ids)
        return result

    def _check_may_show(self, entities):
        """Nobody shows or sends away the figures of a company that he may not see himself."""
        if self.env.su:
            return
        if foreign := entities - self.env.user.company_ids:
            raise UserError(
                self.env._(
                    "You do not work for %s, so you cannot decide who sees its cash.",
                    ", ".join(foreign.sudo().mapped("name")),
                )
            )

    # === ACTION METHODS === #

    def action_freeze(self):
        """Freeze the position as it is now, and send it where the group has a reporting platform.

        :return: action that opens the run
        """
        self.ensure_one()
        self.check_access("read")
        self.env["finance.exchange"]._check_operator()
        self._check_may_show(self.entity_ids)
        run = self.sudo()._freeze("manual").with_env(self.env)
        return {
            "type": "ir.actions.act_window",
            "res_model": run._name,
            "res_id": run.id,
            "views": [(False, "form")],
        }

    def action_open_runs(self):
        """Open the frozen positions of this group."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Positions of %s", self.name),
            "res_model": "cash.position.run",
            "views": [(False, "list"), (False, "form")],
            "domain": [("group_id", "=", self.id)],
        }

    # === SCHEDULE === #

    @api.model
    def _cron_run(self):
        """Freeze and send what is due; one group that cannot be computed leaves the others running."""
        due = [("next_run_at", "<=", fields.Datetime.now()), ("interval_hours", ">", 0)]
        for group in one_by_one(self.search(due), due):
            group.next_run_at = fields.Datetime.add(
                fields.Datetime.now(), hours=group.interval_hours
            )
            self.env["finance.exchange"]._checkpoint()
            try:
                run = self.env["cash.position.run"]._freeze(group, "schedule")
                # It may have taken long: what people did with the exceptions meanwhile is seen.
                self.env["finance.exchange"]._checkpoint()
                group._tell_findings(run)
            except Exception as error:
                self.env["finance.exchange"]._abandon()
                self.env["finance.exception"]._open(
                    "position_failed",
                    self.env._(
                        "The position of %(group)s could not be frozen: %(error)s",
                        group=group.name,
                        error=error,
                    ),
                    company=group.company_id,
                    kind="technical",
                    record=group,
                    unit_key=f"group:{group.id}",
                )
            else:
                self.env["finance.exception"]._resolve_by_system(
                    group,
                    codes=["position_failed"],
                    reason=self.env._("The position was frozen."),
                )
            self.env["finance.exchange"]._checkpoint()
        self.env["ir.cron"]._commit_progress(len(due), remaining=0)

    # === BUSINESS METHODS === #

    def _freeze(self, source):
        """Keep the position as it is known now, with its inputs, and put it into the outbox.

        :param str source: ``manual`` or ``schedule``
        :return: the run
        """
        self.ensure_one()
        run = self.env["cash.position.run"]._freeze(self, source)
        self._tell_findings(run)
        return run

    def _tell_findings(self, run):
        """What keeps a position from being complete is an exception until a later position has it."""
        exceptions = self.env["finance.exception"]
        found = {}
        for finding in run._document()["findings"]:
            if finding["blocking"]:
                found.setdefault(finding["code"], []).append(finding["subject"])
        known = self.env["cash.position"]._blocking_codes()
        if cured := known - found.keys():
            exceptions._resolve_by_system(
                self, codes=sorted(cured), reason=self.env._("%s has it.", run.name)
            )
        for code, subjects in found.items():
            exceptions._open(
                code,
                self.env._(
                    "The position of %(group)s is not complete: %(subjects)s.",
                    group=self.name,
                    subjects=", ".join(sorted(set(subjects))),
                ),
                company=self.company_id,
                evidence={"run": run.name, "subjects": sorted(set(subjects))},
                record=self,
                unit_key=f"group:{self.id}",
            )

    def _entity_codes(self, day):
        """The group's own codes of its entities: what their mappings say, read the other way round.

        :param date day: on which the mapping has to be valid
        :return: company id -> code
        :rtype: dict[int, str]
        """
        self.ensure_one()
        self.env["finance.mapping.table"].flush_model()
        self.env["finance.mapping.entry"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (entry.res_id) entry.res_id, entry.code
                  FROM finance_mapping_entry entry
                  JOIN finance_mapping_table tab ON tab.id = entry.table_id
                 WHERE tab.kind = 'entity'
                   AND tab.active
                   AND entry.res_id = ANY(%(entities)s)
                   AND (tab.connection_id = %(connection)s OR tab.connection_id IS NULL)
                   AND (tab.company_id = %(company)s OR tab.company_id IS NULL)
                   AND (entry.valid_from IS NULL OR entry.valid_from <= %(day)s)
                   AND (entry.valid_to IS NULL OR entry.valid_to >= %(day)s)
                 ORDER BY entry.res_id, tab.connection_id NULLS LAST, tab.company_id NULLS LAST, entry.code
                """,
                entities=self.entity_ids.ids,
                connection=self.interface_id.connection_id.id or None,
                company=self.company_id.id,
                day=day,
            )
        )
        return dict(rows)
