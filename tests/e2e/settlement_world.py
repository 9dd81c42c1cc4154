"""A company that is paid over Stripe: a real Odoo, the sandbox, and what both hold of the money."""

SECRET = "whsec_of_the_sandbox"
SETUP = """
from odoo import Command
env["ir.config_parameter"].set_param("web.base.url", {odoo_url!r})
company = env.company
env.ref("base.EUR").active = True
company.currency_id = env.ref("base.EUR")
company.payments_await_bank = True
accounts = dict()
for code in ("199801", "199802", "699801", "699802"):
    kind = "asset_current" if code < "2" else "expense"
    accounts[code] = env["account.account"].create({{
        "name": "Stripe " + code, "code": code, "account_type": kind, "reconcile": kind == "asset_current",
        "company_ids": [Command.set(company.ids)]}})
connection = env["finance.connection"].create({{
    "name": "Stripe", "adapter": "stripe", "environment": "sandbox", "company_id": company.id,
    "endpoint": {url!r} + "/stripe/v1", "allow_private_address": True}})
for kind, secret in (("api_key", "sk_test_sandbox"), ("signing_secret", {secret!r})):
    env["finance.credential"].create({{
        "name": kind, "connection_id": connection.id, "kind": kind, "secret": secret}})
interface = env["finance.interface"].create({{
    "name": "Stripe", "code": "e2e.stripe", "handler": "gateway_settlement", "connection_id": connection.id,
    "company_id": company.id, "sync_mode": "event"}})
version = env["finance.interface.version"].create({{
    "interface_id": interface.id, "reason": "Needed by a test.", "base_seconds": 1, "cap_seconds": 2,
    "max_attempts": 50}})
version.action_propose()
version.action_activate()
interface.action_set_live()
gateway = env["treasury.gateway"].create({{
    "name": "Stripe", "interface_id": interface.id,
    "journal_id": env["account.journal"].create({{"name": "Stripe", "code": "STRP", "type": "bank"}}).id,
    "clearing_account_id": accounts["199801"].id, "transit_account_id": accounts["199802"].id,
    "fee_account_id": accounts["699801"].id, "difference_account_id": accounts["699802"].id,
    "next_run_at": "2099-01-01"}})
customers = env["res.partner"].create([{{"name": "Customer %s" % number}} for number in range(20)])
invoices = env["account.move"].create([{{
    "move_type": "out_invoice", "partner_id": customers[number % 20].id, "invoice_date": "2026-11-02",
    "invoice_line_ids": [Command.create({{
        "name": "Goods", "quantity": 1, "price_unit": 10 + number / 100, "tax_ids": [Command.clear()]}})]}}
    for number in range({count})])
invoices.action_post()
print(gateway.id, interface.id, connection.webhook_token, *invoices.mapped("name"))
"""


class SettlementWorld:
    """Invoices that customers pay over Stripe, and what becomes of the money.

    :ivar invoices: their numbers.
    """

    def __init__(self, server, sandbox, count):
        self.server, self.sandbox = server, sandbox
        printed = server.shell(
            SETUP.format(odoo_url=server.url, url=sandbox.url, secret=SECRET, count=count)
        ).split()
        self.gateway_id, self.interface_id = map(int, printed[:2])
        self.webhook_url = f"{server.url}/finance/webhook/{printed[2]}"
        self.invoices = printed[3:]

    def control(self, method, path, body=None):
        return self.sandbox.control(method, f"/control/stripe/{path}", body)

    def live_a_month(self):
        """Customers pay everything, in three payouts; each 20th payment is refunded in part, one is charged back and
        lost, one charged back and won, one refund fails; the second payout comes back.
        """
        third = len(self.invoices) // 3
        charges = []
        for number in range(3):
            last = None if number == 2 else (number + 1) * third
            charges += self.pay(range(len(self.invoices))[number * third : last])
            self.money_goes_back(charges[number * third :], number)
            payout = self.control("POST", "payouts", {"currency": "eur"})
            if number == 1:
                self.control("POST", f"payouts/{payout['id']}/fail", {})

    def pay(self, numbers):
        rows = [
            {
                "amount": 1000 + number,
                "currency": "eur",
                "metadata": {"invoice": self.invoices[number]},
            }
            for number in numbers
        ]
        made = []
        for start in range(0, len(rows), 500):
            made += self.control("POST", "payments", rows[start : start + 500])["charges"]
        return made

    def money_goes_back(self, charges, number):
        for charge in charges[::20]:
            self.control("POST", "refunds", {"charge": charge["id"], "amount": 250})
        self.control("POST", "refunds", {"charge": charges[1]["id"], "amount": 300, "fails": True})
        if number < 2:
            dispute = self.control("POST", "disputes", {"charge": charges[2]["id"]})
            self.control("POST", f"disputes/{dispute['id']}/close", {"won": number == 1})

    def deliver(self, **how):
        """Let Stripe deliver what it has not delivered yet; ids of the events that it loses."""
        return self.control("POST", "webhooks", {"url": self.webhook_url, "secret": SECRET, **how})

    def statuses(self):
        return self.control("GET", "webhooks")["statuses"]

    def fetch(self):
        """What the schedule does."""
        gateways = self.server.rpc().env["treasury.gateway"]
        gateways.browse(self.gateway_id).action_fetch_now()

    def exchanges(self):
        """:return: number of exchanges by work status"""
        return dict(
            self.server.sql(
                "SELECT work_status, count(*) FROM finance_exchange WHERE interface_id = %s GROUP BY 1",
                [self.interface_id],
            )
        )

    def unproven(self):
        """:return: payouts that are over at the gateway, and not proven here"""
        [(count,)] = self.server.sql(
            "SELECT count(*) FROM treasury_settlement WHERE kind = 'payout' AND proof_state != 'proven'"
        )
        return count

    def held(self):
        """What Odoo has of the money, in the words and minor units of the sandbox's truth."""
        told = {}
        for kind, states in (
            ("payment", ("succeeded",)),
            ("refund", ("succeeded",)),
            ("dispute", ("open", "withdrawn", "lost")),
        ):
            [(count, total)] = self.server.sql(
                "SELECT count(*), coalesce(sum(amount), 0) FROM treasury_settlement"
                " WHERE kind = %s AND state = ANY(%s)",
                [kind, list(states)],
            )
            told[f"{kind}s"] = {"eur": {"count": count, "amount": round(total * 100)}}
        told["payouts"] = {
            name: (state, round(amount * 100), round(gross * 100), round(fees * 100))
            for name, state, amount, gross, fees in self.server.sql(
                "SELECT external_id, state, amount, total_gross, total_fee FROM treasury_settlement"
                " WHERE kind = 'payout'"
            )
        }
        return told

    def truth(self):
        """What the sandbox has of it."""
        told = self.control("GET", "truth")
        payouts = {
            item["id"]: (item["status"], item["amount"], item["gross"], item["fees"])
            for item in told.pop("payouts")
        }
        return {
            **{name: told[name] for name in ("payments", "refunds", "disputes")},
            "payouts": payouts,
        }

    def balances(self):
        """:return: the clearing account and the account of payouts in transit, in cents"""
        found = dict(
            self.server.sql(
                "SELECT account.name->>'en_US', round(sum(item.balance) * 100) FROM account_move_line item"
                " JOIN account_account account ON account.id = item.account_id"
                " WHERE item.parent_state = 'posted' AND account.name->>'en_US' LIKE 'Stripe %%' GROUP BY 1"
            )
        )
        return int(found["Stripe 199801"]), int(found["Stripe 199802"])

    def invoice_states(self):
        """:return: number and sum open of invoices, by payment state"""
        return {
            state: (count, round(residual * 100))
            for state, count, residual in self.server.sql(
                "SELECT payment_state, count(*), sum(amount_residual) FROM account_move"
                " WHERE name = ANY(%s) GROUP BY 1",
                [self.invoices],
            )
        }

    def doubled(self):
        """:return: what exists twice: payments, entries of refunds, and settlements of one object"""
        return self.server.sql(
            """SELECT 'payment', memo FROM account_payment WHERE journal_id =
                 (SELECT journal_id FROM treasury_gateway WHERE id = %(gateway)s) GROUP BY memo HAVING count(*) > 1
               UNION ALL
               SELECT 'entry', ref FROM account_move WHERE origin_payment_id IS NULL AND state = 'posted'
                  AND journal_id = (SELECT journal_id FROM treasury_gateway WHERE id = %(gateway)s)
                  AND ref LIKE 'Payout%%' GROUP BY ref HAVING count(*) > 1""",
            {"gateway": self.gateway_id},
        )
