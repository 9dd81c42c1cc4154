from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """The reference of an exchange is made of its id: no new one may equal one that the sequence gave before."""
    cr.execute(
        r"""SELECT setval('finance_exchange_id_seq', GREATEST(
                (SELECT last_value FROM finance_exchange_id_seq),
                (SELECT max(substring(name FROM '[0-9]{1,18}$')::bigint) FROM finance_exchange)))"""
    )
    env = api.Environment(cr, SUPERUSER_ID, {})
    sequence = env.ref("finance_connector_base.sequence_finance_exchange", raise_if_not_found=False)
    if sequence:
        sequence.unlink()
