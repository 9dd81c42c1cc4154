"""The whole way of payments inside Odoo, from posted bills to the bytes that leave: the suite's, and OCA's.

Both sides pay the same bills, each of a vendor of its own with an account of its own, all made by Odoo and committed
before the clock runs. The functions that take ``env`` run in Odoo's shell.
"""

import time

from tests.bench.world import analyse

OWN_IBAN = "DE89370400440532013000"
DAY = "2026-11-02"


def german_iban(number):
    """:return: an account number with right check digits, another one for each ``number``"""
    bban = f"37040044{number:010}"
    return f"DE{98 - int(bban + '131400') % 97:02}{bban}"


class Clock:
    """Seconds of each step, written to the database before the next one begins."""

    def __init__(self, env):
        self.env = env
        self.steps = {}
        self._last = time.perf_counter()

    def step(self, name):
        self.env.flush_all()
        now = time.perf_counter()
        self.steps[name] = round(now - self._last, 3)
        self._last = now


def bank_journal(env):
    """:return: a journal of the company in euros, with account number and BIC"""
    euro = env.ref("base.EUR")
    euro.active = True
    company = env.company
    company.currency_id = euro
    company.partner_id.country_id = env.ref("base.de")
    company.partner_id.city = "Berlin"
    bank = env["res.bank"].create({"name": "Bank", "bic": "COBADEFFXXX"})
    account = env["res.partner.bank"].create(
        {"acc_number": OWN_IBAN, "partner_id": company.partner_id.id, "bank_id": bank.id}
    )
    return env["account.journal"].create(
        {"name": "Bank", "code": "BENC", "type": "bank", "bank_account_id": account.id}
    )


def bills(env, count, **values):
    """:param values: what every bill has besides
    :return: posted bills, one for each of ``count`` vendors with a trusted account
    """
    env.user.group_ids |= env.ref("account.group_validate_bank_account")
    vendors = env["res.partner"].create(
        [
            {
                "name": f"Vendor Größe {number} GmbH",
                "is_company": True,
                "street": f"Hauptstraße {number}",
                "zip": "10115",
                "city": "Berlin",
                "country_id": env.ref("base.de").id,
            }
            for number in range(count)
        ]
    )
    accounts = env["res.partner.bank"].create(
        [
            {
                "acc_number": german_iban(vendor.id),
                "partner_id": vendor.id,
                "allow_out_payment": True,
            }
            for vendor in vendors
        ]
    )
    made = env["account.move"]
    for start in range(0, count, 200):
        some = made.create(
            [
                {
                    "move_type": "in_invoice",
                    "partner_id": vendor.id,
                    "invoice_date": DAY,
                    "invoice_date_due": DAY,
                    "ref": f"Rechnung {number}",
                    "partner_bank_id": account.id,
                    "invoice_line_ids": [
                        (
                            0,
                            0,
                            {
                                "name": "Goods",
                                "quantity": 1,
                                "price_unit": 10 + number / 100,
                                "tax_ids": [(5, 0, 0)],
                            },
                        )
                    ],
                    **values,
                }
                for number, (vendor, account) in enumerate(
                    zip(vendors[start : start + 200], accounts[start : start + 200], strict=True),
                    start=start,
                )
            ]
        )
        some.action_post()
        made |= some
        env.cr.commit()
        env.invalidate_all()
    analyse(env)
    return made


def ours(env, count, pems):
    """A payment run of all bills, its order generated, approved by two people, signed and encrypted.

    :param pems: our private key, our certificate and the bank's
    :return: seconds by step
    """
    company, journal = env.company, bank_journal(env)
    company.payments_await_bank = True
    connection = env["finance.connection"].create(
        {
            "name": "Bank",
            "adapter": "upload",
            "environment": "sandbox",
            "company_id": company.id,
        }
    )
    kinds = ("payment_signing_key", "payment_signing_certificate", "payment_bank_key")
    env["finance.credential"].create(
        [
            {"name": kind, "connection_id": connection.id, "kind": kind, "secret": pem}
            for kind, pem in zip(kinds, pems, strict=True)
        ]
    )
    interface = env["finance.interface"].create(
        {
            "name": "Payments",
            "code": "bench.payments",
            "handler": "payment_order",
            "connection_id": connection.id,
            "company_id": company.id,
        }
    )
    interface._go_live("Needed by a bench.")
    channel = env["treasury.payment.channel"].create(
        {
            "name": "SEPA",
            "journal_id": journal.id,
            "interface_id": interface.id,
            "seal_method": "cms_sign_encrypt",
        }
    )
    preparer, first, second = (
        env["res.users"].create(
            {
                "name": login,
                "login": login,
                "group_ids": [(4, env.ref(f"treasury_sync.group_treasury_{login[:8]}").id)],
            }
        )
        for login in ("preparer", "approver", "approver2")
    )
    bills(env, count)
    env.cr.commit()
    env.invalidate_all()
    clock = Clock(env)
    run = (
        env["treasury.payment.run"]
        .with_user(preparer)
        .create({"channel_id": channel.id, "pay_on": DAY, "due_until": DAY})
    )
    run.action_propose()
    run.line_ids.selected = True
    clock.step("proposed")
    order = (
        env["treasury.payment.order"]
        .with_user(preparer)
        .browse(run.action_create_order()["res_id"])
    )
    clock.step("paid")
    order.action_generate()
    clock.step("generated")
    for user in (first, second):
        order.with_user(user)._approve(order.digest)
    clock.step("approved")
    content = order.sudo()._seal_content(connection)
    clock.step("sealed")
    env.cr.commit()
    clock.step("committed")
    assert order.payment_count == count, order.payment_count
    assert order._file()._content().count(b"<EndToEndId>") == count
    assert len(content) > order._file().size
    return clock.steps


def oca(env, count):
    """OCA's order of all bills, confirmed, its file generated, its payments posted.

    :return: seconds by step
    """
    env.user.group_ids |= env.ref("account_payment_order.group_account_payment")
    journal = bank_journal(env)
    method = env.ref("account_banking_sepa_credit_transfer.sepa_credit_transfer")
    line = [("journal_id", "=", journal.id), ("payment_method_id", "=", method.id)]
    if not env["account.payment.method.line"].search(line, limit=1):
        env["account.payment.method.line"].create(
            {"journal_id": journal.id, "payment_method_id": method.id}
        )
    mode = env["account.payment.mode"].create(
        {
            "name": "SEPA",
            "bank_account_link": "fixed",
            "group_lines": False,
            "fixed_journal_id": journal.id,
            "payment_method_id": method.id,
        }
    )
    made = bills(env, count, payment_mode_id=mode.id)
    env.cr.commit()
    env.invalidate_all()
    clock = Clock(env)
    made.create_account_payment_line()
    order = made.line_ids.payment_line_ids.order_id
    clock.step("lines")
    order.draft2open()
    clock.step("confirmed")
    order.open2generated()
    clock.step("file")
    order.generated2uploaded()
    clock.step("posted")
    env.cr.commit()
    clock.step("committed")
    assert len(order) == 1 and len(order.payment_ids) == count, (order, len(order.payment_ids))
    content = env["ir.attachment"].search([("res_model", "=", order._name)], limit=1).raw
    assert content.count(b"<EndToEndId>") == count, content[:500]
    return clock.steps
