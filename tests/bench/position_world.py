"""Fills a database for the bench of positions: accounts with a statement of one line on each day of some years.

One day of one account of each currency is imported; the other rows are copies of these, written by one statement a
table. Then the last day of two other accounts is imported on top of the copies, and its rows have to be what a copy
would have been, column by column.
"""

import datetime
from decimal import Decimal

from tests.bench import world
from tests.bench.position_copies import (
    CHECKED,
    DOLLARS,
    OPENING,
    SAMPLES,
    TABLES,
    Copier,
    names,
    values,
)
from tests.camt_writer import Line, daily_file

_JOURNALS = 100_000
_RATE = Decimal("1.25")
_TODAY = datetime.date.today()


def fill(env, accounts, years):
    """:return: the group of one entity that has all of them"""
    company, income = _company(env)
    journals = _journals(env, company, accounts)
    interface = _interface(env)
    days = years * 365
    samples = [_import_day(env, interface, journals[number], years, days - 2) for number in SAMPLES]
    for sample in samples:
        _explain(env, sample["line"], income)
    copier = Copier(env, journals, days, first_day(years), samples)
    with world.bare(env, *TABLES, "finance_exchange"):
        copier.copy_all()
    for number, sample in zip(CHECKED, samples, strict=True):
        made = _import_day(env, interface, journals[number], years, days - 1)
        _explain(env, made["line"], income)
        copier.compare(sample, made, number, days - 1)
    env.cr.commit()
    vacuum(env)
    env.invalidate_all()
    return env["cash.position.group"].create(
        {
            "name": "Bench",
            "code": "BENCH",
            "company_id": company.id,
            "currency_id": env.ref("base.EUR").id,
            "max_rate_age": 10_000,
            "entity_ids": [(6, 0, company.ids)],
        }
    )


def vacuum(env):
    """What autovacuum has done in a database that was filled day by day."""
    env.cr.commit()
    with world.autocommit(env) as cursor:
        for table in (*TABLES, "finance_exchange"):
            cursor.execute(f"VACUUM ANALYZE {table}")
        cursor.execute("ANALYZE")


def first_day(years):
    """:return: the day of the first line; the last is yesterday's"""
    return _TODAY - datetime.timedelta(days=years * 365)


def expected(accounts, years, day):
    """:return: what the group has at the end of a day, from how the lines were made"""
    number = (min(day, _TODAY - datetime.timedelta(days=1)) - first_day(years)).days
    closing = Decimal(OPENING + number + 1)
    dollars = len(range(0, accounts, DOLLARS))
    return f"{closing * (accounts - dollars) + dollars * closing / _RATE:.2f}"


def naive(env, group, day):
    """Read a position as comes to mind first: for each account a search and a sum.

    :return: the total
    """
    total = 0.0
    currency = group.currency_id
    journals = env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "in", group.entity_ids.ids)]
    )
    for journal in journals:
        own = journal.currency_id or journal.company_id.currency_id
        balance = env["bank.statement.balance"].search(
            [("journal_id", "=", journal.id), ("type", "=", "CLBD"), ("date", "<=", day)],
            order="date desc, id desc",
            limit=1,
        )
        env["account.move.line"]._read_group(
            [
                ("account_id", "=", journal.default_account_id.id),
                ("parent_state", "=", "posted"),
                ("date", "<=", day),
            ],
            [],
            ["balance:sum", "amount_currency:sum"],
        )
        total += own._convert(balance.amount, currency, journal.company_id, day)
    return total


def _company(env):
    """:return: the company in euros with a rate of the dollar, and its account of income"""
    company = env.company
    euro, dollar = env.ref("base.EUR"), env.ref("base.USD")
    (euro | dollar).active = True
    company.currency_id = euro
    if not company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
        company.currency_id = euro
    env["res.currency.rate"].search([]).unlink()
    rate = env["res.currency.rate"].create(
        {
            "name": "2015-01-01",
            "currency_id": dollar.id,
            "company_id": company.id,
            "rate": float(_RATE),
        }
    )
    # Known since it was published, so that earlier days can be asked for as they were known.
    env.flush_all()
    env.cr.execute("UPDATE res_currency_rate SET create_date = name WHERE id = %s", [rate.id])
    income = env["account.account"].search(
        [("account_type", "=", "income"), ("company_ids", "in", company.ids)], limit=1
    )
    return company, income


def _iban(number):
    account = f"37040044{number:010d}"
    return f"DE{98 - int(f'{account}131400') % 97:02d}{account}"


def _journals(env, company, count):
    """One journal made by Odoo for each currency, then copies of its row, each with an account of its own.

    :return: the journals, by number
    """
    dollar = env.ref("base.USD")
    banks = env["res.partner.bank"].create(
        [
            {"acc_number": _iban(number), "partner_id": company.partner_id.id}
            for number in range(count)
        ]
    )
    for currency, own in (
        (False, [number for number in range(count) if number % DOLLARS]),
        (dollar.id, range(0, count, DOLLARS)),
    ):
        model = env["account.journal"].create(
            {
                "name": "Model",
                "code": f"M{currency or 0}",
                "type": "bank",
                "company_id": company.id,
                "currency_id": currency,
                "bank_calendar": "daily",
            }
        )
        env.flush_all()
        known = {
            "banks": [banks[number].id for number in own],
            "journal": model.id,
            "account": model.default_account_id.id,
        }
        target = f"{_JOURNALS} + target.id"
        for table, source, changed in (
            ("account_account", "account", {"id": target}),
            (
                "account_journal",
                "journal",
                {
                    "id": target,
                    "code": "'B' || target.id",
                    "name": """jsonb_build_object('en_US', 'Bank ' || target.id)""",
                    "default_account_id": target,
                    "bank_account_id": "target.id",
                    "alias_id": "NULL",
                },
            ),
        ):
            env.cr.execute(
                f"""INSERT INTO {table} ({names(env, table)})
                    SELECT {values(env, table, changed)}
                      FROM res_partner_bank target CROSS JOIN {table} source
                     WHERE target.id = ANY(%(banks)s) AND source.id = %({source})s""",
                known,
            )
        env.cr.execute(
            f"""INSERT INTO account_account_res_company_rel (account_account_id, res_company_id)
                SELECT {_JOURNALS} + id, %s FROM unnest(%s) AS id""",
            [company.id, known["banks"]],
        )
    env.invalidate_all()
    env.registry.clear_cache()
    return env["account.journal"].browse(_JOURNALS + bank for bank in banks.ids)


def _interface(env):
    connection = env["finance.connection"].create(
        {
            "name": "Bench",
            "adapter": "upload",
            "environment": "sandbox",
            "company_id": env.company.id,
        }
    )
    interface = env["finance.interface"].create(
        {
            "name": "Bench",
            "code": "bench.position",
            "handler": "bank_statement",
            "connection_id": connection.id,
            "company_id": env.company.id,
        }
    )
    interface._go_live("Needed by a bench.")
    env.cr.commit()
    return interface


def _import_day(env, interface, journal, years, number):
    """Take in the statement of one account and day, as the queue would.

    :return: ids of the rows it made, by what they are
    """
    day = first_day(years) + datetime.timedelta(days=number)
    content = daily_file(
        journal.bank_account_id.sanitized_acc_number,
        (journal.currency_id or journal.company_id.currency_id).name,
        [Line(day, Decimal(1), f"Payment of {day}", reference=f"R{day}")],
        opening=Decimal(OPENING + number),
        sequence=number + 1,
    )
    exchange, _new = env["finance.exchange"]._receive(
        interface, f"bench-{journal.id}-{number}", content, source="upload"
    )
    env.cr.commit()
    exchange._job_process()
    exchange.invalidate_recordset()
    assert exchange.work_status == "done", (exchange.work_status, exchange.result)
    line = env["account.bank.statement.line"].search([("exchange_id", "=", exchange.id)])
    balances = env["bank.statement.balance"].search([("exchange_id", "=", exchange.id)])
    liquidity, counterpart, _other = line._seek_for_lines()
    return {
        "line": line,
        "account_move": line.move_id.ids,
        "account_bank_statement": line.statement_id.ids,
        "account_bank_statement_line": line.ids,
        "account_move_line": [liquidity.id, counterpart.id],
        "bank_statement_balance": [
            balances.filtered(lambda balance, kind=kind: balance.type == kind).id
            for kind in ("OPBD", "CLBD")
        ],
        "finance_exchange": exchange.ids,
    }


def _explain(env, line, income):
    """Somebody has said what the money is, as of everything in a history."""
    _liquidity, suspense, _other = line._seek_for_lines()
    line.with_context(skip_readonly_check=True).write(
        {"line_ids": [(1, suspense.id, {"account_id": income.id})]}
    )
    assert line.is_reconciled
    env.cr.commit()
