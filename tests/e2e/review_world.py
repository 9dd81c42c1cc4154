"""Waiting lines with open items, and two people who may review them."""

SETUP = """
from odoo import Command

euro = env.ref("base.EUR")
euro.active = True
company = env["res.company"].create({{"name": "Review AG", "currency_id": euro.id}})
env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
company.currency_id = euro
env = env(context=dict(env.context, allowed_company_ids=[company.id]))
users = env["res.users"].with_context(no_reset_password=True).create([
    {{"name": f"{{login.title()}} Reviewer", "login": login, "password": login,
      "company_id": company.id, "company_ids": [Command.set([company.id])],
      "group_ids": [Command.set([
          env.ref("finance_connector_base.group_finance_operator").id, env.ref("base.group_partner_manager").id])]}}
    for login in ("rita", "rolf")])
partner = env["res.partner"].create({{"name": "Customer " + "with a long name " * 8}})
invoices = env["account.move"].create([
    {{"move_type": "out_invoice", "partner_id": partner.id, "invoice_date": "2026-02-02", "currency_id": euro.id,
      "company_id": company.id, "invoice_line_ids": [
        Command.create({{"name": "Goods", "price_unit": 100.0 + number, "tax_ids": [Command.clear()]}})]}}
    for number in range({invoices})])
invoices.action_post()
expense = env["account.account"].search(
    [("account_type", "=", "expense"), ("company_ids", "in", company.ids)], limit=1)
env["account.reconcile.model"].create({{"name": "Keeping of the account", "company_id": company.id,
    "line_ids": [Command.create({{"account_id": expense.id, "label": "Fee"}})]}})
journal = env["account.journal"].create({{"name": "Bank", "code": "RVB", "type": "bank", "company_id": company.id}})
env["account.journal"].create({{"name": "Savings", "code": "RVS", "type": "bank", "company_id": company.id}})
# A part payment each: found, and never posted without a person.
lines = env["account.bank.statement.line"].create([
    {{"journal_id": journal.id, "date": "2026-03-04", "amount": 50.0 + number,
      "payment_ref": f"Part of {{invoice.name}}, the rest follows"}}
    for number, invoice in enumerate(invoices)])
lines |= env["account.bank.statement.line"].create([
    {{"journal_id": journal.id, "date": "2026-03-05", "amount": -5.0 - number,
      "payment_ref": f"Account fee {{number}}"}}
    for number in range({fees})])
env["bank.statement.matcher"]._match(lines)
"""

MANY = """
from datetime import date

journal = env["account.journal"].search([("code", "=", "RVB")])
env = env(context=dict(env.context, allowed_company_ids=journal.company_id.ids))
env["bank.statement.line.writer"]._create_lines([
    {{"journal_id": journal.id, "date": date(2026, 4, 4), "amount": 1000.0 + number,
      "payment_ref": f"Payment {{number}}"}}
    for number in range({count})])
"""
