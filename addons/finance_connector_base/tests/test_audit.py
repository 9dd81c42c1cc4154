import io
import json
import tempfile
from pathlib import Path
from unittest.mock import patch

from psycopg2.errors import InsufficientPrivilege

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.finance_connector_base.models.finance_environment import FinanceEnvironment
from odoo.addons.finance_connector_base.tests.common import FinanceCase
from odoo.addons.finance_connector_base.tools import audit_anchor, audit_chain
from odoo.addons.finance_connector_base.tools.settings import Settings
from odoo.addons.finance_connector_base.tools.vault import KeyRing

TABLES = ("finance_audit_event", "finance_audit_seal")
IBAN = "DE89370400440532013000"


@tagged("post_install", "-at_install")
class TestAudit(FinanceCase):
    """The trail only grows, and whoever changes it as the owner of the tables is found."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.anchor = Path(folder) / "anchor.jsonl"
        settings = Settings(key_file=str(Path(folder) / "ring.keys"), audit_anchor=str(cls.anchor))
        KeyRing.generate(settings.key_file, "k1")
        cls.startClassPatcher(patch.object(FinanceEnvironment, "_settings", lambda self: settings))
        cls.events = cls.env["finance.audit.event"]
        cls.seals = cls.env["finance.audit.seal"]
        cls.connection = cls.make_connection("webhook")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.anchor.unlink, missing_ok=True)
        # The trail of the database that the tests run in is not ours to verify.
        self.env.flush_all()
        for table in TABLES:
            self.as_owner(f"DELETE FROM {table}")

    # === HELPERS === #

    def as_owner(self, query, params=None):
        """What only the owner of the tables can do: carry out ``query`` without the triggers."""
        for table in TABLES:
            self.env.cr.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        self.env.cr.execute(query, params)
        for table in TABLES:
            self.env.cr.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            self.env.cr.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only")
        self.env.invalidate_all()

    def log(self, count=1):
        """:return: ids of the new events, in order"""
        before = self.events.search([], limit=1).id or 0
        for number in range(count):
            self.events._log("test.done", self.connection, summary=f"Number {number}")
        return self.events.search([("id", ">", before)], order="id").ids

    def chain(self):
        self.env.invalidate_all()
        return self.seals.search([], order="position")

    def finding(self):
        found = self.seals._verify().finding
        return found and (found.kind, found.position)

    # === WRITING === #

    def test_event_holds_plain_masked_values(self):
        self.events.with_user(self.operator)._log(
            "test.done",
            self.connection,
            summary=f"Paid to {IBAN}\0 today",
            details={"iban": IBAN, "password": "hunter2", "count": 2},
        )
        event = self.events.search([("action", "=", "test.done")])
        self.assertEqual(
            (event.user_id, event.user_login, event.company_id, event.res_model, event.res_id),
            (
                self.operator.id,
                "operator_a",
                self.company_a.id,
                "finance.connection",
                self.connection.id,
            ),
        )
        stored = event.summary + event.details
        self.assertNotIn(IBAN, stored)
        self.assertNotIn("hunter2", stored)
        self.assertEqual(json.loads(event.details)["count"], 2)
        self.assertFalse([each for each in self.events._fields.values() if each.type == "many2one"])

    def test_database_says_when(self):
        self.env.cr.execute(
            "INSERT INTO finance_audit_event (action, event_time) VALUES ('test.done', '2001-01-01')"
        )
        self.assertGreater(self.events.search([]).event_time.year, 2001)

    def test_postgresql_refuses_update_delete_and_truncate(self):
        self.log(2)
        self.seals._seal()
        for table, column in zip(TABLES, ("summary", "event_hash"), strict=True):
            for query in (
                f"UPDATE {table} SET {column} = 'x'",
                f"DELETE FROM {table}",
                f"TRUNCATE {table}",
                # A statement that meets no row is refused all the same.
                f"DELETE FROM {table} WHERE id = 0",
            ):
                with (
                    self.subTest(query=query),
                    mute_logger("odoo.sql_db"),
                    self.assertRaises(InsufficientPrivilege),
                    self.env.cr.savepoint(),
                ):
                    self.env.cr.execute(query)
        self.assertTrue(self.seals._verify().ok)

    def test_triggers_fire_for_replication_too(self):
        self.env.cr.execute(
            "SELECT tgrelid::regclass::text, tgenabled FROM pg_trigger WHERE tgname LIKE %s ORDER BY 1",
            ["finance_audit_%_append_only"],
        )
        self.assertEqual(self.env.cr.fetchall(), [(table, "A") for table in TABLES])

    def test_orm_refuses_everybody(self):
        self.log()
        self.seals._seal()
        admin = self.env.ref("base.user_admin")
        for records, vals in (
            (self.events.search([]), {"summary": "x"}),
            (self.seals.search([]), {"event_hash": "x"}),
        ):
            for user in (admin, self.manager, self.auditor):
                as_user = records.with_user(user)
                for attempt in (
                    lambda r=as_user, v=vals: r.write(v),
                    lambda r=as_user: r.unlink(),
                    lambda r=as_user, v=vals: r.create(v),
                ):
                    with self.subTest(model=records._name, user=user.login):
                        self.assertRaises(AccessError, attempt)
            with mute_logger("odoo.sql_db"):
                with self.assertRaises(InsufficientPrivilege), self.env.cr.savepoint():
                    records.sudo().write(vals)
                    self.env.flush_all()
                self.env.invalidate_all(flush=False)
                with self.assertRaises(InsufficientPrivilege), self.env.cr.savepoint():
                    records.sudo().unlink()
            self.env.invalidate_all(flush=False)

    # === SEALING === #

    def test_sealing_gives_positions_and_a_chain(self):
        ids = self.log(3)
        self.assertEqual(self.seals._seal(limit=2), 2)
        self.assertEqual(self.seals._seal(limit=2), 1)
        self.assertEqual(self.seals._seal(), 0)
        seals = self.chain()
        self.assertEqual(seals.mapped("position"), [1, 2, 3])
        self.assertEqual(seals.mapped("event_id"), ids)
        previous = audit_chain.GENESIS
        for seal, (row, event) in zip(seals, self.seals._iter_chain(), strict=True):
            self.assertEqual(seal.event_hash, audit_chain.event_hash(event))
            self.assertEqual(seal.chain_hash, audit_chain.chain_hash(previous, row))
            previous = seal.chain_hash
        result = self.seals._verify()
        self.assertEqual((result.finding, result.sealed, result.chain_hash), (None, 3, previous))

    def test_late_commit_is_sealed_later_and_not_lost(self):
        first, late, last = (self.next_id() for _number in range(3))
        self.insert(first)
        self.insert(last)
        self.seals._seal()
        # It took its number and time before the last one, and became visible after it was sealed.
        self.insert(late)
        self.as_owner(
            "UPDATE finance_audit_event SET event_time = event_time - interval '10 minutes' WHERE id = %s",
            [late],
        )
        self.assertEqual(self.seals._verify().unsealed, 1)
        self.assertEqual(self.seals._seal(), 1)
        self.assertEqual(self.chain().mapped("event_id"), [first, last, late])
        self.assertTrue(self.seals._verify().ok)

    def test_backdated_event_is_named_and_not_sealed(self):
        self.log()
        self.seals._seal()
        [forged] = self.log()
        self.as_owner(
            "UPDATE finance_audit_event SET event_time = event_time - interval '2 days' WHERE id = %s",
            [forged],
        )
        self.assertEqual(self.seals._seal(), 0)
        found = self.seals._verify().finding
        self.assertEqual((found.kind, found.event_id), ("out_of_order", forged))

    def next_id(self):
        self.env.cr.execute("SELECT nextval('finance_audit_event_id_seq')")
        return self.env.cr.fetchone()[0]

    def insert(self, event_id):
        self.env.cr.execute(
            "INSERT INTO finance_audit_event (id, action) VALUES (%s, 'test.done')", [event_id]
        )

    # === VERIFICATION === #

    def test_first_bad_row_is_named(self):
        ids = self.log(5)
        self.seals._seal()
        self.assertIsNone(self.finding())
        cases = (
            (
                "event_changed",
                "UPDATE finance_audit_event SET summary = 'x' WHERE id IN (%s, %s)",
                (ids[1], ids[3]),
                2,
            ),
            (
                "event_changed",
                "UPDATE finance_audit_event SET user_login = 'x' WHERE id = %s",
                (ids[4],),
                5,
            ),
            ("event_missing", "DELETE FROM finance_audit_event WHERE id = %s", (ids[2],), 3),
            (
                "seal_changed",
                "UPDATE finance_audit_seal SET event_hash = 'x' WHERE position = %s",
                (4,),
                4,
            ),
            (
                "seal_changed",
                "UPDATE finance_audit_seal SET sealed_at = sealed_at - interval '1 s' WHERE position = %s",
                (1,),
                1,
            ),
            ("seal_missing", "DELETE FROM finance_audit_seal WHERE position = %s", (2,), 2),
        )
        for kind, query, params, position in cases:
            with self.subTest(query=query), self.env.cr.savepoint() as savepoint:
                self.as_owner(query, params)
                self.assertEqual(self.finding(), (kind, position))
                savepoint.rollback()
        self.assertIsNone(self.finding())

    def test_cut_tail_contradicts_the_anchor(self):
        ids = self.log(4)
        self.seals._seal()
        self.seals._anchor()
        self.assertEqual(self.seals._verify().anchored, 4)
        self.as_owner("DELETE FROM finance_audit_seal WHERE position > 2")
        self.as_owner("DELETE FROM finance_audit_event WHERE id > %s", [ids[1]])
        self.assertEqual(self.finding(), ("tail_cut", 3))
        self.assertTrue(self.seals._anchor_ahead())
        self.anchor.unlink()
        self.assertEqual(self.finding()[0], "anchor_damaged")
        self.env["ir.config_parameter"].search([("key", "like", "audit_anchor_begun")]).unlink()
        self.assertIsNone(self.finding(), "only the anchor knows of a tail that was cut")

    def test_removed_anchor_is_named_until_it_is_back(self):
        self.log(2)
        self.seals._seal()
        self.seals._anchor()
        kept = self.anchor.read_bytes()
        for damage in (self.anchor.unlink, lambda: self.anchor.write_bytes(b"")):
            damage()
            self.log(1)
            self.seals._seal()
            self.seals._anchor()
            self.assertFalse(self.anchor.exists() and self.anchor.read_bytes(), "not begun anew")
            found = self.seals._verify().finding
            self.assertEqual(found.kind, "anchor_damaged")
            self.assertIn("removed or emptied", found.message)
            exception = self.env["finance.exception"].search([("code", "=", "audit_anchor_failed")])
            self.assertIn("removed or emptied", exception.summary)
        self.anchor.write_bytes(kept)
        self.assertIsNone(self.finding())
        self.seals._anchor()
        self.assertNotEqual(self.anchor.read_bytes(), kept)
        self.assertIsNone(self.finding())

    def test_another_file_begins_another_anchor_and_says_so(self):
        self.log(1)
        self.seals._seal()
        self.seals._anchor()
        other = self.anchor.with_name("other.jsonl")
        self.addCleanup(other.unlink, missing_ok=True)
        settings = Settings(
            key_file=str(self.anchor.with_name("ring.keys")), audit_anchor=str(other)
        )
        with patch.object(FinanceEnvironment, "_settings", lambda self: settings):
            self.seals._anchor()
            self.assertIsNone(self.seals._verify().finding)
        self.assertEqual(
            self.env["finance.audit.event"].search_count([("action", "=", "audit.anchor_begun")]), 2
        )

    def test_rewritten_chain_contradicts_the_anchor(self):
        ids = self.log(3)
        self.seals._seal()
        self.seals._anchor()
        self.as_owner("DELETE FROM finance_audit_seal")
        self.as_owner("UPDATE finance_audit_event SET summary = 'x' WHERE id = %s", [ids[0]])
        self.seals._seal()
        self.assertEqual(self.finding(), ("anchor_mismatch", 3))

    def test_anchor_written_by_others_is_named(self):
        self.log()
        self.seals._seal()
        self.seals._anchor()
        self.assertTrue(self.seals._verify().ok)
        forged = audit_anchor.last_record(self.anchor, self.seals._database_uuid())
        audit_anchor.append(str(self.anchor), forged | {"position": 9})
        found = self.seals._verify().finding
        self.assertEqual(found.kind, "anchor_damaged")
        self.assertIn("Line 2", found.message)

    def test_failed_verification_opens_one_critical_exception(self):
        ids = self.log(2)
        self.seals._seal()
        self.as_owner("UPDATE finance_audit_event SET summary = 'x' WHERE id = %s", [ids[0]])
        with mute_logger("odoo.addons.finance_connector_base.models.finance_audit_seal_verify"):
            self.seals._verify_and_report()
            self.seals._verify_and_report()
        exception = self.env["finance.exception"].search(
            [("code", "=", "audit_chain_broken"), ("unit_key", "=", "event_changed:1")]
        )
        self.assertEqual(
            (len(exception), exception.severity, exception.kind, exception.state),
            (1, "3", "technical", "open"),
        )
        self.assertEqual(
            exception.evidence, {"kind": "event_changed", "position": 1, "event_id": ids[0]}
        )
        traces = self.events.search([("action", "=", "audit.verification_failed")])
        self.assertEqual(len(traces), 2)

    def test_scheduled_verification_seals_anchors_and_leaves_a_trace(self):
        ids = self.log(3)
        cron = self.env.registry["ir.cron"]
        with patch.object(cron, "_commit_progress", lambda self, *args, **kwargs: 60):
            self.seals._cron_verify()
        self.assertGreaterEqual(set(self.chain().mapped("event_id")), set(ids))
        self.assertEqual(
            audit_anchor.last_record(self.anchor, self.seals._database_uuid())["position"],
            self.chain()[-1].position,
        )
        self.assertEqual(len(self.events.search([("action", "=", "audit.verified")])), 1)

    def test_archive_verifies_outside_odoo(self):
        ids = self.log(3)
        self.seals._seal()
        self.seals._anchor()
        self.log(1)
        path = self.make_folder() / "archive.jsonl"
        stream = io.StringIO()
        # With the event that the anchor was begun.
        self.assertEqual(self.seals._export(stream), 5)
        path.write_text(stream.getvalue())
        with patch("sys.stdout", io.StringIO()) as told:
            self.assertEqual(audit_chain.main([str(path), str(self.anchor)]), 0)
            self.assertIn("3 events verify", told.getvalue())
        path.write_text(stream.getvalue().replace("Number 1", "Number 7"))
        with patch("sys.stdout", io.StringIO()) as told:
            self.assertEqual(audit_chain.main([str(path)]), 1)
            self.assertIn(f"Event {ids[1]} (position 2)", told.getvalue())

    # === ACCESS === #

    def test_only_auditors_read_and_verify(self):
        self.log()
        self.seals._seal()
        for user in (self.viewer, self.operator, self.api_user):
            with self.subTest(user=user.login):
                for attempt in (
                    self.events.with_user(user).search,
                    self.seals.with_user(user).search,
                ):
                    self.assertRaises(AccessError, attempt, [])
                self.assertRaises(AccessError, self.seals.with_user(user).action_verify)
        for user in (self.auditor, self.manager):
            with self.subTest(user=user.login):
                self.assertTrue(self.events.with_user(user).search([]))
                told = self.seals.with_user(user).action_verify()
                self.assertEqual(told["params"]["type"], "success")

    def test_auditor_sees_own_company_and_what_belongs_to_none(self):
        other = self.make_connection("webhook", company_id=self.company_b.id)
        self.events._log("test.alder", self.connection)
        self.events._log("test.birch", other)
        self.events._log("test.nobody")
        for letter, own in (("a", "test.alder"), ("b", "test.birch")):
            seen = self.events.with_user(self.users["auditor", letter]).search(
                [("action", "in", ["test.alder", "test.birch", "test.nobody"])], order="id"
            )
            self.assertEqual(seen.mapped("action"), [own, "test.nobody"])
