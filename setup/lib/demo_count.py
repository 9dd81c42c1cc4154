"""Runs inside Odoo's shell: what the database holds after the cycle. ``env`` is Odoo's."""

from collections import Counter
from decimal import Decimal


def count(env, until):
    """
    :param str until: the bank's day; what an earlier run was told of the days after it is left out
    :return: figures counted in the database, none of them remembered on the way
    """
    companies = env["res.company"].search([])
    env = env(context={**env.context, "allowed_company_ids": companies.ids})
    line_model = env["account.bank.statement.line"]
    told = [("exchange_id", "!=", False), ("date", "<=", until)]
    lines = line_model.search(told)
    accounts = []
    for journal, journal_lines in lines.grouped("journal_id").items():
        currency = journal.currency_id or journal.company_id.currency_id
        total = sum((Decimal(f"{line.amount:.2f}") for line in journal_lines), Decimal())
        # A batch that the bank booked as one entry is split into its parts; the bank counts it once.
        entries = len(journal_lines.filtered(lambda line: not line.batch_part))
        accounts.append((currency.name, entries, str(total)))
    exchange_model = env["finance.exchange"]
    exchanges = exchange_model.search([("interface_id.handler", "=", "bank_statement")])
    exception_model = env["finance.exception"]
    open_now = [("state", "in", ("open", "in_progress"))]
    env["finance.audit.seal"]._cron_seal()
    verification = env["finance.audit.seal"]._verify()
    return {
        "entities": len(lines.company_id),
        "currencies": sorted({row[0] for row in accounts}),
        "accounts": accounts,
        "statements": env["account.bank.statement"].search_count(told),
        "lines": len(lines),
        "entries": sum(row[1] for row in accounts),
        "channels": {
            channel: len(channel_lines)
            for channel, channel_lines in lines.grouped("bank_channel").items()
        },
        "formats": dict(
            env["bank.statement.balance"]._read_group(
                [("source_format", "!=", False)], ["source_format"], ["exchange_id:count_distinct"]
            )
        ),
        "duplicates_refused": sum(
            (exchange.result or {}).get("duplicates", 0) for exchange in exchanges
        ),
        "reconciled": len(
            lines.filtered(lambda line: line.match_state == "matched" and line.is_reconciled)
        ),
        "reconciled_by": dict(
            sorted(
                Counter(
                    line.match_found_by
                    for line in lines
                    if line.match_state == "matched" and line.is_reconciled
                ).items()
            )
        ),
        "to_review": len(lines.filtered(lambda line: not line.is_reconciled)),
        "pending": env["bank.statement.pending"].search_count([]),
        "exceptions_technical": exception_model.search_count(
            [*open_now, ("kind", "=", "technical")]
        ),
        "exceptions_business": exception_model.search_count([*open_now, ("kind", "=", "business")]),
        "exchanges": len(exchanges),
        "exchanges_unfinished": len(
            exchanges.filtered(lambda exchange: exchange.work_status not in ("done", "exception"))
        ),
        "audit_events": env["finance.audit.event"].search_count([]),
        "audit_chain": "intact" if verification.ok else verification.finding.message,
    }
