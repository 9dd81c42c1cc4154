from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import ExportCase


@tagged("post_install", "-at_install")
class TestContract(ExportCase):
    """Consumers can rely on a contract: it never changes, and a new one takes a second person."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dataset = cls.env.ref("reporting_export.dataset_journal_items")
        cls.contract = cls.dataset.active_contract_id

    def draft(self, user=None):
        return self.contract.with_user(user or self.manager).copy()

    def test_active_contract_cannot_be_changed(self):
        with self.assertRaises(UserError):
            self.contract.sum_columns = "debit"
        with self.assertRaises(UserError):
            self.contract.column_ids[0].name = "other"
        with self.assertRaises(UserError):
            self.contract.column_ids[0].unlink()
        with self.assertRaises(UserError):
            self.contract.unlink()
        with self.assertRaises(AccessError):
            self.contract.with_user(self.manager).state = "draft"

    def test_author_cannot_put_his_change_in_force(self):
        draft = self.draft()
        with self.assertRaises(UserError):
            draft.action_activate()
        draft.with_user(self.users["manager", "b"]).action_activate()
        self.assertEqual(self.dataset.active_contract_id, draft)
        self.assertEqual(self.contract.state, "retired")

    def test_no_contract_is_put_in_force_beside_its_button(self):
        draft = self.draft()
        datasets = self.dataset.with_user(self.manager)
        with self.assertRaises(AccessError):
            datasets.write({"active_contract_id": draft.id})
        values = {"name": "Entries", "code": "entries", "model": "account.move"}
        with self.assertRaises(AccessError):
            datasets.create({**values, "active_contract_id": draft.id})
        other = datasets.with_context(default_active_contract_id=draft.id).create(values)
        self.assertFalse(other.active_contract_id)
        contract = (
            draft.browse()
            .with_context(default_state="active", default_activated_by_id=self.env.uid)
            .create({"dataset_id": other.id})
        )
        self.assertEqual((contract.state, contract.activated_by_id.ids), ("draft", []))
        self.assertEqual(self.dataset.active_contract_id, self.contract)

    def test_source_under_a_contract_in_force_stays(self):
        dataset = self.dataset.with_user(self.manager)
        for values in (
            {"domain": "[]"},
            {"date_field": "date_maturity"},
            {"watched_fields": "move_id,partner_id"},
            {"control": "count"},
            {"code": "other"},
        ):
            with self.subTest(values), self.assertRaises(UserError):
                dataset.write(values)
        dataset.write({"name": "Items", "control": dataset.control})

    def test_contract_names_only_what_is_there_and_may_leave(self):
        for path in (
            "move_id.nothing",
            "nothing.name",
            "create_uid.password",
            "move_id.attachment_ids",
        ):
            with self.subTest(path):
                draft = self.draft()
                self.env["reporting.contract.column"].create(
                    {"contract_id": draft.id, "name": "extra", "path": path}
                )
                with self.assertRaises(ValidationError):
                    draft.with_user(self.users["manager", "b"]).action_activate()

    def test_dataset_is_data(self):
        dataset = (
            self.env["reporting.dataset"]
            .with_user(self.manager)
            .create(
                {
                    "name": "Journal entries",
                    "code": "entries",
                    "model": "account.move",
                    "domain": "[('state', '=', 'posted')]",
                }
            )
        )
        contract = (
            self.env["reporting.contract"]
            .with_user(self.manager)
            .create(
                {
                    "dataset_id": dataset.id,
                    "column_ids": [
                        (
                            0,
                            0,
                            {
                                "name": "id",
                                "path": "id",
                                "type": "integer",
                                "required": True,
                                "key": True,
                            },
                        ),
                        (0, 0, {"name": "number", "path": "name"}),
                    ],
                }
            )
        )
        contract.action_activate()
        self.make_invoice(10)
        run = self.run_export(
            self.env["reporting.export"].create(
                {
                    "name": "Entries",
                    "dataset_id": dataset.id,
                    "interface_id": self.reporting.id,
                    "entity_ids": [(6, 0, self.company_a.ids)],
                    "kind": "full",
                    "date_from": "2026-01-01",
                }
            )
        )
        self.assertEqual(run.state, "delivered")
        self.assertEqual(run.row_count, 1)
