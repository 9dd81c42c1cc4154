"""Fills a database for the bench of positions: accounts with a line and a closing balance on each day of some years."""

import contextlib
import datetime
from decimal import Decimal

import psycopg2

_OPENING = 100
_JOURNALS, _MOVES, _ITEMS = 100_000, 10_000_000, 100_000_000
_PER_ACCOUNT = 10_000
#: Every fifth account is in US dollars.
_DOLLARS, _RATE = 5, Decimal("1.25")
_TODAY = datetime.date.today()


def fill(env, accounts, years):
    """:return: the group of one entity that has all of them"""
    company = env.company
    euro, dollar = env.ref("base.EUR"), env.ref("base.USD")
    (euro | dollar).active = True
    company.currency_id = euro
    if not company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
        company.currency_id = euro
    env["res.currency.rate"].search([]).unlink()
    env["res.currency.rate"].create(
        {
            "name": "2015-01-01",
            "currency_id": dollar.id,
            "company_id": company.id,
            "rate": float(_RATE),
        }
    )
    journals = _journals(env, company, accounts, dollar)
    exchange = _exchange(env, company)
    income = env["account.account"].search(
        [("account_type", "=", "income"), ("company_ids", "in", company.ids)], limit=1
    )
    env.flush_all()
    # Neither foreign keys nor triggers: the rows are copies of Odoo's own.
    env.cr.execute("SET session_replication_role = replica")
    for group in (
        journals.filtered(lambda journal: not journal.currency_id),
        journals.filtered("currency_id"),
    ):
        if group:
            _copy_lines(env, group, years, exchange, income)
    env.cr.execute("SET session_replication_role = DEFAULT")
    env.cr.commit()
    vacuum(env)
    env.invalidate_all()
    return env["cash.position.group"].create(
        {
            "name": "Bench",
            "code": "BENCH",
            "company_id": company.id,
            "currency_id": euro.id,
            "max_rate_age": 10_000,
            "entity_ids": [(6, 0, company.ids)],
        }
    )


def vacuum(env):
    """What autovacuum has done in a database that was filled day by day."""
    connection = psycopg2.connect(env.cr._cnx.dsn)
    with contextlib.closing(connection):
        connection.autocommit = True
        with connection.cursor() as cursor:
            for table in ("account_move_line", "account_move", "account_bank_statement_line"):
                cursor.execute(f"VACUUM ANALYZE {table}")
            cursor.execute("ANALYZE")


def first_day(years):
    """:return: the day of the first line"""
    return _TODAY - datetime.timedelta(days=years * 365 - 1)


def expected(accounts, years, day):
    """:return: what the group has at the end of a day, from how the lines were made"""
    number = (day - first_day(years)).days
    closing = Decimal(_OPENING + number + 1)
    dollars = len(range(0, accounts, _DOLLARS))
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


def _journals(env, company, count, dollar):
    """One journal made by Odoo for each currency, then copies of its row, each with an account of its own."""
    banks = env["res.partner.bank"].create(
        [
            {"acc_number": f"BENCH{number:08d}", "partner_id": company.partner_id.id}
            for number in range(count)
        ]
    )
    found = env["account.journal"]
    for currency, own in (
        (False, [number for number in range(count) if number % _DOLLARS]),
        (dollar.id, range(0, count, _DOLLARS)),
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
                    "default_account_id": target,
                    "bank_account_id": "target.id",
                    "alias_id": "NULL",
                },
            ),
        ):
            env.cr.execute(
                f"""INSERT INTO {table} ({_names(env, table)})
                    SELECT {_values(env, table, changed)}
                      FROM res_partner_bank target CROSS JOIN {table} source
                     WHERE target.id = ANY(%(banks)s) AND source.id = %({source})s""",
                known,
            )
        env.cr.execute(
            f"""INSERT INTO account_account_res_company_rel (account_account_id, res_company_id)
                SELECT {_JOURNALS} + id, %s FROM unnest(%s) AS id""",
            [company.id, known["banks"]],
        )
        found |= found.browse(_JOURNALS + bank for bank in known["banks"])
    env.invalidate_all()
    return found


def _exchange(env, company):
    connection = env["finance.connection"].create(
        {"name": "Bench", "adapter": "upload", "environment": "sandbox", "company_id": company.id}
    )
    interface = env["finance.interface"].create(
        {
            "name": "Bench",
            "code": "bench.position",
            "handler": "bank_statement",
            "connection_id": connection.id,
            "company_id": company.id,
        }
    )
    exchange, _new = env["finance.exchange"]._receive(interface, "bench", b"x", source="upload")
    return exchange


def _copy_lines(env, journals, years, exchange, income):
    """One line made by Odoo, in a journal of its own, then copies of its rows for all accounts and days."""
    company = journals.company_id
    template = env["account.journal"].create(
        {
            "name": "Template",
            "code": "TFX" if journals.currency_id else "TOWN",
            "type": "bank",
            "company_id": company.id,
            "currency_id": journals[0].currency_id.id,
        }
    )
    line = env["account.bank.statement.line"].create(
        {"journal_id": template.id, "amount": 1.0, "payment_ref": "Bench", "date": _TODAY}
    )
    env.flush_all()
    liquidity, suspense, _other = line._seek_for_lines()
    ids = {"move": line.move_id.id, "line": line.id, "bank": liquidity.id, "other": suspense.id}
    number = f"({_MOVES} + (target.id - {_JOURNALS}) * {_PER_ACCOUNT} + day)"
    date = "(%(first)s::date + day)"
    same = {"journal_id": "target.id", "date": date, "create_date": f"{date} + interval '30 hours'"}
    known = {
        "journals": journals.ids,
        "days": years * 365,
        "first": first_day(years),
        "exchange": exchange.id,
        "income": income.id,
    }
    name = f"'BENCH/' || {number}"
    _multiply(
        env,
        "account_move",
        ids["move"],
        known,
        {
            **same,
            "id": number,
            "name": name,
            "sequence_prefix": "'BENCH/'",
            "sequence_number": "day + 1",
            "statement_line_id": number,
        },
    )
    _multiply(
        env,
        "account_bank_statement_line",
        ids["line"],
        known,
        {
            **same,
            "id": number,
            "move_id": number,
            "bank_booking_date": date,
            "exchange_id": "%(exchange)s",
            "is_reconciled": "TRUE",
            "internal_index": f"to_char({date}, 'YYYYMMDD')",
        },
    )
    for place, (item, account) in enumerate(
        ((ids["bank"], "target.default_account_id"), (ids["other"], "%(income)s"))
    ):
        _multiply(
            env,
            "account_move_line",
            item,
            known,
            {
                **same,
                "id": f"{_ITEMS} + {number} * 2 + {place}",
                "move_id": number,
                "move_name": name,
                "account_id": account,
                "statement_line_id": number,
            },
        )
    env.cr.execute(
        f"""INSERT INTO bank_statement_balance (journal_id, company_id, currency_id, type, amount, date,
                   document_kind, electronic_sequence, source_format, exchange_id, create_date)
            SELECT target.id, target.company_id, coalesce(target.currency_id, company.currency_id), 'CLBD',
                   {_OPENING} + day + 1, {date}, 'statement', 0, 'camt053', %(exchange)s,
                   {date} + interval '30 hours'
              FROM generate_series(0, %(days)s - 1) AS day
        CROSS JOIN account_journal target
              JOIN res_company company ON company.id = target.company_id
             WHERE target.id = ANY(%(journals)s)
          ORDER BY day, target.id""",
        known,
    )


def _multiply(env, table, source, known, changed):
    """Copy a row for each journal and day, in the order in which they would have come."""
    env.cr.execute(
        f"""INSERT INTO {table} ({_names(env, table)})
            SELECT {_values(env, table, changed)}
              FROM generate_series(0, %(days)s - 1) AS day
        CROSS JOIN account_journal target
        CROSS JOIN {table} source
             WHERE target.id = ANY(%(journals)s) AND source.id = %(source)s
          ORDER BY day, target.id""",
        {**known, "source": source},
    )


def _columns(env, table):
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY 1",
        [table],
    )
    return [name for (name,) in env.cr.fetchall()]


def _names(env, table):
    return ", ".join(f'"{name}"' for name in _columns(env, table))


def _values(env, table, changed):
    return ", ".join(changed.get(name, f'source."{name}"') for name in _columns(env, table))
