import base64
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, ConcurrencyError
from odoo.tests import tagged

from odoo.addons.finance_connector_base.exceptions import (
    FinanceApiConflict,
    FinanceApiError,
    FinanceApiNotFound,
)
from odoo.addons.finance_connector_base.tools.errors import DuplicateKeyRace

from .common import EngineCase


@tagged("post_install", "-at_install")
class TestFinanceApi(EngineCase):
    """An external system would post twice, reach what is not its own, or not learn why it was refused."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.inbound.api_user_ids = cls.api_user
        cls.outbound.api_user_ids = cls.api_user
        cls.code = cls.inbound.code
        cls.api = cls._as(cls.api_user)

    @classmethod
    def _as(cls, user, **context):
        return cls.env(user=user, context=context)["finance.api"]

    def _operate(self):
        self.api_user.group_ids += self.env.ref("finance_connector_base.group_finance_api_operator")

    def _exchange(self, answer):
        return self.env["finance.exchange"].search([("name", "=", answer["exchange"])])

    def _failed(self):
        answer = self.api.submit(self.code, "failing", '{"fail": "business"}')
        self._exchange(answer)._job_process()
        return answer["exchange"]

    # === SUBMIT === #

    def test_submit_stores_and_answers(self):
        answer = self.api.submit(self.code, "k1", '{"amount": "1.00"}', external_ref="ERP-1")
        exchange = self._exchange(answer)
        self.assertEqual(
            answer,
            {
                "exchange": exchange.name,
                "status": "ready",
                "milestone": "received",
                "replayed": False,
                "result": None,
            },
        )
        self.assertEqual((exchange.source, exchange.external_ref), ("api", "ERP-1"))
        self.assertEqual(exchange.initiated_by_id, self.api_user)
        self.assertEqual(exchange._content(), b'{"amount": "1.00"}')
        self.assertTrue(self.jobs_of(exchange, "_job_process"))

    def test_submit_again_gets_the_stored_answer(self):
        first = self.api.submit(self.code, "k1", '{"amount": "1.00"}')
        self._exchange(first)._job_process()
        again = self.api.submit(self.code, "k1", '{"amount": "1.00"}')
        self.assertEqual(
            again,
            {
                "exchange": first["exchange"],
                "status": "done",
                "milestone": "posted",
                "replayed": True,
                "result": {"posted": 1},
            },
        )
        self.assertEqual(len(self.postings(self._exchange(first))), 1)

    def test_submit_other_content_is_a_conflict_that_leaves_evidence(self):
        first = self.api.submit(self.code, "k1", '{"amount": "1.00"}')
        conflict = None
        with patch.object(type(self.inbound.exchange_ids), "_checkpoint") as checkpoint:
            # Not assertRaises, which would undo what the checkpoint commits.
            try:
                self.api.submit(self.code, "k1", '{"amount": "2.00"}')
            except FinanceApiConflict as error:
                conflict = error
        checkpoint.assert_called_once()
        self.assertEqual(conflict.http_status, 409)
        exchange = self._exchange(first)
        exchange.invalidate_recordset()
        self.assertEqual(self.exception_codes(exchange), ["idempotency_conflict"])
        self.assertIn("evidence", exchange.payload_ids.mapped("role"))
        self.assertEqual(exchange._content(), b'{"amount": "1.00"}')

    def test_submit_lost_race_is_repeated_by_odoo(self):
        with (
            patch.object(
                type(self.inbound.exchange_ids), "_receive", side_effect=DuplicateKeyRace("race")
            ),
            self.assertRaises(ConcurrencyError),
        ):
            self.api.submit(self.code, "k1", "{}")

    def test_submit_base64(self):
        content = b'{"amount": "1.00"}'
        answer = self.api.submit(
            self.code, "k1", base64.b64encode(content).decode(), encoding="base64"
        )
        self.assertEqual(self._exchange(answer)._content(), content)

    def test_submit_ignores_switches_in_the_context(self):
        api = self._as(
            self.api_user,
            queue_job__no_delay=True,
            default_shadow=True,
            default_work_status="done",
            default_source="schedule",
        )
        exchange = self._exchange(api.submit(self.code, "k1", '{"amount": "1.00"}'))
        self.assertEqual(
            (exchange.work_status, exchange.shadow, exchange.source), ("ready", False, "api")
        )
        self.assertFalse(self.postings(exchange))

    def test_submit_names_the_argument_it_cannot_use(self):
        good = {"interface": self.code, "idempotency_key": "k", "content": "{}"}
        for name, value in (
            ("idempotency_key", ""),
            ("idempotency_key", " k"),
            ("idempotency_key", "k\n"),
            ("idempotency_key", "k" * 256),
            ("idempotency_key", 7),
            ("idempotency_key", None),
            ("content", ""),
            ("content", {"amount": 1}),
            ("content", "\ud800"),
            ("content_type", "json"),
            ("content_type", "a/b\r\nX: y"),
            ("encoding", "utf-16"),
            ("external_ref", 7),
            ("external_ref", "x" * 2001),
            ("interface", 7),
            ("interface", ["id", ">", 0]),
        ):
            with self.subTest(name=name, value=value), self.assertRaises(FinanceApiError) as caught:
                self.api.submit(**good | {name: value})
            self.assertTrue(str(caught.exception).startswith(f"{name}:"), caught.exception)
        with self.assertRaisesRegex(FinanceApiError, "Base64"):
            self.api.submit(**good | {"content": "a%b", "encoding": "base64"})
        with self.assertRaisesRegex(FinanceApiError, "outbound"):
            self.api.submit(**good | {"interface": self.outbound.code})
        self.assertFalse(self.inbound.exchange_ids)

    def test_submit_refuses_more_than_the_limit(self):
        self.env["ir.config_parameter"].set_param("finance_connector_base.api_max_bytes", "10")
        with self.assertRaisesRegex(FinanceApiError, "11 bytes"):
            self.api.submit(self.code, "k1", "x" * 11)
        self.api.submit(self.code, "k1", "x" * 10)

    # === READ === #

    def test_status_and_timeline_tell_the_story(self):
        answer = self.api.submit(self.code, "k1", '{"amount": "1.00"}')
        self._exchange(answer)._job_process()
        status = self.api.status(answer["exchange"])
        self.assertEqual((status["status"], status["milestone"]), ("done", "posted"))
        self.assertEqual(next(iter(status["milestones"])), "received")
        self.assertEqual((status["attempts"], status["open_exceptions"]), (1, []))
        actions = [event["action"] for event in self.api.timeline(answer["exchange"])]
        self.assertEqual(actions[0], "exchange.received")
        self.assertIn("exchange.posted", actions)

    def test_explain_answers(self):
        answer = self.api.submit(self.code, "k1", '{"amount": "1.00"}')
        initiated = self.api.explain(answer["exchange"])["initiated"]
        self.assertEqual(initiated["by"], self.api.env.user.login)
        self.assertRegex(initiated["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")

    def test_list_interfaces_names_only_the_callers(self):
        self.assertEqual(
            [row["interface"] for row in self.api.list_interfaces()],
            sorted([self.inbound.code, self.outbound.code]),
        )
        self.outbound.api_user_ids = False
        self.assertEqual(
            [row["interface"] for row in self.api.list_interfaces()], [self.inbound.code]
        )

    def test_list_exceptions_filters_and_pages(self):
        reference = self._failed()
        listed = self.api.list_exceptions({"exchange": reference, "state": "open"}, limit=1)
        self.assertEqual(listed["total"], 1)
        self.assertEqual(listed["exceptions"][0]["code"], "mapping_missing")
        self.assertEqual(self.api.list_exceptions({"kind": "technical"})["total"], 0)
        self.assertEqual(self.api.list_exceptions(offset=1), {"total": 1, "exceptions": []})
        for arguments in (
            {"filters": [["id", ">", 0]]},
            {"filters": {"owner_id.login": "admin"}},
            {"filters": {"state": ["open"]}},
            {"limit": 0},
            {"limit": 201},
            {"limit": True},
            {"limit": "5"},
            {"offset": -1},
        ):
            with self.subTest(arguments), self.assertRaises(FinanceApiError):
                self.api.list_exceptions(**arguments)

    # === OPERATE === #

    def test_resolve_and_replay_need_to_be_granted(self):
        reference = self._failed()
        [exception] = self.api.list_exceptions()["exceptions"]
        with self.assertRaises(AccessError):
            self.api.resolve_exception(exception["exception"], "Done.")
        with self.assertRaises(AccessError):
            self.api.replay(reference)

    def test_resolve_closes_with_the_reason(self):
        self._failed()
        self._operate()
        [exception] = self.api.list_exceptions()["exceptions"]
        answer = self.api.resolve_exception(exception["exception"], "Mapping added.")
        self.assertEqual((answer["state"], answer["status"]), ("resolved", "ready"))
        with self.assertRaisesRegex(FinanceApiError, "closed"):
            self.api.resolve_exception(exception["exception"], "Again.")
        with self.assertRaisesRegex(FinanceApiError, "reason"):
            self.api.resolve_exception(exception["exception"], " ")

    def test_replay_tries_first_and_changes_nothing_twice(self):
        reference = self._failed()
        self._operate()
        self.repair()
        dry = self.api.replay(reference)
        self.assertTrue(dry["dry_run"] and dry["report"])
        exchange = self._exchange(dry)
        self.assertFalse(self.postings(exchange))
        self.assertEqual(self.api.replay(reference, dry_run=False)["status"], "ready")
        exchange._job_process()
        self.assertEqual(len(self.postings(exchange)), 1)
        with self.assertRaisesRegex(FinanceApiError, "dry_run"):
            self.api.replay(reference, dry_run="false")

    # === SCOPE === #

    def test_other_callers_have_none_of_it(self):
        reference = self._failed()
        [exception] = self.api.list_exceptions()["exceptions"]
        stranger_same_company = self.users["api", "b"].copy(
            {"login": "api_a2", "company_id": self.company_a.id, "company_ids": self.company_a.ids}
        )
        listed_in_other_company = self.users["api", "b"]
        self.inbound.api_user_ids += listed_in_other_company
        for user in (stranger_same_company, listed_in_other_company):
            user.group_ids += self.env.ref("finance_connector_base.group_finance_api_operator")
            api = self._as(user)
            self.assertEqual(api.list_interfaces(), [])
            self.assertEqual(api.list_exceptions()["total"], 0)
            for method, arguments in (
                ("submit", (self.code, "k2", "{}")),
                ("status", (reference,)),
                ("timeline", (reference,)),
                ("explain", (reference,)),
                ("replay", (reference,)),
                ("resolve_exception", (exception["exception"], "Mine now.")),
            ):
                with (
                    self.subTest(user=user.login, method=method),
                    self.assertRaises(FinanceApiNotFound),
                ):
                    getattr(api, method)(*arguments)

    def test_people_are_no_callers(self):
        reference = self._failed()
        self.inbound.api_user_ids += self.viewer + self.manager
        for user in (self.viewer, self.manager):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self._as(user).status(reference)

    def test_companies_in_the_context_choose(self):
        self.api_user.company_ids += self.company_b
        connection_b = self.make_connection("dummy", company_id=self.company_b.id)
        twin = self.make_interface(
            "dummy", connection_b, code=self.code, api_user_ids=[Command.set(self.api_user.ids)]
        )
        with self.assertRaisesRegex(FinanceApiError, "several"):
            self.api.submit(self.code, "k1", "{}")
        api = self._as(self.api_user, allowed_company_ids=self.company_b.ids)
        self.assertEqual(self._exchange(api.submit(self.code, "k1", "{}")).interface_id, twin)
        self.api_user.company_ids -= self.company_b
        with self.assertRaises(AccessError):
            self._as(self.api_user, allowed_company_ids=self.company_b.ids).list_interfaces()
