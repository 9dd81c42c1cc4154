from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """References are made of ids: no new one may equal one that the sequence gave. Secrets are bound to a place."""
    cr.execute(
        r"""SELECT setval('finance_exchange_id_seq', GREATEST(
                (SELECT last_value FROM finance_exchange_id_seq),
                (SELECT max(substring(name FROM '[0-9]{1,18}$')::bigint) FROM finance_exchange)))"""
    )
    env = api.Environment(cr, SUPERUSER_ID, {})
    sequence = env.ref("finance_connector_base.sequence_finance_exchange", raise_if_not_found=False)
    if sequence:
        sequence.unlink()
    for credential in env["finance.credential"].search([("key_id", "!=", False)]):
        # Until now a secret was good for wherever its connection led to.
        cr.execute(
            "UPDATE finance_credential SET bound_to = %s WHERE id = %s",
            [credential.connection_id._secret_destination(), credential.id],
        )
