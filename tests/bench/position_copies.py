"""Copies of the imported rows of one account and day, for the bench of positions."""

import datetime

OPENING = 100
#: Every fifth account is in US dollars.
DOLLARS = 5
TABLES = (
    "account_move",
    "account_bank_statement",
    "account_bank_statement_line",
    "account_move_line",
    "bank_statement_balance",
)
#: Account numbers of the samples, and of the accounts whose last day is imported; in dollars and in euros.
SAMPLES, CHECKED = (0, 1), (5, 2)
#: Ids of copies: far from those that are made.
_LINES, _ITEMS = 10_000_000, 100_000_000
_PER_ACCOUNT = 10_000
#: Accounts whose statements come in one file.
_PER_BANK = 50
#: A digest of the content, and when rows were written: copies have their own.
_OWN = {"fingerprint", "create_date", "write_date"}


class Copier:
    """Writes the rows of an account and day as copies of the imported ones."""

    def __init__(self, env, journals, days, first_day, samples):
        self.env, self.journals, self.samples = env, journals, samples
        self.days, self.first = days, first_day
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
        for table in (*TABLES, "finance_exchange"):
            cursor.execute(
                f"CREATE TEMPORARY TABLE sample_{table} AS SELECT * FROM {table} WHERE FALSE"
            )
            for sample in self.samples:
                cursor.execute(
                    f"INSERT INTO sample_{table} SELECT * FROM {table} WHERE id = ANY(%s)",
                    [sample[table]],
                )
        # Their days are copied as well, so that numbers run on.
        for table in TABLES:
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
        for sample, number in zip(self.samples, SAMPLES, strict=True):
            same_currency = f"(place %% {DOLLARS} = 0) = {number % DOLLARS == 0}"
            kept = f"NOT (day = {self.days - 1} AND place IN {CHECKED})"
            for table in TABLES:
                for part, source in enumerate(sample[table]):
                    cursor.execute(
                        f"INSERT INTO {table} ({names(self.env, table)})"
                        + self._copies(table, part, self.copied, f"{same_currency} AND {kept}"),
                        self._known(source),
                    )
        cursor.execute(
            f"INSERT INTO finance_exchange ({names(self.env, 'finance_exchange')})"
            + self._copies("finance_exchange", 0, self.copied, f"place %% {_PER_BANK} = 0"),
            self._known(self.samples[0]["finance_exchange"][0]),
        )

    def compare(self, sample, made, place, day):
        """Fail unless the imported rows of an account and day are what their copies would have been."""
        ids = {table: [str(row) for row in rows] for table, rows in made.items() if table != "line"}
        for table in TABLES:
            for part, source in enumerate(sample[table]):
                self.env.cr.execute(
                    self._copies(table, part, ids, f"place = {place} AND day = {day}"),
                    self._known(source),
                )
                copied = self._row()
                self.env.cr.execute(
                    f"SELECT {names(self.env, table)} FROM {table} WHERE id = %s",
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
        for table in TABLES:
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
            SELECT {values(self.env, table, self._changed(table, part, ids))}
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
                "balance_start": f"({OPENING} + target.day)::numeric",
                "balance_end": f"({OPENING} + target.day + 1)::numeric",
                "balance_end_real": f"({OPENING} + target.day + 1)::numeric",
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
                "amount": f"({OPENING} + target.day + {part})::numeric",
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


def names(env, table):
    return ", ".join(f'"{name}"' for name in _columns(env, table))


def values(env, table, changed):
    return ", ".join(
        f'{changed[name]} AS "{name}"' if name in changed else f'source."{name}"'
        for name in _columns(env, table)
    )
