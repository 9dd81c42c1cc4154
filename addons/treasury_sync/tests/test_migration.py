from odoo.tests import tagged

from .follow_common import FollowCase


@tagged("post_install", "-at_install")
class TestMigration(FollowCase):
    """What a release makes of the rows of the one before."""

    def returned(self, amount):
        order = self.sent(amount)
        item = order._live()
        line = self.line(order, amount)
        self.env["bank.statement.matcher"]._match(line)
        self.assertEqual((item.state, item.return_line_id), ("returned", line))
        return item, line

    def test_1_13_what_brought_a_payment_back_and_who_owns_a_channel(self):
        item, line = self.returned(100)
        told, _line = self.returned(70)
        # Of this one's entry the name was changed, and the other company has one that is called so.
        renamed, other_line = self.returned(40)
        twin = self.statement_line(40, journal=self.journals[self.company_b])
        twin.move_id.name, other_line.move_id.name = other_line.move_id.name, "RENAMED/1"
        kept = self.approved(5, channel=self.make_channel())
        self.env.flush_all()
        self.env.cr.execute("UPDATE treasury_payment_instruction SET return_line_id = NULL")
        self.env.cr.execute("UPDATE treasury_payment_channel SET owner_id = NULL")
        # The bank's report told it, and no statement line.
        self.env.cr.execute(
            "UPDATE treasury_payment_news SET source = 'report' WHERE instruction_id = %s",
            [told.id],
        )
        self.migrate("treasury_sync", "19.0.1.13.0", "19.0.1.12.0")
        self.assertEqual(item.return_line_id, line)
        self.assertFalse((told | renamed | kept._live()).return_line_id)
        self.assertEqual(self.channel.owner_id, self.channel.create_uid)
        self.migrate("treasury_sync", "19.0.1.13.0", "19.0.1.12.0")
        self.assertEqual(item.return_line_id, line)
