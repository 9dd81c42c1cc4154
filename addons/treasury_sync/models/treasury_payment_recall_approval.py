from odoo import fields, models


class TreasuryPaymentRecallApproval(models.Model):
    """One person's approval of a recall, and of exactly the bytes of its file where it has one. It is never changed.

    What counts is checked by PostgreSQL as well, as for payments: a recall takes money back.
    """

    _name = "treasury.payment.recall.approval"
    _description = "Approval of a Payment Recall"
    _inherit = ["treasury.engine.written"]
    _order = "id"
    _rec_name = "user_id"

    recall_id = fields.Many2one(
        "treasury.payment.recall", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    digest = fields.Char(
        readonly=True, help="SHA-256 of the file; empty where the bank takes none."
    )
    user_id = fields.Many2one(
        "res.users", required=True, readonly=True, index=True, ondelete="restrict"
    )
    requested_by_id = fields.Many2one(
        "res.users", required=True, readonly=True, index=True, ondelete="restrict"
    )
    approved_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)

    _user_uniq = models.Constraint(
        "UNIQUE(recall_id, user_id)", "You have approved this recall already."
    )
    _four_eyes_check = models.Constraint(
        "CHECK (user_id <> requested_by_id)", "Whoever asked for a recall cannot approve it."
    )

    def init(self):
        super().init()
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION treasury_recall_approval_guard() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'INSERT' THEN
                    PERFORM FROM treasury_payment_recall r
                      WHERE r.id = NEW.recall_id AND r.state = 'requested'
                        AND r.digest IS NOT DISTINCT FROM NEW.digest
                        AND r.requested_by_id = NEW.requested_by_id;
                    IF FOUND THEN RETURN NEW; END IF;
                    RAISE EXCEPTION 'This approval is not for what waits for approval.'
                        USING ERRCODE = 'insufficient_privilege';
                END IF;
                RAISE EXCEPTION 'The approval of a recall is never changed.'
                    USING ERRCODE = 'insufficient_privilege';
            END $$;
            DROP TRIGGER IF EXISTS treasury_recall_approval_fixed ON treasury_payment_recall_approval;
            CREATE TRIGGER treasury_recall_approval_fixed
                BEFORE INSERT OR UPDATE OR DELETE ON treasury_payment_recall_approval
                FOR EACH ROW EXECUTE FUNCTION treasury_recall_approval_guard();
            ALTER TABLE treasury_payment_recall_approval ENABLE ALWAYS TRIGGER treasury_recall_approval_fixed;
            """
        )

    # === CRUD METHODS === #

    def _why_fixed(self):
        return self.env._("A recall is approved with its button, and that is never changed.")
