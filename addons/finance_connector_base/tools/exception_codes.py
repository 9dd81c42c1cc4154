"""The words of every exception: what it is called, how urgent it is and what to do next.

Each code has a section of the same name in ``docs/runbooks.md``. An addon adds its own codes with :func:`register`.
"""

# There is no env here: texts are only marked, and the models translate them.
# pylint: disable=prefer-env-translation

from dataclasses import dataclass

from .errors import Severity


@dataclass(frozen=True)
class ExceptionCode:
    """What a finance person reads about one kind of exception.

    :param str title: what it is called on the screen.
    :param Severity severity: how urgent it is unless the one who opens it knows better.
    :param str next_step: what to do, in plain words.
    :param str addon: whose translations have title and next step in other languages.
    """

    title: str
    severity: Severity
    next_step: str
    addon: str


_CODES: dict[str, ExceptionCode] = {}


def _(text):
    """Mark a text for translators, whose templates are collected by this name; what is shown, the models translate."""
    return text


def register_of(addon):
    """Return what adds the codes of one addon to the catalogue.

    :param str addon: name of the addon, which also translates their words.
    :return: function of code (stable identifier, snake case), title, severity and next step, which raises ValueError
        where the code exists with other words.
    """

    def register(code, title, severity, next_step):
        entry = ExceptionCode(title, severity, next_step, addon)
        if _CODES.setdefault(code, entry) != entry:
            raise ValueError(f"The exception code {code} is in the catalogue already.")

    return register


register = register_of("finance_connector_base")


def describe_code(code):
    """Return the words of ``code``; one that is not in the catalogue gets words that are true of any.

    :rtype: ExceptionCode
    """
    return _CODES.get(code) or ExceptionCode(
        code.replace("_", " ").capitalize(),
        Severity.MEDIUM,
        _("Read the evidence. Correct the cause and retry, or close the exception with a reason."),
        "finance_connector_base",
    )


def known_codes():
    """Return all codes of the catalogue, in alphabetical order.

    :rtype: list[str]
    """
    return sorted(_CODES)


# === CONTENT === #

register(
    "mapping_missing",
    _("A code has no mapping"),
    Severity.MEDIUM,
    _(
        "Press Fix Mapping, choose what the code stands for in Odoo, and the exchange is processed again."
    ),
)
register(
    "idempotency_conflict",
    _("The same key came with other content"),
    Severity.HIGH,
    _(
        "Compare both versions in the evidence and ask the sender which one is right. Nothing was posted a second time."
    ),
)
register(
    "payload_tampered",
    _("Stored content no longer matches its digest"),
    Severity.CRITICAL,
    _(
        "Do not replay. Ask an administrator to compare with a backup, and have the sender transmit the document again."
    ),
)
register(
    "invalid_content",
    _("The content cannot be read"),
    Severity.MEDIUM,
    _(
        "Ask the sender for a correct document, or upload one by hand; nothing of this one was posted."
    ),
)
register(
    "schema_violation",
    _("The content breaks the agreed format"),
    Severity.MEDIUM,
    _(
        "Show the evidence to the sender. If the format changed on purpose, propose a new version of the interface."
    ),
)
register(
    "route_missing",
    _("No routing rule carries this document"),
    Severity.MEDIUM,
    _("Add a routing rule for this kind of document, or choose the interface by hand, then retry."),
)
register(
    "unit_failed",
    _("One record of the exchange was not posted"),
    Severity.MEDIUM,
    _(
        "Correct the cause named in the evidence and retry; records that were posted are left as they are."
    ),
)

# === PIPE === #

register(
    "temporary_failure",
    _("The other side does not answer"),
    Severity.MEDIUM,
    _("Check the connection's health. Retry when the other side works again."),
)
register(
    "retries_exhausted",
    _("All automatic retries were used"),
    Severity.HIGH,
    _("Find the cause in the last attempt, have it corrected, then press Retry."),
)
register(
    "final_error",
    _("The exchange was refused"),
    Severity.HIGH,
    _("Read the last attempt, correct what it names, then press Retry."),
)
register(
    "outcome_unknown",
    _("It was sent, and nobody knows yet whether it arrived"),
    Severity.HIGH,
    _("Ask the counterparty for the status. Do not send it again before you know."),
)
register(
    "acknowledgement_overdue",
    _("The counterparty did not confirm in time"),
    Severity.HIGH,
    _(
        "Ask the counterparty whether it took the document, then set the exchange to what you learned."
    ),
)
register(
    "environment_mismatch",
    _("This server may not call a connection of that environment"),
    Severity.HIGH,
    _("Use a connection of this server's environment, or declare the environment in odoo.conf."),
)
register(
    "capability_missing",
    _("The connection cannot do this"),
    Severity.HIGH,
    _("Choose another connection for the interface, or another way to deliver."),
)
register(
    "signature_invalid",
    _("A message was not signed by the counterparty"),
    Severity.HIGH,
    _(
        "Check the signing secret of the connection with the counterparty. The message was not processed."
    ),
)
register(
    "webhook_not_accepted",
    _("A webhook came that no interface takes"),
    Severity.HIGH,
    _(
        "Add an inbound interface for it to the connection, or have the sender stop. Nothing was stored;"
        " senders repeat."
    ),
)
register(
    "subscriber_gone",
    _("A subscriber takes no more events"),
    Severity.HIGH,
    _(
        "Its subscription was switched off. Correct the address with the subscriber, switch subscription"
        " and interface on,"
        " then retry."
    ),
)
register(
    "credential_missing",
    _("A credential is missing"),
    Severity.HIGH,
    _("Add the credential to the connection, then retry."),
)
register(
    "credential_disarmed",
    _("A credential was entered for another place"),
    Severity.HIGH,
    _(
        "Check the addresses of the connection; if they are right, enter the credential again, then retry."
    ),
)
register(
    "credential_expired",
    _("A credential has expired"),
    Severity.HIGH,
    _("Renew the credential with the counterparty, enter it in the connection, then retry."),
)
register(
    "disk_full",
    _("The server has no space left"),
    Severity.HIGH,
    _("Ask an administrator to free space. Work goes on by itself afterwards."),
)
register(
    "permission_denied",
    _("The server may not use a file or folder"),
    Severity.HIGH,
    _("Ask an administrator to give the Odoo system user access, then retry."),
)

register(
    "refused_by_odoo",
    _("Odoo refused to post it"),
    Severity.MEDIUM,
    _(
        "Do what the message asks, such as opening the period or completing the master data, then retry."
    ),
)
register(
    "unexpected_error",
    _("The software failed"),
    Severity.HIGH,
    _(
        "Tell your developer the number of this exchange: the log of that minute has the details. Retry"
        " after the repair."
    ),
)
register(
    "payload_missing",
    _("The exchange has no content"),
    Severity.HIGH,
    _("Ask the sender to transmit the document again."),
)
register(
    "rejected",
    _("The counterparty refused it"),
    Severity.HIGH,
    _(
        "Read the reason it gave. Correct the cause and make a new document: this one will not be sent again."
    ),
)
register(
    "connection_archived",
    _("The connection is archived"),
    Severity.MEDIUM,
    _("Choose another connection for the interface, or restore this one, then retry."),
)

# === VAULT AND ENVIRONMENT === #

register(
    "vault_key_missing",
    _("This server has no keys"),
    Severity.CRITICAL,
    _(
        "Ask an administrator to declare the key file in odoo.conf, then retry. Nothing was stored unencrypted."
    ),
)
register(
    "vault_key_file",
    _("The key file cannot be used"),
    Severity.CRITICAL,
    _("Ask an administrator to put right what the message names, then retry."),
)
register(
    "vault_unknown_key",
    _("The key of a stored value is missing"),
    Severity.CRITICAL,
    _("Ask an administrator to put the named key back into the key file, then retry."),
)
register(
    "vault_value_refused",
    _("A stored value was changed in the database"),
    Severity.CRITICAL,
    _(
        "Tell whoever looks after the database. Enter a secret again; ask the counterparty for a document again."
    ),
)
register(
    "payload_purged",
    _("The content was removed when its retention ended"),
    Severity.MEDIUM,
    _("Ask the counterparty for the document again, if it is still needed."),
)
register(
    "settings_invalid",
    _("A setting in odoo.conf cannot be used"),
    Severity.CRITICAL,
    _("Ask an administrator to correct the value that the message names, then retry."),
)
register(
    "region_not_allowed",
    _("Data may not go to that region"),
    Severity.HIGH,
    _("Set the region of the connection. If it is right, use a counterparty in an allowed region."),
)
register(
    "oauth2_not_configured",
    _("The connection does not say where tokens are issued"),
    Severity.HIGH,
    _("Enter token address and client id on the connection, then retry."),
)
register(
    "oauth_invalid_client",
    _("The counterparty does not accept our client id and secret"),
    Severity.HIGH,
    _("Enter the current client id and secret on the connection, then retry."),
)
register(
    "oauth_refused",
    _("The counterparty refuses to issue a token"),
    Severity.HIGH,
    _("Check scope, grant and token address of the connection with the counterparty, then retry."),
)

# === CONTROL === #

register(
    "audit_chain_broken",
    _("The audit trail does not verify"),
    Severity.CRITICAL,
    _(
        "Keep the database as it is, tell the auditor and the database administrator which row is named, and compare it"
        " with a backup."
    ),
)
register(
    "audit_anchor_failed",
    _("The audit anchor cannot be written"),
    Severity.CRITICAL,
    _(
        "Ask an administrator to make the file named in the evidence writable for Odoo. Sealing goes on meanwhile."
    ),
)
