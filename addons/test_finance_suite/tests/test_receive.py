import hashlib

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.exceptions import AccessError, ConcurrencyError
from odoo.tests import tagged

from odoo.addons.finance_connector_base.tools.errors import BusinessError, DuplicateKeyRace
from odoo.addons.test_finance_suite.tests.common import EngineCase


@tagged("post_install", "-at_install")
class TestReceive(EngineCase):
    """Received means stored, and one key is one exchange."""

    def test_receive_stores_encrypted_bytes_digest_milestone_and_job(self):
        content = b'{"amount": "1.00"}'
        exchange, is_new = self.receive(
            self.inbound,
            content,
            source="webhook",
            filename="../../etc/pass\x00wd.json",
            external_ref="E1",
        )
        self.assertTrue(is_new)
        self.assertEqual(exchange.digest, hashlib.sha256(content).hexdigest())
        self.assertEqual((exchange.milestone, exchange.work_status), ("received", "ready"))
        self.assertEqual(exchange.company_id, self.company_a)
        self.assertEqual(exchange.version_id, self.inbound.active_version_id)
        self.assertEqual(exchange.payload_ids.filename, "wd.json")
        self.assertEqual(exchange._content(), content)
        self.env.cr.execute(
            "SELECT ciphertext FROM finance_exchange_payload WHERE id = %s",
            [exchange.payload_ids.id],
        )
        self.assertNotIn(b"amount", bytes(self.env.cr.fetchone()[0]))
        self.assertEqual(self.jobs_of(exchange, "_job_process").channel, "root.finance.inbound")
        self.assertEqual(self.actions_of(exchange), ["exchange.received"])
        self.assertFalse(self.postings(exchange))

    def test_job_of_a_new_exchange_is_the_row_that_the_queue_would_have_made(self):
        exchange, _is_new = self.receive(self.inbound, {"amount": "1.00"})
        [ours] = self.job_rows(exchange)
        self.env.cr.execute("DELETE FROM queue_job WHERE id = %s", [ours["id"]])
        self.env.invalidate_all()
        exchange._enqueue()
        [theirs] = self.job_rows(exchange)
        for name in ("id", "uuid", "date_created"):
            self.assertTrue(ours.pop(name) and theirs.pop(name))
        self.assertEqual(ours, theirs)

    def job_rows(self, exchange):
        self.env["queue.job"].flush_model()
        self.env.cr.execute(
            "SELECT * FROM queue_job WHERE identity_key LIKE %s",
            [f"finance.exchange,{exchange.id},%"],
        )
        return self.env.cr.dictfetchall()

    def test_job_carries_ids_only(self):
        exchange, _is_new = self.receive(self.inbound, {"amount": "12345.67"})
        job = self.jobs_of(exchange, "_job_process")
        self.assertFalse(job.args or job.kwargs)
        self.assertEqual(job.user_id.id, SUPERUSER_ID)

    def test_same_key_and_content_again_is_the_same_exchange(self):
        first, _is_new = self.receive(self.inbound, b'{"amount": "1.00"}', "K")
        again, is_new = self.receive(self.inbound, b'{"amount": "1.00"}\n', "K")
        self.assertEqual(again, first)
        self.assertFalse(is_new)
        self.assertFalse(first.exception_ids)
        self.assertEqual(len(first.payload_ids), 1)

    def test_same_key_on_another_interface_is_another_exchange(self):
        first, _is_new = self.receive(self.inbound, {"amount": "1"}, "K")
        other, is_new = self.receive(
            self.make_interface("dummy", self.connection), {"amount": "1"}, "K"
        )
        self.assertTrue(is_new)
        self.assertNotEqual(first, other)

    def test_same_key_with_other_content_is_an_exception_and_never_a_posting(self):
        exchange = self.process(self.inbound, {"amount": "1.00"}, "K")
        other = b'{"amount": "9.00"}'
        for _delivery in range(2):
            again, is_new = self.receive(self.inbound, other, "K")
            self.assertEqual((again, is_new), (exchange, False))
        digest = hashlib.sha256(other).hexdigest()
        self.assertTrue(exchange._has_conflict(digest))
        self.assertFalse(exchange._has_conflict(exchange.digest))
        self.assertEqual(self.exception_codes(exchange), ["idempotency_conflict"])
        self.assertEqual(exchange.exception_ids.evidence["received_digest"], digest)
        evidence = exchange.payload_ids.filtered(lambda payload: payload.role == "evidence")
        self.assertEqual([payload._content() for payload in evidence], [other])
        self.run_jobs()
        self.assertEqual(self.postings(exchange).mapped("amount"), ["1.00"])
        self.assertEqual(exchange.work_status, "done")

    def test_other_content_that_comes_before_the_first_is_worked_on_changes_nothing_of_it(self):
        exchange, _is_new = self.receive(self.inbound, b'{"amount": "1.00"}', "K")
        self.receive(self.inbound, b'{"amount": "9.00"}', "K")
        self.run_jobs()
        self.assertEqual(self.postings(exchange).mapped("amount"), ["1.00"])
        self.assertEqual(exchange.work_status, "done")
        self.assertEqual(self.exception_codes(exchange), ["idempotency_conflict"])
        self.assertEqual(exchange.exception_ids.state, "open", "a person still looks at it")

    def test_key_stored_by_a_transaction_out_of_sight_is_a_race_and_not_an_error(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            vals = {
                "company_id": env.company.id,
                "adapter": "dummy",
                "name": "Race",
                "endpoint": "/nowhere",
            }
            connection = env["finance.connection"].create(vals)
            interfaces = env["finance.interface"].create(
                [
                    {
                        "name": handler,
                        "code": f"race.{handler}",
                        "handler": handler,
                        "connection_id": connection.id,
                        "company_id": env.company.id,
                    }
                    for handler in ("dummy", "dummy_out")
                ]
            )
        self.addCleanup(self._remove, connection.id)
        with self.registry.cursor() as late:
            late_env = api.Environment(late, SUPERUSER_ID, {})
            late_env["finance.exchange"].search_count([])  # takes the snapshot
            with self.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                exchanges = env["finance.exchange"]
                exchanges._receive(interfaces[0].with_env(env), "K", b"{}", source="api")
            exchanges = late_env["finance.exchange"]
            with self.assertRaises(DuplicateKeyRace), self.assertNoLogs("odoo.sql_db", "ERROR"):
                exchanges._receive(interfaces[0].with_env(late_env), "K", b"{}", source="api")
            late.rollback()
            late_env["finance.exchange"].search_count([])
            with self.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                env["finance.exchange"]._emit(interfaces[1].with_env(env), "K")
            with self.assertRaises(ConcurrencyError):
                exchanges._emit(interfaces[1].with_env(late_env), "K")
            late.rollback()
            again, is_new = exchanges._receive(
                interfaces[0].with_env(late_env), "K", b"{}", source="api"
            )
            self.assertTrue(again)
            self.assertFalse(is_new)

    def _remove(self, connection_id):
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM queue_job WHERE method_name IN ('_job_process', '_job_send')")
            cr.execute("DELETE FROM finance_exchange WHERE connection_id = %s", [connection_id])
            cr.execute("DELETE FROM finance_interface WHERE connection_id = %s", [connection_id])
            cr.execute("DELETE FROM finance_connection WHERE id = %s", [connection_id])

    def test_database_refuses_a_second_row_of_one_key(self):
        exchange, _is_new = self.receive(self.inbound, {"amount": "1"}, "K")
        with self.assertRaises(psycopg2.errors.UniqueViolation), self.env.cr.savepoint():
            self.env.cr.execute(
                """INSERT INTO finance_exchange (name, interface_id, connection_id, company_id, direction, source,
                       idempotency_key, correlation_id, work_status)
                   SELECT 'X', interface_id, connection_id, company_id, direction, source, idempotency_key, 'x', 'ready'
                     FROM finance_exchange WHERE id = %s""",
                [exchange.id],
                log_exceptions=False,
            )
        with self.assertRaises(ValueError):
            self.env["finance.exchange"]._receive(self.inbound, "", b"{}", source="api")

    def test_interface_that_is_off_stores_and_waits(self):
        interface = self.make_interface("dummy", self.connection, mode="off")
        exchange, is_new = self.receive(interface, {"amount": "1"})
        self.assertTrue(is_new)
        self.assertFalse(self.jobs_of(exchange, "_job_process"))
        exchange._job_process()
        self.assertEqual((exchange.work_status, exchange.milestone), ("ready", "received"))
        interface.with_user(self.manager).action_set_live()
        self.run_jobs()
        self.assertEqual(exchange.work_status, "done")

    def test_receiving_is_not_for_outbound_interfaces_nor_emitting_for_inbound_ones(self):
        with self.assertRaises(ValueError):
            self.receive(self.outbound, b"{}")
        with self.assertRaises(ValueError):
            self.env["finance.exchange"]._emit(self.inbound, "K")

    def test_tampered_payload_is_named_and_not_processed(self):
        exchange, _is_new = self.receive(self.inbound, {"amount": "1"})
        payload = exchange.payload_ids
        payload._seal(b'{"amount": "1000000"}')
        with self.assertRaises(BusinessError) as caught:
            exchange._content()
        self.assertEqual(caught.exception.code, "payload_tampered")
        self.run_jobs()
        self.assertEqual(self.exception_codes(exchange), ["payload_tampered"])
        self.assertFalse(self.postings(exchange))

    def test_nobody_writes_creates_or_deletes_by_hand(self):
        exchange = self.process(self.inbound, {"amount": "1"})
        records = (exchange, exchange.payload_ids, exchange.attempt_ids)
        for user in (
            *(
                self.users[group, "a"]
                for group in ("viewer", "operator", "manager", "auditor", "api")
            ),
        ):
            for record in records:
                own = record.with_user(user)
                with self.assertRaises(AccessError):
                    own.write({"company_id": self.company_b.id})
                with self.assertRaises(AccessError):
                    own.unlink()
                with self.assertRaises(AccessError):
                    own.create({})
            with self.assertRaises(AccessError):
                exchange.with_user(user).with_context(import_file=True).write(
                    {"work_status": "ready"}
                )

    def test_other_company_sees_nothing(self):
        exchange = self.process(self.inbound, {"amount": "1"})
        for user in (self.users["manager", "b"], self.users["viewer", "b"]):
            for record in (exchange, exchange.payload_ids, exchange.attempt_ids):
                self.assertFalse(record.with_user(user).search([("id", "in", record.ids)]))
                with self.assertRaises(AccessError):
                    record.with_user(user).read(["company_id"])
