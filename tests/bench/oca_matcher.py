"""What ``account_reconcile_oca`` does with the payments of the corpus, in Odoo's shell without any of our addons."""

from odoo.tools import SQL
from odoo.tools.safe_eval import safe_eval

SCREEN = "account_reconcile_oca.bank_statement_line_form_reconcile_view"
CHOICE = "add_account_move_line_id"
"""The field of that screen by which a person chooses an open item from a list."""


class Matcher:
    """A company with the open items of one world of the corpus, and its bank account.

    :ivar items: our id of an open item by the id of its entry.
    """

    def __init__(self, env, number, world):
        company = env["res.company"].create({"name": f"World {number}"})
        env.user.company_ids |= company
        self.env = env = env(
            context=dict(env.context, allowed_company_ids=[company.id], tracking_disable=True)
        )
        self.company = company = company.with_env(env)
        euro, dollar = env.ref("base.EUR"), env.ref("base.USD")
        (euro | dollar).active = True
        env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
        company.currency_id = euro
        env["res.currency.rate"].create(
            {
                "name": "2025-01-01",
                "currency_id": dollar.id,
                "company_id": company.id,
                "rate": 1.1,
            }
        )
        self.journal = env["account.journal"].create(
            {"name": "Bank", "code": "BOCA", "type": "bank", "company_id": company.id}
        )
        self.partners = self._make_partners(world["partners"])
        self.items = self._make_items(world["items"])
        self.listed = self._listed()

    def _make_partners(self, told):
        partners = self.env["res.partner"].create(
            [{"name": name, "company_id": self.company.id} for _id, name, _iban in told]
        )
        by_id = {one[0]: partner for one, partner in zip(told, partners, strict=True)}
        self.env["res.partner.bank"].create(
            [{"acc_number": iban, "partner_id": by_id[one].id} for one, _name, iban in told if iban]
        )
        return by_id

    def _make_items(self, told):
        moves = self.env["account.move"].create(
            [
                {
                    "move_type": item["kind"],
                    "partner_id": self.partners[item["partner"]].id,
                    "invoice_date": "2026-02-02",
                    "currency_id": self.env.ref("base." + item["currency"]).id,
                    "ref": item["reference"],
                    "invoice_line_ids": [
                        (0, 0, {"name": "x", "price_unit": item["amount"], "tax_ids": [(5, 0, 0)]})
                    ],
                }
                for item in told
            ]
        )
        moves.action_post()
        self.env.flush_all()
        named = [
            (item["number"], item["reference"] or item["number"], move.id)
            for item, move in zip(told, moves, strict=True)
            if item["kind"] != "in_invoice"
        ]
        cr = self.env.cr
        # Out of the way first: the numbers of the world may be ones that Odoo gave.
        cr.execute("UPDATE account_move SET name = 'T' || id WHERE id = ANY(%s)", [moves.ids])
        for number, reference, move_id in named:
            cr.execute(
                "UPDATE account_move SET name = %s, payment_reference = %s WHERE id = %s",
                [number, reference, move_id],
            )
        cr.execute(
            "UPDATE account_move_line item SET move_name = move.name"
            " FROM account_move move WHERE move.id = item.move_id AND move.id = ANY(%s)",
            [moves.ids],
        )
        self.env.invalidate_all()
        return {move.id: item["id"] for move, item in zip(moves, told, strict=True)}

    def _listed(self):
        """:return: the domain of the list from which a person chooses, as text"""
        view = self.env["account.bank.statement.line"].get_view(self.env.ref(SCREEN).id, "form")
        before, _found, after = view["arch"].partition(f'name="{CHOICE}"')
        tag = before.rpartition("<")[2] + after.partition(">")[0]
        return tag.partition('domain="')[2].partition('"')[0]

    def decide(self, told):
        """:return: what became of a line: ``auto``, ``ambiguous`` and what it ranks first, or the ``error``"""
        currency = told["foreign"] and self.env.ref("base." + told["foreign"][0])
        vals = {
            "journal_id": self.journal.id,
            "date": told["date"],
            "amount": told["amount"],
            "payment_ref": told["text"] or "/",
            "partner_name": told["name"],
            "account_number": told["iban"],
            **(
                {"foreign_currency_id": currency.id, "amount_currency": told["foreign"][1]}
                if currency
                else {}
            ),
        }
        try:
            with self.env.cr.savepoint():
                line = self.env["account.bank.statement.line"].create(vals)
                self.env.flush_all()
        except Exception as error:
            # Whatever it is, this line was not done and is counted.
            self.env.invalidate_all()
            return {"auto": False, "ambiguous": False, "ranked": [], "error": repr(error)}
        if line.is_reconciled:
            entry = line.line_ids
            paid = entry.matched_debit_ids.debit_move_id | entry.matched_credit_ids.credit_move_id
            return {"auto": True, "ambiguous": False, "ranked": [self._known(paid - entry)]}
        return {
            "auto": False,
            "ambiguous": self._is_ambiguous(line),
            "ranked": self._ranked(line),
        }

    def _is_ambiguous(self, line):
        """Whether more than one item fits by its own query, which then takes none."""
        query = line._do_auto_reconcile_invoices_query()
        query.having = SQL("COUNT(*) > 1")
        return bool(self.env.execute_query(query.select()))

    def _ranked(self, line):
        """What it proposes, and then what its list shows first, of the partner where there is one."""
        items = self.env["account.move.line"]
        proposed = items.browse((line.reconcile_data_info or {}).get("counterparts") or [])
        domain = safe_eval(self.listed, {"id": line.id, "company_id": self.company.id})
        if line.partner_id:
            domain += [("partner_id", "=", line.partner_id.id)]
        return [
            found
            for found in (self._known(proposed), *map(self._known, items.search(domain, limit=3)))
            if found
        ]

    def _known(self, items):
        return sorted({self.items[one.id] for one in items.move_id if one.id in self.items})


def decide(env, worlds):
    """:return: for each world, what became of each of its lines"""
    told = []
    for number, world in enumerate(worlds):
        matcher = Matcher(env, number, world)
        env.cr.commit()
        told.append([matcher.decide(line) for line in world["lines"]])
        env.cr.commit()
    return told
