from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.finance_connector_base.tests.common import FinanceCase

HOURS = {"0": 168, "1": 72, "2": 24, "3": 4}


@tagged("post_install", "-at_install")
class TestException(FinanceCase):
    """What a person must decide is asked once, of somebody who may, and stays as it was decided."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connection = cls.make_connection("webhook")
        cls.interface = cls.make_interface("event", cls.connection, owner_id=cls.operator.id)
        cls.exchange = cls.make_exchange("1")
        cls.exceptions = cls.env["finance.exception"]

    # === HELPERS === #

    @classmethod
    def make_exchange(cls, key, **values):
        return cls.env["finance.exchange"]._insert_new(
            {
                "interface_id": cls.interface.id,
                "connection_id": cls.connection.id,
                "company_id": cls.company_a.id,
                "direction": "outbound",
                "source": "event",
                "idempotency_key": key,
                **values,
            }
        )

    def open(self, code="mapping_missing", summary="A code is missing.", **values):
        values.setdefault("company", self.company_a)
        values.setdefault("exchange", self.exchange)
        return self.exceptions._open(code, summary, **values)

    def actions(self, exception):
        self.env.flush_all()
        return (
            self.env["finance.audit.event"]
            .search(
                [("res_model", "=", exception._name), ("res_id", "=", exception.id)], order="id"
            )
            .mapped("action")
        )

    def closed(self, reason="Done by hand."):
        exception = self.open()
        exception.with_user(self.operator).action_ignore(reason)
        return exception

    # === OPENING === #

    def test_one_open_exception_for_each_code_and_unit(self):
        first = self.open(unit_key="1")
        again = self.open(unit_key="1", summary="Once more.")
        self.assertEqual(first, again)
        others = [
            self.open(unit_key="2"),
            self.open("account_unknown", unit_key="1"),
            self.open(unit_key="1", exchange=self.make_exchange("2")),
        ]
        self.assertEqual(len({first.id, *(other.id for other in others)}), 4)
        self.assertEqual(self.actions(first).count("exception.opened"), 1)
        first.with_user(self.operator).action_resolve("The code is mapped.")
        returned = self.open(unit_key="1")
        self.assertNotEqual(first, returned)
        self.assertEqual((first.state, returned.state), ("resolved", "open"))

    def test_one_open_exception_without_exchange_for_each_company_and_connection(self):
        nothing = {"exchange": None}
        first = self.open(**nothing)
        self.assertEqual(first, self.open(**nothing))
        other_company = self.open(company=self.company_b, **nothing)
        other_connection = self.open(connection=self.connection, **nothing)
        self.assertEqual(len(first | other_company | other_connection), 3)

    def test_database_holds_one_open_exception_too(self):
        exception = self.open()
        self.env.cr.execute(
            """
            INSERT INTO finance_exception
                (name, company_id, kind, code, severity, summary, state, opened_at, exchange_id, unit_key)
            SELECT name, company_id, kind, code, severity, summary, state, opened_at, exchange_id, unit_key
            FROM finance_exception WHERE id = %s ON CONFLICT DO NOTHING RETURNING id
            """,
            [exception.id],
        )
        self.assertFalse(self.env.cr.fetchall())

    def test_words_are_those_of_the_reader(self):
        """The catalogue is translated; what was said of the very case, and an unknown code, stay as they are."""
        self.env["res.lang"]._activate_lang("de_DE")
        usual, own, unknown = (
            self.open(unit_key="1"),
            self.open(unit_key="2", next_step="Call Ms Birch."),
            self.open("account_unknown"),
        )
        self.assertEqual(usual.title, "A code has no mapping")
        self.assertEqual(usual.what_to_do, usual.next_step)
        usual, own, unknown = (each.with_context(lang="de_DE") for each in (usual, own, unknown))
        self.assertEqual(usual.title, "Ein Code ist nicht zugeordnet")
        self.assertIn("Zuordnung ergänzen", usual.what_to_do)
        self.assertIn("Press Fix Mapping", usual.next_step, "stored as it was opened")
        self.assertEqual(own.what_to_do, "Call Ms Birch.")
        self.assertEqual(unknown.title, "Account unknown")
        self.assertIn("Nachweis", unknown.what_to_do)

    def test_summary_and_evidence_are_masked(self):
        iban = "DE89370400440532013000"
        exception = self.open(
            summary=f"Nobody has {iban}.", evidence={"iban": iban, "token": "s3cret", "code": "X"}
        )
        self.assertNotIn(iban, exception.summary)
        self.assertNotIn(iban, str(exception.evidence))
        self.assertNotIn("s3cret", str(exception.evidence))
        self.assertEqual(exception.evidence["code"], "X")

    def test_evidence_is_told_in_words(self):
        exception = self.open(
            evidence={
                "rows": ["1: no date", "2: no amount"],
                "sent": {"end_of_day": True},
                "by": None,
            }
        )
        self.assertEqual(
            exception.evidence_text, "Rows: 1: no date, 2: no amount\nSent: End of day: yes"
        )

    # === OWNER AND DEADLINE === #

    def test_owner_of_the_interface_gets_an_activity(self):
        exception = self.open()
        self.assertEqual(exception.owner_id, self.operator)
        self.assertEqual(exception.activity_ids.user_id, self.operator)
        self.assertEqual(exception.activity_ids.date_deadline, exception.due_date.date())
        self.assertEqual(self.actions(exception), ["exception.opened", "exception.assigned"])

    def test_owner_who_may_not_work_on_it_is_passed_over(self):
        self.interface.owner_id = self.viewer
        self.assertEqual(self.open().owner_id, self.manager, "the connection's owner")

    def test_deadline_follows_severity(self):
        deadlines = {d.severity: d for d in self.env["finance.exception.deadline"].search([])}
        for severity, hours in HOURS.items():
            deadlines[severity].hours = hours
            exception = self.open(severity=severity, unit_key=severity)
            self.assertEqual(exception.due_date - exception.opened_at, timedelta(hours=hours))
        exception.with_user(self.operator).severity = "0"
        self.assertEqual(exception.due_date - exception.opened_at, timedelta(hours=168))
        self.assertEqual(self.actions(exception)[-1], "exception.severity_changed")

    def test_overdue_ones_are_found(self):
        exception, other = self.open(unit_key="1"), self.open(unit_key="2")
        exception.opened_at -= timedelta(days=365)
        late = self.exceptions.search(
            [("is_overdue", "=", True), ("id", "in", (exception | other).ids)]
        )
        self.assertEqual(late, exception)
        self.assertTrue(exception.is_overdue)
        exception.with_user(self.operator).action_ignore("Too late.")
        self.assertFalse(exception.is_overdue)

    # === DECIDING === #

    def test_take(self):
        exception = self.open().with_user(self.users["manager", "a"])
        exception.action_take()
        self.assertEqual((exception.owner_id, exception.state), (self.manager, "in_progress"))
        self.assertEqual(exception.activity_ids.user_id, self.manager, "the old owner's is gone")
        self.assertEqual(self.actions(exception)[-2:], ["exception.assigned", "exception.taken"])

    def test_assign_to_those_who_may(self):
        exception = self.open().with_user(self.operator)
        exception.action_assign(self.manager.id)
        self.assertEqual(exception.owner_id, self.manager)
        self.assertEqual(exception.activity_ids.user_id, self.manager)
        for user in (self.viewer, self.auditor, self.users["operator", "b"]):
            with (
                self.subTest(user=user.login),
                self.assertRaisesRegex(UserError, "may not work on"),
            ):
                exception.action_assign(user.id)

    def test_closing_needs_a_reason_and_leaves_a_trace(self):
        for unit, method, state in (
            ("1", "action_resolve", "resolved"),
            ("2", "action_ignore", "ignored"),
        ):
            exception = self.open(unit_key=unit).with_user(self.operator)
            for nothing in ("", "  \n", None, False):
                with self.assertRaisesRegex(UserError, "Give a reason"):
                    getattr(exception, method)(nothing)
            self.assertEqual(exception.state, "open")
            getattr(exception, method)(" Agreed with the bank. ")
            self.assertEqual(
                (exception.state, exception.resolution, exception.resolved_by_id),
                (state, "Agreed with the bank.", self.operator),
            )
            self.assertTrue(exception.resolved_at)
            self.assertFalse(exception.activity_ids)
            self.assertEqual(self.actions(exception)[-1], f"exception.{state}")
            event = self.env["finance.audit.event"].search(
                [("res_model", "=", exception._name), ("res_id", "=", exception.id)], limit=1
            )
            self.assertIn("Agreed with the bank.", event.summary)
            self.assertEqual(event.user_login, self.operator.login)

    def test_viewer_and_auditor_decide_nothing(self):
        exception = self.open()
        for user in (self.viewer, self.auditor, self.api_user):
            self.assert_all_refused(exception.with_user(user))

    def test_other_company_decides_nothing_and_sees_nothing(self):
        exception = self.open()
        for group in ("operator", "manager"):
            user = self.users[group, "b"]
            self.assert_all_refused(exception.with_user(user))
            self.assertFalse(self.exceptions.with_user(user).search([("id", "=", exception.id)]))

    def assert_all_refused(self, exception):
        before = self.actions(exception.sudo())
        for name, arguments in (
            ("action_take", ()),
            ("action_assign", (self.operator.id,)),
            ("action_resolve", ("No.",)),
            ("action_ignore", ("No.",)),
            ("action_retry", ()),
            ("action_replay", ()),
            ("write", ({"severity": "0"},)),
            ("unlink", ()),
        ):
            with (
                self.subTest(user=exception.env.user.login, action=name),
                self.assertRaises(UserError),
                self.env.cr.savepoint(),
            ):
                getattr(exception, name)(*arguments)
        exception = exception.sudo()
        exception.invalidate_recordset()
        self.assertEqual(exception.state, "open")
        self.assertEqual(self.actions(exception), before)

    def test_dialogue_closes_many(self):
        exceptions = self.open(unit_key="1") | self.open(unit_key="2") | self.open(unit_key="3")
        wizard = (
            self.env["finance.exception.close"]
            .with_user(self.operator)
            .with_context(active_model="finance.exception", active_ids=exceptions.ids)
            .create({"decision": "ignore", "reason": "All of a test."})
        )
        self.assertEqual(wizard.exception_ids, exceptions)
        wizard.action_confirm()
        self.assertEqual(set(exceptions.mapped("state")), {"ignored"})
        self.assertEqual(set(exceptions.mapped("resolution")), {"All of a test."})

    def test_dialogue_closes_all_or_nothing(self):
        exceptions = self.open(unit_key="1") | self.closed()
        wizard = (
            self.env["finance.exception.close"]
            .with_user(self.operator)
            .create(
                {
                    "exception_ids": [Command.set(exceptions.ids)],
                    "decision": "resolve",
                    "reason": "Done.",
                }
            )
        )
        with self.assertRaisesRegex(UserError, "closed exception"), self.env.cr.savepoint():
            wizard.action_confirm()
        self.assertEqual(exceptions[0].state, "open")

    def test_retry_leaves_it_in_progress(self):
        self.exchange._engine()._set_status("exception", reason="A code is missing.")
        exception = self.open().with_user(self.operator)
        exception.action_retry()
        self.assertEqual(exception.state, "in_progress")
        self.assertEqual(self.exchange.work_status, "ready")
        self.assertIn("exception.retried", self.actions(exception))

    def test_retry_needs_an_exchange(self):
        exception = self.open(exchange=None).with_user(self.operator)
        for attempt in (exception.action_retry, exception.action_replay):
            with self.assertRaisesRegex(UserError, "no single exchange"):
                attempt()

    # === CLOSED STAYS CLOSED === #

    def test_closed_is_never_edited_reopened_or_deleted(self):
        exception = self.closed()
        for user in (self.operator, self.manager, self.env.ref("base.user_root")):
            closed = exception.with_user(user).sudo(user == self.env.ref("base.user_root"))
            for name, arguments in (
                ("action_take", ()),
                ("action_assign", (self.manager.id,)),
                ("action_resolve", ("Again.",)),
                ("action_ignore", ("Again.",)),
                ("action_retry", ()),
                ("action_replay", ()),
                ("action_fix_mapping", ()),
                ("write", ({"severity": "0"},)),
                ("write", ({"owner_id": self.manager.id},)),
                ("write", ({"state": "open"},)),
                ("write", ({"resolution": "Something else."},)),
            ):
                with (
                    self.subTest(user=user.login, action=name, arguments=arguments),
                    self.assertRaises(UserError),
                    self.env.cr.savepoint(),
                ):
                    getattr(closed, name)(*arguments)
            with self.assertRaises(UserError), self.env.cr.savepoint():
                closed.unlink()
        exception.invalidate_recordset()
        self.assertEqual((exception.state, exception.resolution), ("ignored", "Done by hand."))

    def test_open_one_is_never_deleted(self):
        with self.assertRaisesRegex(UserError, "never deleted"):
            self.open().sudo().unlink()

    def test_only_buttons_decide(self):
        exception = self.open().with_user(self.manager)
        for values in (
            {"state": "resolved"},
            {"state": "resolved", "resolution": "Mine."},
            {"resolution": "Mine."},
            {"resolved_by_id": self.viewer.id},
            {"summary": "Nothing happened."},
            {"evidence": {}},
            {"code": "other"},
            {"due_date": "2099-01-01 00:00:00"},
            {"opened_at": "2099-01-01 00:00:00"},
            {"company_id": self.company_b.id},
            {"exchange_id": False},
        ):
            with self.subTest(values=values):
                with self.assertRaisesRegex(UserError, "cannot be edited"):
                    exception.write(values)
                with self.assertRaisesRegex(UserError, "cannot be edited"):
                    exception.web_save(values, {"state": {}})
        self.assertRaises(
            AccessError, self.exceptions.with_user(self.manager).create, {"code": "x"}
        )
        self.assertRaises(AccessError, exception.copy)
        self.assertEqual(exception.state, "open")

    def test_import_decides_nothing(self):
        exception = self.open()
        external_id = exception.export_data([".id"])["datas"][0][0]
        result = self.exceptions.with_user(self.manager).load(
            [".id", "state"], [[external_id, "resolved"]]
        )
        self.assertFalse(result["ids"])
        self.assertTrue(result["messages"])
        exception.invalidate_recordset()
        self.assertEqual(exception.state, "open")

    # === BY THE SYSTEM === #

    def test_system_closes_what_is_about_the_record_only(self):
        other_connection = self.make_connection("webhook", name="Another")
        about = self.open(
            "endpoint_down", exchange=None, connection=self.connection, record=self.connection
        )
        other_code = self.open(
            "certificate_expiring",
            exchange=None,
            connection=self.connection,
            record=self.connection,
        )
        other_record = self.open(
            "endpoint_down", exchange=None, connection=other_connection, record=other_connection
        )
        same_id = self.open(
            "endpoint_down",
            exchange=None,
            unit_key="user",
            record=self.env.user.browse(self.connection.id),
        )
        with_exchange = self.open("endpoint_down", record=self.connection)
        self.exceptions._resolve_by_system(
            self.connection, codes=["endpoint_down"], reason="It answers again."
        )
        self.assertEqual(
            [e.state for e in (about, other_code, other_record, same_id, with_exchange)],
            ["resolved", "open", "open", "open", "open"],
        )
        self.assertEqual(about.resolution, "It answers again.")
        self.assertEqual(about.resolved_by_id, self.env.ref("base.user_root"))
        self.exceptions._resolve_by_system(self.connection, reason="Gone.")
        self.assertEqual((other_code.state, with_exchange.state), ("resolved", "open"))
        self.exceptions._resolve_by_system(self.connection, reason="Nothing is open.")
        self.assertEqual(about.resolution, "It answers again.")
