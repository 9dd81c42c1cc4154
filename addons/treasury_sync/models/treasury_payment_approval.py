from odoo import fields, models


class TreasuryPaymentApproval(models.Model):
    """One person's approval of exactly these bytes. It is never changed; a change of the order makes it void.

    What counts is checked by PostgreSQL as well, since this row is what lets money go.
    """

    _name = "treasury.payment.approval"
    _description = "Payment Approval"
    _inherit = ["treasury.engine.written"]
    _order = "id"
    _rec_name = "user_id"

    order_id = fields.Many2one(
        "treasury.payment.order", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    version = fields.Integer(required=True, readonly=True)
    digest = fields.Char(required=True, readonly=True, help="SHA-256 of the file.")
    user_id = fields.Many2one("res.users", required=True, readonly=True, index=True)
    principal_id = fields.Many2one(
        "res.users",
        string="In the Name Of",
        required=True,
        readonly=True,
        index=True,
        help="The approver who delegated, or the one who approved.",
    )
    prepared_by_id = fields.Many2one("res.users", required=True, readonly=True, index=True)
    last_editor_id = fields.Many2one("res.users", required=True, readonly=True, index=True)
    approved_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    state = fields.Selection(
        [("valid", "Valid"), ("void", "Void")], required=True, readonly=True, default="valid"
    )
    void_reason = fields.Char(readonly=True)

    _user_uniq = models.Constraint(
        "UNIQUE(order_id, version, user_id)", "You have approved this version already."
    )
    _principal_uniq = models.Constraint(
        "UNIQUE(order_id, version, principal_id)",
        "This version was approved in the name of this person already.",
    )
    _four_eyes_check = models.Constraint(
        "CHECK (user_id <> prepared_by_id AND user_id <> last_editor_id"
        " AND principal_id <> prepared_by_id AND principal_id <> last_editor_id)",
        "Whoever prepared or edited an order cannot approve it.",
    )
    _digest_check = models.Constraint(
        "CHECK (digest ~ '^[0-9a-f]{64}$')", "An approval is bound to the digest of a file."
    )

    def init(self):
        super().init()
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION treasury_approval_guard() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'INSERT' THEN
                    PERFORM FROM treasury_payment_order o
                      WHERE o.id = NEW.order_id AND o.state = 'to_approve' AND o.version = NEW.version
                        AND o.digest = NEW.digest
                        AND o.prepared_by_id = NEW.prepared_by_id AND o.last_editor_id = NEW.last_editor_id
                        AND NOT EXISTS (SELECT FROM treasury_order_excluded_user_rel r
                                         WHERE r.order_id = o.id AND r.user_id IN (NEW.user_id, NEW.principal_id));
                    IF FOUND THEN RETURN NEW; END IF;
                    RAISE EXCEPTION 'This approval is not for what waits for approval, or not by somebody who may.'
                        USING ERRCODE = 'insufficient_privilege';
                END IF;
                IF TG_OP = 'UPDATE' AND OLD.state = 'valid' AND NEW.state = 'void'
                   AND to_jsonb(OLD) - ARRAY['state', 'void_reason', 'write_uid', 'write_date']
                     = to_jsonb(NEW) - ARRAY['state', 'void_reason', 'write_uid', 'write_date'] THEN
                    RETURN NEW;
                END IF;
                RAISE EXCEPTION 'An approval is never changed; it can only become void.'
                    USING ERRCODE = 'insufficient_privilege';
            END $$;
            DROP TRIGGER IF EXISTS treasury_approval_fixed ON treasury_payment_approval;
            CREATE TRIGGER treasury_approval_fixed BEFORE INSERT OR UPDATE OR DELETE ON treasury_payment_approval
                FOR EACH ROW EXECUTE FUNCTION treasury_approval_guard();
            ALTER TABLE treasury_payment_approval ENABLE ALWAYS TRIGGER treasury_approval_fixed;
            """
        )

    # === CRUD METHODS === #

    def _why_fixed(self):
        return self.env._("Approvals are given with the button of the order, and never changed.")
