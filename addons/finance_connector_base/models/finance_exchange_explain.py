from odoo import api, fields, models


class FinanceExchange(models.Model):
    """The six questions of an auditor about an exchange, answered in one place for screen and API."""

    _inherit = "finance.exchange"

    explanation = fields.Json(
        string="Six Questions",
        compute="_compute_explanation",
        help="Who initiated it, what transformed it, who approved that, was it delivered and acknowledged, and how were"
        " its exceptions resolved.",
    )

    # === COMPUTE METHODS === #

    def _compute_explanation(self):
        for exchange in self:
            exchange.explanation = list(exchange._explain().values())

    # === BUSINESS METHODS === #

    def _explain(self):
        """Answer the six questions.

        :return: ``initiated``, ``transformed``, ``approved``, ``delivered``, ``acknowledged`` and ``exceptions``; each
            with ``question``, ``answer`` in words, ``at`` (UTC, or None) and ``by`` (login, or None)
        :rtype: dict[str, dict]
        """
        self.ensure_one()
        self.check_access("read")
        # The names of people and of what an interface is made of may be read by whoever may read the exchange.
        exchange_sudo = self.sudo()
        return {
            "initiated": exchange_sudo._explain_initiated(),
            "transformed": exchange_sudo._explain_transformed(),
            "approved": exchange_sudo._explain_approved(),
            "delivered": exchange_sudo._explain_delivered(),
            "acknowledged": exchange_sudo._explain_acknowledged(),
            "exceptions": exchange_sudo._explain_exceptions(),
        }

    def _explain_initiated(self):
        source = self._label_of("source")
        return self._answer(
            self.env._("Who initiated it?"),
            self.env._("%(who)s (%(way)s)", who=self.initiated_by_id.name, way=source),
            self.create_date,
            self.initiated_by_id,
        )

    def _explain_transformed(self):
        interface = self.interface_id
        handler = dict(interface._fields["handler"]._description_selection(self.env)).get(
            interface.handler
        )
        return self._answer(
            self.env._("Which system and version transformed it?"),
            self.env._(
                "%(interface)s, version %(version)s (%(handler)s), over %(connection)s",
                interface=interface.name,
                version=self.version_id.number or "-",
                handler=handler,
                connection=self.connection_id.name,
            ),
            self.date_transformed or self.date_prepared,
        )

    def _explain_approved(self):
        version = self.version_id
        approver = version.approved_by_id
        return self._answer(
            self.env._("Who approved that?"),
            self.env._(
                "%(who)s, for version %(number)s: %(reason)s",
                who=approver.name,
                number=version.number,
                reason=version.reason,
            )
            if approver
            else self.env._("Nobody yet: no version was in force."),
            version.effective_from,
            approver,
        )

    def _explain_delivered(self):
        at = self.date_posted if self.direction == "inbound" else self.date_sent
        if at and self.direction == "inbound":
            answer = self.env._("Posted in Odoo.")
        elif at:
            answer = self.env._("Sent to %s.", self.connection_id.name)
        else:
            answer = self.env._("Not yet. %s", self._describe_status())
        return self._answer(self.env._("When was it delivered?"), answer, at)

    def _explain_acknowledged(self):
        if self.direction == "inbound":
            answer = self.env._("It came in: storing it was the acknowledgement.")
            at = self.date_received
        elif self.date_acknowledged:
            reference = self.external_ref
            answer = (
                self.env._("Yes, with the reference %s.", reference)
                if reference
                else self.env._("Yes.")
            )
            at = self.date_acknowledged
        else:
            answer = self.env._("No acknowledgement is known.")
            at = None
        return self._answer(self.env._("Did the target acknowledge it?"), answer, at)

    def _explain_exceptions(self):
        question = self.env._("How were its exceptions resolved?")
        exceptions = self.exception_ids.sorted("id")
        if not exceptions:
            return self._answer(question, self.env._("There were none."))
        lines = [
            self.env._(
                "%(name)s, %(title)s: %(state)s. %(resolution)s",
                name=exception.name,
                title=exception.title,
                state=dict(exception._fields["state"]._description_selection(self.env))[
                    exception.state
                ],
                resolution=exception.resolution or "",
            ).strip()
            for exception in exceptions
        ]
        last = exceptions.filtered("resolved_at").sorted("resolved_at")[-1:]
        return self._answer(question, "\n".join(lines), last.resolved_at, last.resolved_by_id)

    def _label_of(self, name):
        return dict(self._fields[name]._description_selection(self.env))[self[name]]

    @api.model
    def _answer(self, question, answer, at=None, by=None):
        return {
            "question": question,
            "answer": answer,
            "at": fields.Datetime.to_string(at) if at else None,
            "by": by.login if by else None,
        }
