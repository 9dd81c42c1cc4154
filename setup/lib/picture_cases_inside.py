"""Runs inside Odoo's shell: two payment orders that only the pictures need. ``env`` is Odoo's.

The payees of one are asked for; the other one is recalled.
"""

from datetime import timedelta

from odoo import Command, fields

PAYEE, RECALLED = "demo bill EUR 02", "demo bill CHF 02"
"""Bills of the demo that are paid, of vendors who send another one."""


def prepare(env):
    """Make both orders as drafts.

    :return: their ids, the account of the payee, a key for JSON-2, and the feed of the bank's answers
    """
    env = env(user=env.ref("base.user_admin").id)
    payee, recalled = (_order(env, reference) for reference in (PAYEE, RECALLED))
    payee.channel_id.verify_payees = True
    recalled.channel_id.recall_format = "camt.055.001.08"
    expires = fields.Datetime.now() + timedelta(days=1)
    key = env["res.users.apikeys"]._generate("rpc", "Pictures", expires)
    feed = env["bank.statement.feed"].search(
        [
            ("interface_id.handler", "=", "payment_report"),
            ("company_id", "=", recalled.company_id.id),
        ]
    )
    env.cr.commit()
    return {
        "payee": payee.id,
        "recalled": recalled.id,
        "iban": payee.payment_ids.partner_bank_id.sanitized_acc_number,
        "key": key,
        "feed_ids": feed.ids,
    }


def approve(env, payee, recalled):
    """Ask for the approval of both orders; two people give it to the one that will be recalled."""
    users, orders = _users(env), env["treasury.payment.order"]
    for order in (payee, recalled):
        orders.browse(order).with_user(users["petra"]).action_generate()
    for login in ("anna", "bruno"):
        order = orders.browse(recalled).with_user(users[login])
        order._approve(order.digest)
    env.cr.commit()


def recall(env, recalled):
    """Ask for the payment back, and let two others approve that."""
    users = _users(env)
    order = env["treasury.payment.order"].browse(recalled).with_user(users["petra"])
    asked = order.env["treasury.payment.recall"]._request(
        order, order._live(), "DUPL", "The vendor sent its bill twice."
    )
    for login in ("anna", "bruno"):
        asked.with_user(users[login])._approve()
    env.cr.commit()


def _users(env):
    return {
        login: env["res.users"].search([("login", "=", login)])
        for login in ("petra", "anna", "bruno")
    }


def _order(env, reference):
    """:return: an order of one bill, which a vendor sends after the one of that reference"""
    paid = env["account.move"].search(
        [("ref", "=", reference), ("move_type", "=", "in_invoice")], limit=1
    )
    channel = (
        env["treasury.payment.order"]
        .search([("payment_ids.memo", "=", reference)], limit=1)
        .channel_id
    )
    env = env(context={**env.context, "allowed_company_ids": paid.company_id.ids})
    today = fields.Date.today()
    bill = paid.with_env(env).copy({"ref": f"{reference}, spare parts", "invoice_date": today})
    bill.invoice_date_due = today
    bill.action_post()
    # The bank is days ahead of Odoo, and executes what is due.
    pay_on = today + timedelta(days=7)
    pay_on += timedelta(days=7 - pay_on.weekday() if pay_on.weekday() > 4 else 0)
    run = (
        env["treasury.payment.run"]
        .with_user(_users(env)["petra"])
        .create(
            {
                "company_id": paid.company_id.id,
                "channel_id": channel.id,
                "currency_id": bill.currency_id.id,
                "pay_on": pay_on,
                "due_until": today,
                "partner_ids": [Command.set(bill.partner_id.ids)],
            }
        )
    )
    run.action_propose()
    for line in run.line_ids:
        line.selected = line.move_id == bill
    return env["treasury.payment.order"].browse(run.action_create_order()["res_id"])
