from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import TreasuryCase

DIALOGS = {"treasury.payment.proof", "treasury.recall.request", "treasury.report.upload"}
#: What may be made, changed or deleted over RPC, as far as its own guards let it.
WRITABLE = {
    "viewer": set(),
    "clerk": set(),
    "approver": DIALOGS | {"treasury.approval.delegation", "treasury.payment.refusal"},
    "preparer": DIALOGS
    | {
        "treasury.mandate",
        "treasury.payment.order",
        "treasury.payment.run",
        "treasury.payment.run.line",
    },
}


@tagged("post_install", "-at_install")
class TestWhoWrites(TreasuryCase):
    """What a caller without a screen may touch, group by group: the list is whole, and fails when it grows."""

    def models(self):
        return [
            model
            for name, model in self.env.items()
            if name.startswith("treasury.") and not model._abstract
        ]

    def user_of(self, kind):
        if kind in ("approver", "preparer"):
            return getattr(self, kind)
        group = {
            "viewer": "finance_connector_base.group_finance_viewer",
            "clerk": "account.group_account_invoice",
        }[kind]
        return new_test_user(
            self.env,
            kind,
            groups=group,
            company_id=self.company_a.id,
            company_ids=[Command.set(self.company_a.ids)],
        )

    def test_each_group_writes_what_is_its_own(self):
        for kind, wanted in WRITABLE.items():
            user = self.user_of(kind)
            found = {
                model._name
                for model in self.models()
                if any(
                    model.with_user(user).has_access(operation)
                    for operation in ("create", "write", "unlink")
                )
            }
            self.assertEqual(found, wanted, kind)

    def test_what_the_machine_writes_nobody_else_does(self):
        self.approved(100)
        written = [model for model in self.models() if hasattr(model, "_check_engine")]
        self.assertGreater(len(written), 5)
        for model in written:
            records = model.sudo().search([], limit=1)
            for name, act in {
                "create": lambda records: records.create({}),
                "write": lambda records: records.write({"display_name": "x"}),
                "unlink": lambda records: records.unlink(),
                "web_save": lambda records: records.web_save({"display_name": "x"}, {}),
            }.items():
                with self.subTest(f"{name} of {model._name}"), self.assertRaises(AccessError):
                    act(records)

    def test_approver_of_another_company_finds_nothing(self):
        self.approved(100)
        stranger = self.make_user("approver_b", "approver", self.company_b)
        for model in self.models():
            if "company_id" not in model._fields or not model._auto:
                continue
            ours = model.sudo().search([("company_id", "=", self.company_a.id)])
            if ours and model.with_user(stranger).has_access("read"):
                found = model.with_user(stranger).search([("id", "in", ours.ids)])
                self.assertFalse(found, model._name)
