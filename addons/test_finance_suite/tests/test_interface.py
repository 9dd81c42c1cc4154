from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.test_finance_suite.tests.common import EngineCase


@tagged("post_install", "-at_install")
class TestInterface(EngineCase):
    """What an interface does changes by versions that somebody else approved, and is never rewritten."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second_manager = new_test_user(
            cls.env,
            "second_manager",
            groups="finance_connector_base.group_finance_manager",
            company_id=cls.company_a.id,
        )

    def new_interface(self, **values):
        return (
            self.env["finance.interface"]
            .with_user(self.manager)
            .create(
                {
                    "name": "New",
                    "code": f"new.{next(self._keys)}",
                    "handler": "dummy",
                    "connection_id": self.connection.id,
                    "company_id": self.company_a.id,
                    **values,
                }
            )
        )

    def draft(self, interface, **values):
        return (
            self.env["finance.interface.version"]
            .with_user(self.manager)
            .create({"interface_id": interface.id, "reason": "Faster retries.", **values})
        )

    def test_first_version_may_be_activated_by_its_author_while_the_interface_is_off(self):
        interface = self.new_interface()
        version = self.draft(interface)
        version.action_propose()
        version.action_activate()
        self.assertEqual((version.state, version.approved_by_id), ("active", self.manager))
        self.assertTrue(version.effective_from)
        self.assertEqual(interface.active_version_id, version)

    def test_later_version_needs_somebody_who_had_no_part_in_it(self):
        version = self.draft(self.inbound, max_attempts=3)
        version.with_user(self.second_manager).write({"max_attempts": 4})
        version.action_propose()
        for user in (self.manager, self.second_manager):
            with self.assertRaises(AccessError):
                version.with_user(user).action_activate()
        third = new_test_user(
            self.env,
            "third_manager",
            groups="finance_connector_base.group_finance_manager",
            company_id=self.company_a.id,
        )
        before = self.inbound.active_version_id
        version.with_user(third).action_activate()
        self.assertEqual((before.state, version.state), ("retired", "active"))
        self.assertEqual(self.inbound.active_version_id, version)
        self.assertEqual(version.approved_by_id, third)

    def test_switching_the_interface_off_does_not_make_a_later_version_a_first_one(self):
        self.inbound.with_user(self.manager).action_set_off()
        version = self.draft(self.inbound)
        version.action_propose()
        with self.assertRaises(AccessError):
            version.action_activate()

    def test_version_is_fixed_once_proposed_for_the_superuser_too(self):
        version = self.draft(self.inbound)
        version.action_propose()
        for record in (version, version.sudo(), self.inbound.active_version_id.sudo()):
            for vals in (
                {"max_attempts": 99},
                {"settings": {"a": 1}},
                {"reason": "Other"},
                {"retention_days": 1},
            ):
                with self.assertRaises(UserError):
                    record.write(vals)
        version.action_withdraw()
        version.write({"max_attempts": 9})

    def test_governed_fields_cannot_be_forged(self):
        other = self.second_manager
        for vals in (
            {"state": "active"},
            {"author_id": other.id},
            {"approved_by_id": other.id},
            {"contributor_ids": [(6, 0, [])]},
            {"number": 77},
            {"effective_from": "2020-01-01"},
        ):
            with self.assertRaises(AccessError):
                self.draft(self.inbound, **vals)
            with self.assertRaises(AccessError):
                self.draft(self.inbound).write(vals)
        interface = self.new_interface()
        version = self.draft(interface)
        for vals in ({"mode": "live"}, {"active_version_id": version.id}):
            with self.assertRaises(AccessError):
                self.new_interface(**vals)
            with self.assertRaises(AccessError):
                interface.write(vals)
        with self.assertRaises(AccessError):
            interface.write({"version_ids": [(1, version.id, {"state": "active"})]})

    def test_default_keys_neither_switch_on_nor_approve(self):
        defaults = {
            "default_mode": "live",
            "default_active_version_id": self.inbound.active_version_id.id,
            "default_state": "active",
            "default_approved_by_id": self.second_manager.id,
            "default_effective_from": "2020-01-01",
        }
        model = self.env["finance.interface"].with_user(self.manager).with_context(**defaults)
        interface = model.create(
            {
                "name": "New",
                "code": "born.live",
                "handler": "dummy",
                "connection_id": self.connection.id,
                "company_id": self.company_a.id,
            }
        )
        self.assertEqual((interface.mode, interface.active_version_id.ids), ("off", []))
        version = (
            model.env["finance.interface.version"]
            .with_context(**defaults)
            .create({"interface_id": interface.id, "reason": "First."})
        )
        self.assertEqual(version.state, "draft")
        self.assertFalse(version.approved_by_id or version.effective_from)

    def test_proposal_without_a_reason_is_refused(self):
        version = self.draft(self.inbound, reason=False)
        with self.assertRaises(UserError):
            version.action_propose()

    def test_difference_to_the_active_version_can_be_read(self):
        version = self.draft(self.inbound, max_attempts=3, settings={"details": "split"})
        self.assertEqual(
            version.change_summary, 'Settings: - → {"details": "split"}\nMax Attempts: 8 → 3'
        )

    def test_version_that_was_in_use_is_never_deleted(self):
        interface = self.make_interface("dummy", self.connection)
        used = interface.active_version_id
        self.activate_version(interface)
        for record in (used, interface.active_version_id):
            with self.assertRaises(UserError):
                record.with_user(self.manager).unlink()
        with self.assertRaises(UserError):
            interface.with_user(self.manager).unlink()
        draft = self.draft(interface)
        draft.unlink()
        self.assertFalse(draft.exists())

    def test_copies_start_anew(self):
        interface = self.inbound.with_user(self.manager).copy({"code": "copied"})
        self.assertEqual((interface.mode, interface.active_version_id.id), ("off", False))
        version = self.inbound.active_version_id.with_user(self.second_manager).copy()
        self.assertEqual((version.state, version.number), ("draft", 2))
        self.assertEqual(version.author_id, self.second_manager)
        self.assertEqual(version.contributor_ids, self.second_manager)

    def test_mode_needs_an_active_version_and_leaves_a_trace(self):
        interface = self.new_interface()
        for action in (interface.action_set_live, interface.action_set_shadow):
            with self.assertRaises(UserError):
                action()
        self.activate_version(interface)
        interface.action_set_shadow()
        interface.action_set_live()
        self.assertEqual(interface.mode, "live")
        self.env.flush_all()
        events = self.env["finance.audit.event"].search(
            [("res_model", "=", "finance.interface"), ("res_id", "=", interface.id)], order="id"
        )
        switched = events.filtered(lambda event: event.action == "interface.mode_changed")
        self.assertEqual(len(switched), 2)
        self.assertEqual(set(switched.mapped("user_login")), {"manager_a"})

    def test_only_managers_govern(self):
        version = self.draft(self.inbound)
        for user in (
            self.operator,
            self.viewer,
            self.auditor,
            self.api_user,
            self.users["manager", "b"],
        ):
            for call in (
                version.with_user(user).action_propose,
                version.with_user(user).action_activate,
                version.with_user(user).action_withdraw,
                self.inbound.with_user(user).action_set_off,
                self.inbound.with_user(user).action_set_live,
            ):
                with self.assertRaises(AccessError):
                    call()

    def test_interface_in_use_keeps_what_its_exchanges_inherited(self):
        self.process(self.inbound, {"amount": "1"})
        interface = self.inbound.with_user(self.manager)
        with self.assertRaises(UserError):
            interface.write({"connection_id": self.make_connection("dummy").id})
        interface.action_set_off()
        interface.write({"name": "Renamed", "handler": "dummy"})
        for vals in ({"handler": "dummy_out"}, {"company_id": self.company_b.id}):
            with self.assertRaises(UserError):
                interface.sudo().write(vals)

    def test_connection_of_another_company_is_refused(self):
        foreign = self.make_connection("dummy", company_id=self.company_b.id)
        with self.assertRaises(UserError):
            self.env["finance.interface"].create(
                {
                    "name": "Mixed",
                    "code": "mixed",
                    "handler": "dummy",
                    "connection_id": foreign.id,
                    "company_id": self.company_a.id,
                }
            )
