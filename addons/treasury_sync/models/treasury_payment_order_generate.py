import json
import uuid
from datetime import UTC

from stdnum import iso11649
from stdnum.ch import esr

from odoo import Command, fields, models
from odoo.exceptions import UserError

from odoo.addons.finance_connector_base.models.turns import take_turns
from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tools import accounts, documents, identifiers

from .engine import as_engine


class TreasuryPaymentOrder(models.Model):
    """From payments to the exact bytes: instructions, canonical document, file, all checked before anybody approves."""

    _inherit = "treasury.payment.order"

    # === ACTION METHODS === #

    def action_generate(self):
        """Make instructions and file of drafts, and ask for approval.

        :return: True
        :raise UserError: a payment cannot be carried; it is named, and nothing was generated
        """
        self._check_group("preparer")
        for order in self:
            order._generate()
        return True

    # === BUSINESS METHODS === #

    def _generate(self):
        self.ensure_one()
        self.lock_for_update()
        if self.state != "draft":
            raise UserError(self.env._("%s was generated already.", self.name))
        self._check_not_kept()
        payments = self.payment_ids.sorted("id")
        self._check_payments(payments)
        channel = self.channel_id.sudo()
        order = as_engine(self)
        account = channel.journal_id.bank_account_id
        message = identifiers.message_id(self.name)
        order.write(
            {
                "version": self.version + 1,
                "message_ref": message,
                # A whole second: it is a part of the file.
                "generated_at": fields.Datetime.now(),
                "payer_name": self.company_id.name,
                "payer_account": account.sanitized_acc_number,
                "payer_bic": account.bank_bic or False,
                "payer_address": self._prepare_payer_address(),
                "prepared_by_id": self.env.uid,
            }
        )
        items = as_engine(self.env["treasury.payment.instruction"]).create(
            self._one_first(
                [
                    self._prepare_instruction_vals(payment, number)
                    for number, payment in enumerate(payments, start=1)
                ]
            )
        )
        # Nobody changes or uses them meanwhile: that would be in no instruction, and seen by no guard.
        for source in (items.payment_id, items.partner_bank_id, items.mandate_id):
            take_turns(source)
        document = self._document()
        content = self._write_file(document)
        order.write(
            {
                "digest": sha256_hex(content),
                "document_digest": _digest(document),
                "state": "to_approve",
                "excluded_user_ids": [Command.set(self._find_excluded_users().ids)],
            }
        )
        payment_file = as_engine(self.env["treasury.payment.file"]).create(
            {
                "order_id": self.id,
                "version": self.version,
                "filename": f"{message}.{channel._format().extension}",
                "file_format": channel.file_format,
                "size": len(content),
                "digest": self.digest,
            }
        )
        payment_file._seal(content)
        self._hold()
        self._log("generated", message=message, payments=len(payments))
        self.message_post(
            body=self.env._(
                "Version %(version)s was generated: %(count)s payments, %(total)s, SHA-256 %(digest)s.",
                version=self.version,
                count=len(payments),
                total=self.currency_id.format(self.amount_total),
                digest=self.digest,
            )
        )

    def _prepare_payer_address(self):
        """:return: where the paying company is, by the names of ``documents.Address``; None without a country
        :rtype: dict | None
        """
        company = self.company_id.partner_id.sudo()
        if not company.country_id:
            return None
        values = {
            "street": " ".join(filter(None, (company.street, company.street2))),
            "postcode": company.zip,
            "town": company.city,
            "country": company.country_id.code,
        }
        return {name: value for name, value in values.items() if value}

    def _check_payments(self, payments):
        """Refuse what cannot be paid, naming the payment.

        :raise UserError: and nothing is generated
        """
        self.ensure_one()
        if not payments:
            raise UserError(self.env._("%s has no payments.", self.name))
        if not self.company_id._payments_await_bank():
            raise UserError(
                self.env._(
                    "%s counts bills as paid at once: switch on “Paid When the Bank Has Booked” in the settings first.",
                    self.company_id.name,
                )
            )
        if len(payments.currency_id) > 1:
            raise UserError(self.env._("%s mixes currencies: make an order for each.", self.name))
        self.channel_id.sudo()._check_carries(payments)
        if not self.journal_id.sudo().bank_account_id:
            raise UserError(
                self.env._("%s has no account number.", self.journal_id.sudo().display_name)
            )
        for payment in payments:
            if problem := payment._payment_order_problem(self.channel_id.sudo()):
                raise UserError(
                    self.env._(
                        "%(payment)s: %(problem)s", payment=payment.display_name, problem=problem
                    )
                )

    def _prepare_instruction_vals(self, payment, number):
        """:return: the snapshot of one payment
        :rtype: dict
        """
        channel = self.channel_id.sudo()
        mandate = payment._treasury_mandate(channel)
        bank = payment._treasury_account(channel)
        holder = payment.partner_id.commercial_partner_id.sudo()
        reference, reference_type = self._find_reference(payment, bank)
        return {
            "order_id": self.id,
            "version": self.version,
            "sequence": number,
            "company_id": self.company_id.id,
            "payment_id": payment.id,
            "partner_id": payment.partner_id.id,
            "partner_bank_id": bank.id,
            "instruction_ref": identifiers.part_id(self.message_ref, number),
            "end_to_end_id": identifiers.part_id(self.message_ref, f"E{number}"),
            "uetr": str(uuid.uuid4()),
            "amount": payment.amount,
            "currency_id": payment.currency_id.id,
            "beneficiary_name": bank.acc_holder_name or holder.name,
            "account_number": bank.sanitized_acc_number,
            "is_iban": accounts.is_iban(bank.sanitized_acc_number),
            "bic": bank.bank_bic,
            "bank_name": bank.bank_name,
            "clearing_number": bank.clearing_number,
            "street": " ".join(filter(None, (holder.street, holder.street2))),
            "postcode": holder.zip,
            "town": holder.city,
            "country_code": holder.country_id.code,
            "remittance": payment.memo or payment.name,
            "reference": reference,
            "reference_type": reference_type,
            "purpose": payment.treasury_purpose,
            "charge_bearer": channel.charge_bearer,
            "mandate_id": mandate.id,
            "mandate_ref": mandate.reference,
            "mandate_signed_on": mandate.signed_on,
            "mandate_sequence": mandate._sequence() if mandate else False,
        }

    def _one_first(self, vals_list):
        """Of several collections by one mandate in one order only one is the first.

        :raise UserError: a mandate for one collection has several
        """
        seen = set()
        for vals in vals_list:
            mandate, sequence = vals["mandate_id"], vals["mandate_sequence"]
            if mandate in seen and sequence == "FRST":
                vals["mandate_sequence"] = "RCUR"
            elif mandate in seen and sequence == "OOFF":
                raise UserError(
                    self.env._("The mandate %s is for one collection.", vals["mandate_ref"])
                )
            if mandate:
                seen.add(mandate)
        return vals_list

    def _find_reference(self, payment, bank):
        """:return: the creditor reference of the only bill, if it is one that banks carry, and its type"""
        bills = payment.reconciled_bill_ids | payment.reconciled_invoice_ids
        text = "".join((bills.payment_reference or "").split()) if len(bills) == 1 else ""
        if iso11649.is_valid(text):
            return text.upper(), "SCOR"
        if len(text) == 27 and esr.is_valid(text):
            return text, "QRR"
        return False, False

    def _find_excluded_users(self):
        """Who has had a hand in this order, its payments, the recipients' accounts or the debtors' mandates: none of
        them approves it.

        :rtype: res.users
        """
        order = self.sudo()
        payments = order.payment_ids
        return (
            order.prepared_by_id
            | order.last_editor_id
            | order.editor_ids
            | order.create_uid
            | payments.create_uid
            | payments.treasury_editor_id
            | payments.treasury_editor_ids
            | (payments.partner_bank_id | order._live().partner_bank_id)._editors()
            | order._live().mandate_id.editor_ids
        )

    # === DOCUMENT === #

    def _document(self):
        """The order in canonical form, from the instructions of the version that stands.

        :rtype: documents.PaymentOrder
        """
        self.ensure_one()
        channel = self.channel_id.sudo()
        party = documents.Party(
            name=self.payer_name,
            address=documents.Address(**self.payer_address) if self.payer_address else None,
        )
        is_iban = accounts.is_iban(self.payer_account)
        own = documents.Account(
            iban=self.payer_account if is_iban else None,
            other_id=None if is_iban else self.payer_account,
            agent=documents.Agent(bic=self.payer_bic or None),
        )
        # One group for each type of collection; payments have none.
        by_sequence = self._live().grouped(lambda item: item.mandate_sequence or "")
        groups = tuple(
            documents.PaymentGroup(
                group_id=identifiers.part_id(self.message_ref, f"G{number}"),
                requested_date=self.requested_date,
                party=party,
                account=own,
                service_level=channel.service_level or None,
                local_instrument=channel.local_instrument or None,
                category_purpose=channel.category_purpose or None,
                charge_bearer=channel.charge_bearer,
                batch_booking=channel.batch_booking,
                creditor_scheme_id=(channel.creditor_scheme_id or None) if sequence else None,
                instructions=tuple(item._document() for item in items),
            )
            for number, (sequence, items) in enumerate(sorted(by_sequence.items()), start=1)
        )
        return documents.PaymentOrder(
            kind=self.kind,
            message_id=self.message_ref,
            created_at=self.generated_at.replace(tzinfo=UTC),
            initiator=party,
            groups=groups,
        )

    def _document_digest(self):
        return _digest(self._document())

    def _write_file(self, document):
        """
        :param documents.PaymentOrder document: of the version that stands
        :return: the bytes that the bank gets, proven by the format and the bank's profile
        :rtype: bytes
        :raise UserError: what the format or the profile cannot carry
        """
        channel = self.channel_id.sudo()
        try:
            payment_format = channel._format()
            content = payment_format.write(document, channel._profile())
            payment_format.validate(content, channel._profile())
        except BusinessError as error:
            raise UserError(f"{error.message}\n{error.next_step}".strip()) from error
        return content

    def _file(self):
        """:return: ``treasury.payment.file`` of the version that stands"""
        self.ensure_one()
        return self.sudo().file_ids.filtered(
            lambda item: item.version == self.version and item.role == "file"
        )


def _digest(document):
    plain = documents.order_to_dict(document)
    return sha256_hex(json.dumps(plain, sort_keys=True).encode())
