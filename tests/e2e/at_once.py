"""Runs inside Odoo's shell: two people at once, each in a transaction of their own, on what is committed.

The later one began, and so sees what was there, before the earlier one committed. What PostgreSQL then refuses, Odoo
repeats. ``env`` is Odoo's; the world is that of ``payment_world``.
"""

import itertools
from contextlib import nullcontext
from datetime import date, timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import SUPERUSER_ID, Command, api
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from odoo.addons.treasury_sync.tools import life

_numbers = itertools.count(1)
registry = env.registry  # noqa: F821
channel_id = env["treasury.payment.channel"].search([("name", "=", "SEPA")]).id  # noqa: F821
ids = {
    login: env["res.users"].search([("login", "=", login)]).id  # noqa: F821
    for login in ("pia", "alma", "bert")
}


def env_of(cr, login=None):
    uid = ids.get(login, SUPERUSER_ID)
    return api.Environment(cr, uid, {"allowed_company_ids": [1]})


def alone(act, login=None):
    with registry.cursor() as cr:
        result = act(env_of(cr, login))
        cr.commit()
    registry.signal_changes()
    return result


def at_once(earlier, later):
    """:return: what became of either: ``done``, or what it was told"""
    with registry.cursor() as cr:
        cr.execute("SELECT 1 FROM res_users LIMIT 1")
        told = [attempt(lambda: alone(earlier[1], earlier[0]))]
        for _again in range(3):
            try:
                told.append(attempt(lambda: act_and_commit(cr, *later)))
                return told
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                cr.rollback()
    raise AssertionError("repeated three times, and still not done")


def act_and_commit(cr, login, act):
    act(env_of(cr, login))
    cr.commit()


def attempt(act):
    try:
        act()
    except (UserError, IntegrityError) as error:
        return str(error)
    return "done"


def both_ways(make, one, other, found):
    """:return: what became of both and what there is in the end, with either of them as the earlier one"""
    return [meet(make, one, other, found), meet(make, other, one, found)]


def meet(make, earlier, later, found):
    subject = alone(make)
    told = at_once(
        *((login, lambda env, act=act: act(env, subject)) for login, act in (earlier, later))
    )
    return told, alone(lambda env: found(env, subject))


# === WHAT PEOPLE DO === #


def order_of(env, order_id):
    return env["treasury.payment.order"].browse(order_id)


def make_document(env, move_type="in_invoice", partner=None):
    env = env(user=SUPERUSER_ID)
    partner = partner or env["res.partner"].search([("name", "=", "Vendor")])
    document = env["account.move"].create(
        {
            "move_type": move_type,
            "partner_id": partner.id,
            "invoice_date": "2026-11-02",
            "ref": f"At once {next(_numbers)}",
            "invoice_line_ids": [
                Command.create({"name": "Goods", "price_unit": 100, "tax_ids": [Command.clear()]})
            ],
        }
    )
    document.action_post()
    return document


def draft(env, document=None, channel=None):
    """:return: id of a draft order of one bill"""
    channel = channel or env["treasury.payment.channel"].browse(channel_id)
    payment = (
        env["account.payment.register"]
        .with_user(ids["pia"])
        .with_context(active_model="account.move", active_ids=(document or make_document(env)).ids)
        .create({"journal_id": channel.journal_id.id})
        ._create_payments()
    )
    return (
        env["treasury.payment.order"]
        .with_user(ids["pia"])
        .create({"channel_id": channel.id, "payment_ids": [Command.set(payment.ids)]})
        .id
    )


def generate(env, order_id):
    order_of(env, order_id).action_generate()


def generated(env):
    order_id = draft(env)
    generate(env(user=ids["pia"]), order_id)
    return order_id


def approve(env, order_id):
    order = order_of(env, order_id)
    order._approve(order.digest)


def approved(env):
    order_id = generated(env)
    for login in ("alma", "bert"):
        approve(env(user=ids[login]), order_id)
    return order_id


def approval_state(env, order_id):
    order = order_of(env, order_id)
    valid = order.approval_ids.filtered(lambda approval: approval.state == "valid")
    return order.state, len(valid)


def untie(env, order_id):
    payment = order_of(env, order_id).payment_ids
    payment.move_id.line_ids.remove_move_reconcile()


def reset_bill(env, order_id):
    order_of(env, order_id).payment_ids.invoice_ids.button_draft()


def what_is_paid(env, order_id):
    """:return: whether the payment is tied to its bill, and whether an approver would approve it"""
    order = order_of(env, order_id)
    payment = order.payment_ids
    found = {
        "order": order.state,
        "is_tied": payment.reconciled_bill_ids.state == "posted",
    }
    if order.state == "to_approve":
        with env.cr.savepoint() as savepoint:
            if attempt(lambda: approve(env(user=ids["alma"]), order_id)) == "done":
                found["approval"] = True
            savepoint.rollback()
    return found


def account_of(env, order_id):
    return order_of(env, order_id).payment_ids.partner_bank_id


def change_holder(env, order_id):
    account_of(env, order_id).write({"acc_holder_name": f"Holder {next(_numbers)}"})


def names_holder(env, order_id):
    order = order_of(env, order_id)
    names = set(order._live().mapped("beneficiary_name"))
    return order.state, not names or names == {account_of(env, order_id).acc_holder_name}


def reset_payment(env, order_id):
    order_of(env, order_id).payment_ids.action_draft()


def has_no_draft(env, order_id):
    order = order_of(env, order_id)
    return order.state == "draft" or "draft" not in order.payment_ids.mapped("state")


def mandated(env):
    """:return: ids of two draft orders that collect by one mandate for one collection"""
    debtor = env["res.partner"].create(
        {"name": "Debtor", "city": "Paris", "country_id": env.ref("base.fr").id}
    )
    account = env["res.partner.bank"].create(
        {"acc_number": "BE68539007547034", "partner_id": debtor.id}
    )
    env["treasury.mandate"].create(
        {
            "partner_id": debtor.id,
            "partner_bank_id": account.id,
            "reference": f"M{env['treasury.mandate'].search_count([])}",
            "kind": "one_off",
            "signed_on": "2026-01-05",
        }
    ).action_activate()
    channel = env["treasury.payment.channel"].browse(channel_id)
    collecting = env["treasury.payment.channel"].create(
        {
            "name": "Core",
            "journal_id": channel.journal_id.id,
            "kind": "direct_debit",
            "file_format": "pain.008.001.08",
            "profile_code": "sepa_dd_core",
            "local_instrument": "CORE",
            "creditor_scheme_id": "DE98ZZZ09999999999",
        }
    )
    return [
        draft(env, make_document(env, "out_invoice", debtor), collecting) for _number in range(2)
    ]


def collections(env, order_ids):
    return len(order_of(env, order_ids).instruction_ids)


def held(env):
    """:return: id of an order that one approval and one release have to come to"""
    order_id = generated(env)
    order = order_of(env, order_id)
    rules = env["treasury.fraud.rule"].with_context(active_test=False).search([], limit=2)
    order._hold_for([(rule, order._live()) for rule in rules])
    approve(env(user=ids["bert"]), order_id)
    release(0)(env(user=ids["bert"]), order_id)
    return order_id


def held_twice(env):
    order_id = generated(env)
    order = order_of(env, order_id)
    rules = env["treasury.fraud.rule"].with_context(active_test=False).search([], limit=2)
    order._hold_for([(rule, order._live()) for rule in rules])
    for login in ("alma", "bert"):
        approve(env(user=ids[login]), order_id)
    return order_id


def release(number):
    def act(env, order_id):
        order_of(env, order_id).hold_ids.sorted("id")[number].action_release()

    return act


def is_released(env, order_id):
    return bool(order_of(env, order_id).exchange_id)


def with_the_bank(env):
    order_id = approved(env)
    order_of(env, order_id)._live()._advance(life.Fate.TRANSMITTED, source="person", code="x")
    return order_id


def recall(env, order_id):
    order = order_of(env, order_id)
    env["treasury.payment.recall"]._request(order, order._live(), "DUPL", "Paid twice")


def recalled(env):
    order_id = with_the_bank(env)
    recall(env(user=ids["pia"]), order_id)
    return order_id


def recall_states(env, order_id):
    return order_of(env, order_id).recall_ids.mapped("state")


def refused(env):
    """:return: id of an order whose payment, of no bill, the bank refused"""
    payment = order_of(env, draft(env)).payment_ids
    advance = payment.with_user(ids["pia"]).copy({"amount": 33})
    advance.action_post()
    order = (
        env["treasury.payment.order"]
        .with_user(ids["pia"])
        .create({"channel_id": channel_id, "payment_ids": [Command.set(advance.ids)]})
    )
    order.action_generate()
    for login in ("alma", "bert"):
        approve(env(user=ids[login]), order.id)
    order._live()._advance(life.Fate.TRANSMITTED, source="person", code="x")
    order._live()._advance(life.Fate.REJECTED, source="report", code="RJCT", reason="AC04")
    return order.id


def pay_again(env, order_id):
    order_of(env, order_id).action_pay_again()


def corrections(env, order_id):
    return len(order_of(env, order_id).instruction_ids.payment_id.treasury_correction_ids)


def run_for(env, bill_id):
    run = env["treasury.payment.run"].create(
        {"channel_id": channel_id, "move_ids": [Command.set([bill_id])]}
    )
    run.action_propose()
    run.line_ids.selected = True
    run.action_create_order()


def paid(env, bill_id):
    return env["account.move"].browse(bill_id).matched_payment_ids.mapped("amount")


def collected(env):
    """:return: ids of an approved order that collects, and of its mandate"""
    order = order_of(env, mandated(env)[0])
    interface = env["treasury.payment.channel"].browse(channel_id).interface_id
    if interface.mode == "off":
        interface.action_set_live()
    order.channel_id.interface_id = interface
    generate(env(user=ids["pia"]), order.id)
    for login in ("alma", "bert"):
        approve(env(user=ids[login]), order.id)
    return order.id, order.instruction_ids.mandate_id.id


def end_mandate(env, collected_ids):
    env["treasury.mandate"].browse(collected_ids[1]).action_end()


def send(env, collected_ids, during=lambda *_args: None):
    """Send as the queue does, to a bank that takes it; ``during``: what happens once it was checked"""
    exchange = order_of(env, collected_ids[0]).exchange_id
    with (
        patch.object(
            registry["finance.connection"], "_guard_call", lambda *_args: during and during()
        ),
        patch.object(registry["finance.adapter.nextgenpsd2"], "_send", lambda *_args: {}),
    ):
        exchange._job_send()


def is_kept_waiting(act, login=None):
    """:return: a call in whose midst ``act`` is tried in another transaction, and whether that had to wait"""
    told = []

    def hurried(env):
        env.cr.execute("SET LOCAL lock_timeout = '1s'")
        act(env)

    def during(*_args):
        try:
            told.append(attempt(lambda: alone(hurried, login)))
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            told.append("waits")

    return during, told


def end_mandate_while_sending():
    """:return: what became of ending it when it was checked and not yet on record that it leaves, and what left"""
    collected_ids = alone(collected)
    during, told = is_kept_waiting(lambda env: end_mandate(env, collected_ids))
    alone(lambda env: send(env, collected_ids, during))
    return told, alone(lambda env: what_left(env, collected_ids))


def withdraw_while_recalling():
    """:return: what became of taking a recall back while the bank is told of it, and the state of the recall"""
    order_id = alone(recalled)
    for login in ("alma", "bert"):
        alone(lambda env: order_of(env, order_id).recall_ids._approve(), login)
    during, told = is_kept_waiting(
        lambda env: order_of(env, order_id).recall_ids.action_withdraw(), "pia"
    )

    def tell_bank(*_args):
        during()
        return {"state": "sent", "answer": ""}

    def work(env):
        order = order_of(env, order_id)
        order.exchange_id._job_recall(order.recall_ids.id)

    with (
        patch.object(registry["finance.adapter.nextgenpsd2"], "_recall", tell_bank),
        patch.object(registry["finance.connection"], "_call", lambda *_args: nullcontext()),
    ):
        alone(work)
    return told, alone(lambda env: recall_states(env, order_id))


def what_left(env, collected_ids):
    """:return: whether it was sent, and the state of its mandate"""
    exchange = order_of(env, collected_ids[0]).exchange_id
    return bool(exchange.date_sent), env["treasury.mandate"].browse(collected_ids[1]).state


def delegated(env):
    """:return: ids of an order that Bert would approve in the name of Alma, by a delegation, and of that"""
    order_id = generated(env)
    cleo = env["res.users"].browse(ids["alma"]).copy({"name": "Cleo", "login": f"cleo{order_id}"})
    env["treasury.approval.policy"].create(
        {"name": "Of two", "approver_ids": [Command.set([ids["alma"], cleo.id])]}
    )
    today = date.today()
    delegation = env["treasury.approval.delegation"].create(
        {
            "user_id": ids["alma"],
            "delegate_id": ids["bert"],
            "date_from": today - timedelta(days=5),
            "date_to": today + timedelta(days=5),
            "reason": "On leave",
        }
    )
    return order_id, delegation.id


def end_delegation(env, delegated_ids):
    env["treasury.approval.delegation"].browse(delegated_ids[1]).date_to = date.today() - timedelta(
        days=1
    )


def approved_for(env, delegated_ids):
    """:return: in whose name it was approved"""
    env["treasury.approval.policy"].search([]).active = False
    return order_of(env, delegated_ids[0]).approval_ids.principal_id.mapped("login")


MEETINGS = {
    "two approvals": (generated, ("alma", approve), ("bert", approve), approval_state),
    "approval and withdrawal": (
        generated,
        ("alma", approve),
        ("pia", lambda env, order_id: order_of(env, order_id).action_back_to_draft()),
        approval_state,
    ),
    "approval and refusal": (
        generated,
        ("alma", approve),
        ("bert", lambda env, order_id: order_of(env, order_id).action_refuse()),
        approval_state,
    ),
    "bill untied": (draft, ("pia", generate), ("pia", untie), what_is_paid),
    "bill to draft": (draft, ("pia", generate), ("pia", reset_bill), what_is_paid),
    "payment to draft": (draft, ("pia", generate), ("pia", reset_payment), has_no_draft),
    "account changed": (draft, ("pia", generate), (None, change_holder), names_holder),
    "mandate for one": (
        mandated,
        ("pia", lambda env, order_ids: generate(env, order_ids[0])),
        ("pia", lambda env, order_ids: generate(env, order_ids[1])),
        collections,
    ),
    "mandate ended": (collected, (None, send), (None, end_mandate), what_left),
    "delegation ended": (
        delegated,
        ("bert", lambda env, delegated_ids: approve(env, delegated_ids[0])),
        ("alma", end_delegation),
        approved_for,
    ),
    "two releases": (held_twice, ("alma", release(0)), ("bert", release(1)), is_released),
    "release and approval": (held, ("alma", approve), ("bert", release(1)), is_released),
    "two recalls": (with_the_bank, ("pia", recall), ("alma", recall), recall_states),
    "approvals of a recall": (
        recalled,
        ("alma", lambda env, order_id: order_of(env, order_id).recall_ids._approve()),
        ("bert", lambda env, order_id: order_of(env, order_id).recall_ids._approve()),
        recall_states,
    ),
    "paid again": (refused, ("pia", pay_again), ("pia", pay_again), corrections),
    "two runs": (
        lambda env: make_document(env).id,
        ("pia", run_for),
        ("pia", run_for),
        paid,
    ),
}
