"""A world of the corpus in a database: its open items, and its payments as lines of an account."""

from odoo.fields import Command


def decide(env, worlds):
    """Create each world's lines and tell what was reconciled as they came.

    :return: for each world, the items that each line settles
    """
    return [_World(env, number, world).decide() for number, world in enumerate(worlds)]


class _World:
    def __init__(self, env, number, world):
        self.env, self.number, self.world = env, number, world
        self.company = env.company
        self.euro = env.ref("base.EUR")
        self.dollar = env.ref("base.USD")
        (self.euro | self.dollar).active = True
        if not number:
            self.company.currency_id = self.euro
        else:
            # A company of its own for each: what is open in one is nothing to another.
            self.company = env["res.company"].create(
                {"name": f"World {number}", "currency_id": self.euro.id}
            )
            env["account.chart.template"].try_loading(
                "generic_coa", self.company, install_demo=False
            )
            env.user.company_ids |= self.company
        self.env = env(
            context={
                **env.context,
                "allowed_company_ids": self.company.ids,
                "tracking_disable": True,
            }
        )
        self.journal = self.env["account.journal"].create(
            {"name": "Bank", "code": "OCAB", "type": "bank", "company_id": self.company.id}
        )

    def decide(self):
        partners = self._partners()
        items = self._items(partners)
        self.env.cr.commit()
        lines = self._lines()
        self.env.cr.commit()
        return {
            str(line_id): sorted(items[item.id] for item in _settled(line) if item.id in items)
            for line_id, line in lines.items()
            if line.is_reconciled
        }

    def _partners(self):
        records = self.env["res.partner"].create(
            [
                {"name": name, "company_id": self.company.id}
                for _id, name, _iban in self.world["partners"]
            ]
        )
        self.env["res.partner.bank"].create(
            [
                {"acc_number": iban, "partner_id": partner.id, "company_id": self.company.id}
                for (_id, _name, iban), partner in zip(self.world["partners"], records, strict=True)
                if iban
            ]
        )
        return {
            number: partner
            for (number, _name, _iban), partner in zip(self.world["partners"], records, strict=True)
        }

    def _items(self, partners):
        """:return: the corpus's ids by the ids of the journal items that are to be paid"""
        vals_list, issued = [], []
        for number, partner, currency, residual, name, references in self.world["items"]:
            is_customer = partner <= self.world["customers"]
            move_type = (
                ("out_invoice" if residual > 0 else "out_refund")
                if is_customer
                else ("in_refund" if residual > 0 else "in_invoice")
            )
            vals_list.append(
                {
                    "move_type": move_type,
                    "partner_id": partners[partner].id,
                    "invoice_date": "2026-02-02",
                    "currency_id": (self.euro if currency == "EUR" else self.dollar).id,
                    "ref": references[0] if references and not is_customer else False,
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": "Goods",
                                "price_unit": abs(residual) / 100,
                                "tax_ids": [Command.clear()],
                            }
                        )
                    ],
                }
            )
            issued.append((number, name, references[0] if references and is_customer else None))
        moves = self.env["account.move"].create(vals_list)
        moves.action_post()
        self.env.flush_all()
        found = {}
        for move, (number, name, reference) in zip(moves, issued, strict=True):
            # Odoo would number them by itself.
            self.env.cr.execute(
                "UPDATE account_move SET name = %s, payment_reference = COALESCE(%s, %s) WHERE id = %s",
                [name, reference, name, move.id],
            )
            self.env.cr.execute(
                "UPDATE account_move_line SET move_name = %s WHERE move_id = %s", [name, move.id]
            )
            [item] = move.line_ids.filtered(lambda one: one.display_type == "payment_term")
            found[item.id] = number
        self.env.invalidate_all()
        return found

    def _lines(self):
        vals_list = []
        for _number, amounts, day, text, name, iban in self.world["lines"]:
            booked = dict(map(tuple, amounts))
            vals_list.append(
                {
                    "journal_id": self.journal.id,
                    "date": day,
                    "amount": booked["EUR"] / 100,
                    "payment_ref": text or "/",
                    "partner_name": name or False,
                    "account_number": iban or False,
                    **(
                        {
                            "foreign_currency_id": self.dollar.id,
                            "amount_currency": booked["USD"] / 100,
                        }
                        if "USD" in booked
                        else {}
                    ),
                }
            )
        lines = self.env["account.bank.statement.line"].create(vals_list)
        return dict(zip((row[0] for row in self.world["lines"]), lines, strict=True))


def _settled(line):
    partials = line.line_ids.matched_debit_ids | line.line_ids.matched_credit_ids
    return (partials.debit_move_id | partials.credit_move_id) - line.line_ids
