from odoo import models


class MailThread(models.AbstractModel):
    """Mails to a feed go to the vault and not, in clear, into a chatter."""

    _inherit = "mail.thread"

    def _message_route_process(self, message, message_dict, routes):
        others, feed_id = [], False
        for route in routes or ():
            model, thread_id, _values, _user_id, _alias = route
            if model == "bank.statement.feed" and thread_id:
                feed = self.env[model].sudo().browse(thread_id)
                if feed.kind == "mail":
                    feed = feed.with_company(feed.company_id)
                    feed._receive_mail(message, message_dict["message_id"])
                    feed_id = feed.id
                    continue
            others.append(route)
        if others or not feed_id:
            return super()._message_route_process(message, message_dict, others)
        return feed_id
