"""Statement lines and the open invoices they pay, posted by our ways and by Odoo's."""

from dataclasses import dataclass
from decimal import Decimal
from unittest.mock import patch

from odoo.fields import Command

from odoo.addons.bank_statement_api.tools.posting import Allocation, Proposal, WriteOff

from tests.bench import world

PEER_LINES = 25
"""Before ours, and as many after it: what else the machine does hits both."""
KINDS = ("fee", "many", "currency")
"""Beside plain pairs: a fee written off, three invoices paid at once, an exchange difference."""
OF_A_KIND = 200


@dataclass
class Job:
    """A line that nobody matched yet, the open items that it pays, and what goes to the account of fees."""

    line: object
    items: object
    fee: int = 0

    def proposal(self, fees):
        return Proposal(
            self.line.id,
            tuple(Allocation(item.id, Decimal("100.00")) for item in self.items),
            (WriteOff(fees.id, Decimal(-self.fee), "Fee"),) if self.fee else (),
        )


class Bench:
    """:ivar free: ids of open items by currency, the company's and another one."""

    def __init__(self, env, bank, free):
        self.env, self.bank = env, bank
        self.free = {currency: iter(ids) for currency, ids in free.items()}
        self.fees = env["account.account"].search([("account_type", "=", "expense")], limit=1)

    def measure(self, sizes):
        self._line_by_line(self._jobs(2))
        for size in sizes:
            for way in ("orm", "set_based"):
                self._measure(size, way)
        for kind in KINDS:
            self._line_by_line(self._jobs(2, kind))
            self._measure(OF_A_KIND, "orm", kind)

    def _measure(self, size, way, kind="pair"):
        before = self._line_by_line(self._jobs(PEER_LINES, kind))
        ours = self._ours(self._jobs(size, kind), way)
        after = self._line_by_line(self._jobs(PEER_LINES, kind))
        peer_cpu = (before.cpu + after.cpu) / (2 * PEER_LINES)
        world.report(
            "reconcile",
            size / ours.wall,
            "odoo",
            2 * PEER_LINES / (before.wall + after.wall),
            "lines/s",
            size,
            way=way,
            kind=kind,
            cpu_ms=round(1000 * ours.cpu / size, 2),
            peer_cpu_ms=round(1000 * peer_cpu, 2),
            cpu_ratio=round(peer_cpu * size / ours.cpu, 1),
        )

    def _jobs(self, count, kind="pair"):
        bank, dollar = self.bank, self.env.ref("base.USD")
        bank.number += 1
        paid = {"fee": 98.0, "many": 300.0, "currency": 80.0}.get(kind, 100.0)
        foreign = {"foreign_currency_id": dollar.id, "amount_currency": 100.0}
        vals_list = [
            {
                "journal_id": bank.journal.id,
                "date": bank.day,
                "amount": paid,
                "payment_ref": f"Payment {number} of {bank.number}",
                **(foreign if kind == "currency" else {}),
            }
            for number in range(count)
        ]
        lines, _set_based = self.env["bank.statement.line.writer"]._create_lines(vals_list)
        self.env.cr.commit()
        self.env.invalidate_all()
        free = self.free["USD" if kind == "currency" else "EUR"]
        many = 3 if kind == "many" else 1
        ids = [[next(free) for _item in range(many)] for _line in lines]
        every = self.env["account.move.line"].browse([one for some in ids for one in some])
        return [
            Job(line, every.browse(some), 2 if kind == "fee" else 0)
            for line, some in zip(lines, ids, strict=True)
        ]

    def _ours(self, jobs, way):
        proposals = [job.proposal(self.fees) for job in jobs]
        poster = self.env["bank.statement.poster"]
        with (
            world.Spent(self.env) as spent,
            patch.object(type(poster), "_why_not", lambda *_args: way == "orm" and "measured"),
        ):
            outcomes = poster._reconcile(proposals)
            self.env.cr.commit()
        assert {outcome.way for outcome in outcomes} == {way}, outcomes[0]
        assert all(item.reconciled for job in jobs for item in job.items)
        return spent

    def _line_by_line(self, jobs):
        """The way of Odoo's own code and of what is built on it: partner, entry, reconciliation, line after line."""
        with world.Spent(self.env) as spent:
            for job in jobs:
                self._by_odoo(job)
                self.env.cr.commit()
        assert all(item.reconciled for job in jobs for item in job.items)
        return spent

    def _by_odoo(self, job):
        line = job.line
        # Lines of several customers keep none, as ours do.
        if len(job.items.partner_id) == 1:
            line.partner_id = job.items.partner_id
        _liquidity, suspense, _other = line._seek_for_lines()
        shared = {"currency_id": suspense.currency_id.id}
        # What the line brought and what was kept of it, at the line's rate.
        paid = (suspense.balance - job.fee) / len(job.items)
        vals_list = [
            {
                **shared,
                "name": item.name or item.move_id.name,
                "account_id": item.account_id.id,
                "partner_id": item.partner_id.id,
                "amount_currency": -100.0,
                "balance": paid,
            }
            for item in job.items
        ]
        if job.fee:
            vals_list.append(
                {
                    **shared,
                    "name": "Fee",
                    "account_id": self.fees.id,
                    "partner_id": line.partner_id.id,
                    "amount_currency": job.fee,
                    "balance": job.fee,
                }
            )
        line.with_context(force_delete=True, skip_readonly_check=True).write(
            {"line_ids": [Command.delete(suspense.id), *map(Command.create, vals_list)]}
        )
        for item in job.items:
            counterpart = line.line_ids.filtered(
                lambda entry, item=item: (
                    entry.account_id == item.account_id and not entry.reconciled
                )
            )[:1]
            (counterpart + item).reconcile()
