"""Runs inside Odoo's shell after ``at_once``: a schedule at work on what a person writes at that moment.

Nobody repeats a schedule: what PostgreSQL refuses it is an error in the log, and its work is undone.
"""

import time
from datetime import date, timedelta
from threading import Thread
from unittest.mock import patch

from odoo import Command, fields

from odoo.addons.finance_connector_base.models.turns import take_turns

soon = fields.Datetime.now() + timedelta(days=5)
past = fields.Datetime.now() - timedelta(minutes=1)


def written_meanwhile(make, write, run, found):
    """:return: what there is when ``run`` began before ``write`` was done, and was at it when that was committed"""
    subject = alone(make)  # noqa: F821 - of at_once
    with registry.cursor() as theirs, registry.cursor() as cr:  # noqa: F821
        cr.execute("SELECT 1 FROM res_users LIMIT 1")
        their_env = env_of(theirs)  # noqa: F821
        write(their_env, subject)
        their_env.flush_all()
        committing = Thread(target=commit_when_waited_for, args=[theirs._cnx])
        committing.start()
        run(env_of(cr))  # noqa: F821
        cr.commit()
        committing.join()
    return alone(lambda env: found(env, subject))  # noqa: F821


def fetch_that_began_before_another_ended():
    """:return: failures of a feed whose job began while another one fetched it, and got its lock when that was done"""
    feed_id = alone(feed)  # noqa: F821
    feeds = registry["bank.statement.feed"]  # noqa: F821
    with registry.cursor() as cr, patch.object(feeds, "_fetch_new", lambda _feed: 0):  # noqa: F821
        cr.execute("SELECT 1 FROM res_users LIMIT 1")
        alone(lambda env: fetch(env, feed_id))  # noqa: F821
        fetch(env_of(cr), feed_id)  # noqa: F821
        cr.commit()
    return alone(lambda env: env["bank.statement.feed"].browse(feed_id).failure_count)  # noqa: F821


def commit_when_waited_for(connection):
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    try:
        # The whole test ends here should nobody ever wait.
        for _look in range(600):
            with registry.cursor() as cr:  # noqa: F821
                cr.execute(waiting)
                if cr.fetchone():
                    return
            time.sleep(0.1)
    finally:
        connection.commit()


def rename(model):
    def write(env, record_id):
        env[model].browse(record_id).name = "Renamed"

    return write


def put_off(model, name):
    """By years: none of the schedule's any more."""

    def write(env, record_id):
        env[model].browse(record_id).sudo()[name] = fields.Datetime.now() + timedelta(days=800)

    return write


def schedule(model, method):
    return lambda env: getattr(env[model], method)()


def warnings(model):
    def found(env, record_id):
        record = env[model].browse(record_id)
        return record.name, len(record.activity_ids)

    return found


def credential(env):
    connection = env["finance.connection"].search([("adapter", "=", "nextgenpsd2")], limit=1)
    values = {"name": "Old", "connection_id": connection.id, "kind": "api_key", "valid_until": soon}
    return env["finance.credential"].create(values).id


def consent(env):
    connection = env["finance.connection"].search([("adapter", "=", "nextgenpsd2")], limit=1)
    made = env["bank.statement.consent"].create(
        {"name": "Old", "connection_id": connection.id, "company_id": connection.company_id.id}
    )
    made.sudo().granted_until = date.today() + timedelta(days=5)
    made._set_state("valid")
    return made.id


def feed(env):
    connection = env["finance.connection"].search([("adapter", "=", "nextgenpsd2")], limit=1)
    company = connection.company_id
    interface = env["finance.interface"].create(
        {
            "name": "Accounts",
            "code": "at_once.accounts",
            "handler": "bank_statement",
            "connection_id": connection.id,
            "company_id": company.id,
        }
    )
    journal = env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "=", company.id)], limit=1
    )
    values = {"name": "Feed", "interface_id": interface.id, "journal_id": journal.id}
    return env["bank.statement.feed"].create({**values, "resource_ref": "r1"}).id


def fetch(env, feed_id):
    env["bank.statement.feed"].browse(feed_id)._job_fetch()


def answer_due(moment):
    def write(env, order_id):
        env.cr.execute(
            "UPDATE treasury_payment_order SET answer_due_at = %s WHERE id = %s", [moment, order_id]
        )

    return write


def overdue(env):
    order_id = with_the_bank(env)  # noqa: F821
    env.flush_all()
    answer_due(past)(env, order_id)
    return order_id


def is_told_overdue(env, order_id):
    return env["finance.exception"].search_count(
        [("code", "=", "payment_no_answer"), ("res_id", "=", order_id)]
    )


def export(kind):
    def make(env):
        company = env["res.company"].browse(1)
        connection = env["finance.connection"].create(
            {"name": "Pull", "adapter": "pull", "environment": "test", "company_id": company.id}
        )
        interface = env["finance.interface"].create(
            {
                "name": kind,
                "code": f"at_once.{kind}",
                "handler": "reporting_run",
                "connection_id": connection.id,
                "company_id": company.id,
            }
        )
        interface._go_live("Needed by a test.")
        if kind == "close":
            company.fiscalyear_lock_date = "2020-01-31"
        export = env["reporting.export"].create(
            {
                "name": "Old",
                "dataset_id": env.ref("reporting_export.dataset_journal_items").id,
                "interface_id": interface.id,
                "kind": kind,
                "entity_ids": [Command.set(company.ids)],
                "date_from": "2020-01-01",
                "interval_hours": 1,
                "next_run_at": past,
            }
        )
        return export.id

    return make


def start_run(env, export_id):
    env["reporting.export"].browse(export_id).action_run()


def runs(env, export_id):
    export = env["reporting.export"].browse(export_id)
    export.interval_hours = 0
    failures = export.message_ids.filtered(lambda message: "could not start" in message.body)
    return len(export.run_ids), len(failures)


def cash_group(env):
    company = env["res.company"].browse(1)
    values = {
        "name": "Old",
        "code": "ATONCE",
        "company_id": company.id,
        "currency_id": company.currency_id.id,
        "entity_ids": [Command.set(company.ids)],
        "interval_hours": 1,
        "next_run_at": past,
    }
    return env["cash.position.group"].create(values).id


def positions(env, group_id):
    group = env["cash.position.group"].browse(group_id)
    failed = env["finance.exception"].search_count([("code", "=", "position_failed")])
    count = env["cash.position.run"].search_count([("group_id", "=", group_id)])
    return group.name, count, failed


def beat(env):
    env["finance.heartbeat"]._job_beat()
    return env["finance.heartbeat"].search([]).id


SCHEDULES = {
    "credential": (
        credential,
        rename("finance.credential"),
        schedule("finance.credential", "_cron_warn_expiry"),
        warnings("finance.credential"),
    ),
    "credential put off": (
        credential,
        put_off("finance.credential", "valid_until"),
        schedule("finance.credential", "_cron_warn_expiry"),
        warnings("finance.credential"),
    ),
    "consent": (
        consent,
        rename("bank.statement.consent"),
        schedule("bank.statement.consent", "_cron_warn_expiry"),
        warnings("bank.statement.consent"),
    ),
    "overdue": (
        overdue,
        lambda env, order_id: take_turns(order_of(env, order_id)),  # noqa: F821
        schedule("treasury.payment.order", "_cron_follow"),
        is_told_overdue,
    ),
    "overdue put off": (
        overdue,
        answer_due(soon),
        schedule("treasury.payment.order", "_cron_follow"),
        is_told_overdue,
    ),
    "full export": (
        export("full"),
        start_run,
        schedule("reporting.export", "_cron_run"),
        runs,
    ),
    "closed months": (
        export("close"),
        start_run,
        schedule("reporting.export", "_cron_run"),
        runs,
    ),
    "cash position": (
        cash_group,
        rename("cash.position.group"),
        schedule("cash.position.group", "_cron_run"),
        positions,
    ),
    "heartbeat": (
        beat,
        lambda env, beat_id: env["finance.heartbeat"].browse(beat_id).write({"beat_at": past}),
        schedule("finance.heartbeat", "_job_beat"),
        lambda env, beat_id: env["finance.heartbeat"].search_count([]),
    ),
}
