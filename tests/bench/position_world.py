"""Fills a database for the bench of positions: accounts with a statement of one line on each day of some years.

One day of one account of each currency is imported; the other rows are copies of these, written by one statement a
table. Then the last day of two other accounts is imported on top of the copies, and its rows have to be what a copy
would have been, column by column.
"""

import datetime
from decimal import Decimal

from tests.bench import world
from tests.camt_writer import Line, daily_file

_OPENING = 100
_JOURNALS = 100_000
_PER_ACCOUNT = 10_000
#: Ids of copies: far from those that are made.
_LINES, _ITEMS = 10_000_000, 100_000_000
#: Every fifth account is in US dollars.
_DOLLARS, _RATE = 5, Decimal("1.25")
#: Accounts whose statements come in one file.
_PER_BANK = 50
_TODAY = datetime.date.today()
#: Account numbers of the samples, and of the accounts whose last day is imported; in dollars and in euros.
_SAMPLES, _CHECKED = (0, 1), (5, 2)
_TABLES = (
    "account_move",
    "account_bank_statement",
    "account_bank_statement_line",
    "account_move_line",
    "bank_statement_balance",
)
#: A digest of the content, when rows were written, and by which hand: copies have their own.
_OWN = {"fingerprint", "create_date", "write_date"}


def fill(env, accounts, years):
    """:return: the group of one entity that has all of them"""
    company, income = _company(env)
    journals = _journals(env, company, accounts)
    interface = _interface(env)
    days = years * 365
    samples = [
        _import_day(env, interface, journals[number], years, days - 2) for number in _SAMPLES
    ]
    for sample in samples:
        _explain(env, sample["line"], income)
    copier = _Copier(env, journals, years, samples)
    with world.bare(env, *_TABLES, "finance_exchange"):
        copier.copy_all()
    for number, sample in zip(_CHECKED, samples, strict=True):
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
        for table in (*_TABLES, "finance_exchange"):
            cursor.execute(f"VACUUM ANALYZE {table}")
        cursor.execute("ANALYZE")


def first_day(years):
    """:return: the day of the first line; the last is yesterday's"""
    return _TODAY - datetime.timedelta(days=years * 365)


def expected(accounts, years, day):
    """:return: what the group has at the end of a day, from how the lines were made"""
    number = (min(day, _TODAY - datetime.timedelta(days=1)) - first_day(years)).days
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
                    "name": """jsonb_build_object('en_US', 'Bank ' || target.id)""",
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
        opening=Decimal(_OPENING + number),
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


class _Copier:
    """Writes the rows of an account and day as copies of the imported ones."""

    def __init__(self, env, journals, years, samples):
        self.env, self.journals, self.samples = env, journals, samples
        self.days, self.first = years * 365, first_day(years)
        self.sampled_day = self.first + datetime.timedelta(days=self.days - 2)
        exchange = f"({_LINES} + (day * 1000 + place / {_PER_BANK})::int)"
        row = f"({_LINES} + place * {_PER_ACCOUNT} + day)"
        #: Expressions of the ids that a copy has; for the comparison those of the imported rows.
        self.copied = {
            "account_move": [row],
            "account_bank_statement": [row],
            "account_bank_statement_line": [row],
            "account_move_line": [f"({_ITEMS} + {row} * 2 + {number})" for number in (0, 1)],
            "bank_statement_balance": [f"({_ITEMS} + {row} * 2 + {number})" for number in (0, 1)],
            "finance_exchange": [exchange],
        }

    def copy_all(self):
        cursor = self.env.cr
        for table in (*_TABLES, "finance_exchange"):
            cursor.execute(
                f"CREATE TEMPORARY TABLE sample_{table} AS SELECT * FROM {table} WHERE FALSE"
            )
            for sample in self.samples:
                cursor.execute(
                    f"INSERT INTO sample_{table} SELECT * FROM {table} WHERE id = ANY(%s)",
                    [sample[table]],
                )
        # Their days are copied as well, so that numbers run on.
        for table in _TABLES:
            cursor.execute(f"DELETE FROM {table} WHERE id IN (SELECT id FROM sample_{table})")
        cursor.execute(
            """CREATE TEMPORARY TABLE target AS
               SELECT journal.*, place - 1 AS place, number.sanitized_acc_number AS iban,
                      coalesce(journal.currency_id, company.currency_id) AS own_currency
                 FROM unnest(%s) WITH ORDINALITY AS listed(id, place)
                 JOIN account_journal journal ON journal.id = listed.id
                 JOIN res_company company ON company.id = journal.company_id
                 JOIN res_partner_bank number ON number.id = journal.bank_account_id""",
            [self.journals.ids],
        )
        cursor.execute("ANALYZE target")
        for sample, number in zip(self.samples, _SAMPLES, strict=True):
            same_currency = f"(place %% {_DOLLARS} = 0) = {number % _DOLLARS == 0}"
            kept = f"NOT (day = {self.days - 1} AND place IN {_CHECKED})"
            for table in _TABLES:
                for part, source in enumerate(sample[table]):
                    cursor.execute(
                        f"INSERT INTO {table} ({_names(self.env, table)})"
                        + self._copies(table, part, self.copied, f"{same_currency} AND {kept}"),
                        self._known(source),
                    )
        cursor.execute(
            f"INSERT INTO finance_exchange ({_names(self.env, 'finance_exchange')})"
            + self._copies("finance_exchange", 0, self.copied, f"place %% {_PER_BANK} = 0"),
            self._known(self.samples[0]["finance_exchange"][0]),
        )

    def compare(self, sample, made, place, day):
        """Fail unless the imported rows of an account and day are what their copies would have been."""
        ids = {table: [str(row) for row in rows] for table, rows in made.items() if table != "line"}
        for table in _TABLES:
            for part, source in enumerate(sample[table]):
                self.env.cr.execute(
                    self._copies(table, part, ids, f"place = {place} AND day = {day}"),
                    self._known(source),
                )
                copied = self._row()
                self.env.cr.execute(
                    f"SELECT {_names(self.env, table)} FROM {table} WHERE id = %s",
                    [made[table][part]],
                )
                imported = self._row()
                different = {
                    name: (copied[name], imported[name])
                    for name in imported
                    if name not in _OWN and copied[name] != imported[name]
                }
                assert not different, (table, different)
        # It became known when all of its day did.
        for table in _TABLES:
            self.env.cr.execute(
                f"UPDATE {table} SET create_date = %s WHERE id = ANY(%s)",
                [
                    self.first + datetime.timedelta(days=day, hours=30),
                    made[table],
                ],
            )

    def _row(self):
        names = [column.name for column in self.env.cr.description]
        [row] = self.env.cr.fetchall()
        return dict(zip(names, row, strict=True))

    def _known(self, source):
        return {
            "days": self.days,
            "first": self.first,
            "sampled": str(self.sampled_day),
            "source": source,
        }

    def _copies(self, table, part, ids, condition):
        """:return: the SELECT of copies of a sampled row, in the order in which they would have come"""
        return f"""
            SELECT {_values(self.env, table, self._changed(table, part, ids))}
              FROM (SELECT target.*, day, %(first)s::date + day AS date
                      FROM generate_series(0, %(days)s - 1) AS day CROSS JOIN target
                     WHERE {condition}
                  ORDER BY day, target.id) target
        CROSS JOIN sample_{table} source
             WHERE source.id = %(source)s"""

    def _changed(self, table, part, ids):
        """:return: column -> expression, of what is not as in the sampled row"""
        [move], [line], [statement], [exchange] = (
            ids[name]
            for name in (
                "account_move",
                "account_bank_statement_line",
                "account_bank_statement",
                "finance_exchange",
            )
        )
        times = dict.fromkeys(("create_date", "write_date"), "target.date + interval '30 hours'")
        prefix = "target.code || '/' || extract(year FROM target.date) || '/'"
        # The first year begins where the lines do.
        in_year = (
            "(target.date - greatest(date_trunc('year', target.date)::date, %(first)s::date) + 1)"
        )
        name = f"{prefix} || lpad({in_year}::text, 5, '0')"
        index = f"to_char(target.date, 'YYYYMMDD') || '2147483646' || lpad({line}::text, 10, '0')"
        reference = "target.iban || '-' || (target.day + 1)"
        same = {"id": ids[table][part], "journal_id": "target.id", "date": "target.date", **times}

        def dated(column, kind="varchar"):
            return f"replace(source.{column}::text, %(sampled)s, target.date::text)::{kind}"

        return {
            "account_move": {
                **same,
                "name": name,
                "sequence_prefix": prefix,
                "sequence_number": in_year,
                "statement_line_id": line,
            },
            "account_bank_statement": {
                **same,
                "name": reference,
                "bank_statement_ref": reference,
                "reference": f"(SELECT name FROM finance_exchange WHERE id = {exchange})"
                if exchange.isdigit()
                else f"'FX/BENCH/' || {exchange}",
                "first_line_index": index,
                "bank_date": "target.date",
                "balance_start": f"({_OPENING} + target.day)::numeric",
                "balance_end": f"({_OPENING} + target.day + 1)::numeric",
                "balance_end_real": f"({_OPENING} + target.day + 1)::numeric",
                "electronic_sequence": "target.day + 1",
                "exchange_id": exchange,
            },
            "account_bank_statement_line": {
                **same,
                "move_id": move,
                "statement_id": statement,
                "exchange_id": exchange,
                "payment_ref": dated("payment_ref"),
                "internal_index": index,
                "transaction_details": dated("transaction_details", "jsonb"),
                "account_servicer_ref": dated("account_servicer_ref"),
                "provider_uid": dated("provider_uid"),
                "fingerprint": f"encode(sha256(({line})::text::bytea), 'hex')",
                "bank_booking_date": "target.date",
                "bank_value_date": "target.date",
            },
            "account_move_line": {
                **same,
                "move_id": move,
                "move_name": name,
                "name": dated("name"),
                "statement_line_id": line,
                "statement_id": statement,
                **({} if part else {"account_id": "target.default_account_id"}),
            },
            "bank_statement_balance": {
                **same,
                "exchange_id": exchange,
                "electronic_sequence": "target.day + 1",
                "amount": f"({_OPENING} + target.day + {part})::numeric",
            },
            "finance_exchange": {
                "id": exchange,
                "name": f"'FX/BENCH/' || {exchange}",
                "idempotency_key": f"'copy-' || {exchange}",
                "correlation_id": "gen_random_uuid()::text",
                **times,
            },
        }[table]


def _columns(env, table):
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY 1",
        [table],
    )
    return [name for (name,) in env.cr.fetchall()]


def _names(env, table):
    return ", ".join(f'"{name}"' for name in _columns(env, table))


def _values(env, table, changed):
    return ", ".join(
        f'{changed[name]} AS "{name}"' if name in changed else f'source."{name}"'
        for name in _columns(env, table)
    )
