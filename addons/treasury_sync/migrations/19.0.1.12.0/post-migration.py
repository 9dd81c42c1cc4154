from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Reports counted over any connection of the company: the channel names those that brought them."""
    cr.execute(
        """
        SELECT o.channel_id, array_agg(DISTINCT reporting.connection_id)
          FROM treasury_payment_news news
          JOIN finance_exchange reporting ON reporting.id = news.exchange_id
          JOIN treasury_payment_instruction item ON item.id = news.instruction_id
          JOIN treasury_payment_order o ON o.id = item.order_id
          JOIN treasury_payment_channel channel ON channel.id = o.channel_id
          LEFT JOIN finance_interface own ON own.id = channel.interface_id
         WHERE news.source IN ('report', 'webhook', 'recall')
           AND reporting.source != 'upload'
           AND reporting.connection_id IS DISTINCT FROM own.connection_id
      GROUP BY o.channel_id
        """
    )
    channels = api.Environment(cr, SUPERUSER_ID, {})["treasury.payment.channel"]
    for channel_id, connection_ids in cr.fetchall():
        channels.browse(channel_id).report_connection_ids = connection_ids
