"""The words of every exception: what it is called, how urgent it is and what to do next.

Each code has a section of the same name in ``docs/runbooks.md``. An addon adds its own codes with :func:`register`.
"""

from dataclasses import dataclass

from .errors import Severity


@dataclass(frozen=True)
class ExceptionCode:
    """What a finance person reads about one kind of exception.

    :param str title: what it is called on the screen.
    :param Severity severity: how urgent it is unless the one who opens it knows better.
    :param str next_step: what to do, in plain words.
    """

    title: str
    severity: Severity
    next_step: str


_CODES: dict[str, ExceptionCode] = {}


def register(code, title, severity, next_step):
    """Add a code to the catalogue.

    :param str code: stable identifier, snake case.
    :raise ValueError: the code exists with other words.
    """
    entry = ExceptionCode(title, severity, next_step)
    if _CODES.setdefault(code, entry) != entry:
        raise ValueError(f"The exception code {code} is in the catalogue already.")


def describe_code(code):
    """Return the words of ``code``; one that is not in the catalogue gets words that are true of any.

    :rtype: ExceptionCode
    """
    return _CODES.get(code) or ExceptionCode(
        code.replace("_", " ").capitalize(),
        Severity.MEDIUM,
        "Read the evidence. Correct the cause and retry, or close the exception with a reason.",
    )


def known_codes():
    """Return all codes of the catalogue, in alphabetical order.

    :rtype: list[str]
    """
    return sorted(_CODES)


# === CONTENT === #

register(
    "mapping_missing",
    "A code has no mapping",
    Severity.MEDIUM,
    "Press Fix Mapping, choose what the code stands for in Odoo, and the exchange is processed again.",
)
register(
    "idempotency_conflict",
    "The same key came with other content",
    Severity.HIGH,
    "Compare both versions in the evidence and ask the sender which one is right. Nothing was posted a second time.",
)
register(
    "payload_tampered",
    "Stored content no longer matches its digest",
    Severity.CRITICAL,
    "Do not replay. Ask an administrator to compare with a backup, and have the sender transmit the document again.",
)
register(
    "invalid_content",
    "The content cannot be read",
    Severity.MEDIUM,
    "Ask the sender for a correct document, or upload one by hand; nothing of this one was posted.",
)
register(
    "schema_violation",
    "The content breaks the agreed format",
    Severity.MEDIUM,
    "Show the evidence to the sender. If the format changed on purpose, propose a new version of the interface.",
)
register(
    "route_missing",
    "No routing rule carries this document",
    Severity.MEDIUM,
    "Add a routing rule for this kind of document, or choose the interface by hand, then retry.",
)
register(
    "unit_failed",
    "One record of the exchange was not posted",
    Severity.MEDIUM,
    "Correct the cause named in the evidence and retry; records that were posted are left as they are.",
)

# === PIPE === #

register(
    "temporary_failure",
    "The other side does not answer",
    Severity.MEDIUM,
    "Check the connection's health. Retry when the other side works again.",
)
register(
    "retries_exhausted",
    "All automatic retries were used",
    Severity.HIGH,
    "Find the cause in the last attempt, have it corrected, then press Retry.",
)
register(
    "final_error",
    "The exchange was refused",
    Severity.HIGH,
    "Read the last attempt, correct what it names, then press Retry.",
)
register(
    "outcome_unknown",
    "It was sent, and nobody knows yet whether it arrived",
    Severity.HIGH,
    "Ask the counterparty for the status. Do not send it again before you know.",
)
register(
    "acknowledgement_overdue",
    "The counterparty did not confirm in time",
    Severity.HIGH,
    "Ask the counterparty whether it took the document, then set the exchange to what you learned.",
)
register(
    "environment_mismatch",
    "This server may not call a connection of that environment",
    Severity.HIGH,
    "Use a connection of this server's environment, or declare the environment in odoo.conf.",
)
register(
    "capability_missing",
    "The connection cannot do this",
    Severity.HIGH,
    "Choose another connection for the interface, or another way to deliver.",
)
register(
    "signature_invalid",
    "A message was not signed by the counterparty",
    Severity.HIGH,
    "Check the signing secret of the connection with the counterparty. The message was not processed.",
)
register(
    "webhook_not_accepted",
    "A webhook came that no interface takes",
    Severity.HIGH,
    "Add an inbound interface for it to the connection, or have the sender stop. Nothing was stored; senders repeat.",
)
register(
    "subscriber_gone",
    "A subscriber takes no more events",
    Severity.HIGH,
    "Its subscription was switched off. Correct the address with the subscriber, switch subscription and interface on,"
    " then retry.",
)
register(
    "credential_missing",
    "A credential is missing",
    Severity.HIGH,
    "Add the credential to the connection, then retry.",
)
register(
    "credential_disarmed",
    "A credential was entered for another place",
    Severity.HIGH,
    "Check the addresses of the connection; if they are right, enter the credential again, then retry.",
)
register(
    "credential_expired",
    "A credential has expired",
    Severity.HIGH,
    "Renew the credential with the counterparty, enter it in the connection, then retry.",
)
register(
    "disk_full",
    "The server has no space left",
    Severity.HIGH,
    "Ask an administrator to free space. Work goes on by itself afterwards.",
)
register(
    "permission_denied",
    "The server may not use a file or folder",
    Severity.HIGH,
    "Ask an administrator to give the Odoo system user access, then retry.",
)

register(
    "refused_by_odoo",
    "Odoo refused to post it",
    Severity.MEDIUM,
    "Do what the message asks, such as opening the period or completing the master data, then retry.",
)
register(
    "unexpected_error",
    "The software failed",
    Severity.HIGH,
    "Tell your developer the number of this exchange: the log of that minute has the details. Retry after the repair.",
)
register(
    "payload_missing",
    "The exchange has no content",
    Severity.HIGH,
    "Ask the sender to transmit the document again.",
)
register(
    "rejected",
    "The counterparty refused it",
    Severity.HIGH,
    "Read the reason it gave. Correct the cause and make a new document: this one will not be sent again.",
)
register(
    "connection_archived",
    "The connection is archived",
    Severity.MEDIUM,
    "Choose another connection for the interface, or restore this one, then retry.",
)

# === VAULT AND ENVIRONMENT === #

register(
    "vault_key_missing",
    "This server has no keys",
    Severity.CRITICAL,
    "Ask an administrator to declare the key file in odoo.conf, then retry. Nothing was stored unencrypted.",
)
register(
    "vault_key_file",
    "The key file cannot be used",
    Severity.CRITICAL,
    "Ask an administrator to put right what the message names, then retry.",
)
register(
    "vault_unknown_key",
    "The key of a stored value is missing",
    Severity.CRITICAL,
    "Ask an administrator to put the named key back into the key file, then retry.",
)
register(
    "vault_value_refused",
    "A stored value was changed in the database",
    Severity.CRITICAL,
    "Tell whoever looks after the database. Enter a secret again; ask the counterparty for a document again.",
)
register(
    "payload_purged",
    "The content was removed when its retention ended",
    Severity.MEDIUM,
    "Ask the counterparty for the document again, if it is still needed.",
)
register(
    "settings_invalid",
    "A setting in odoo.conf cannot be used",
    Severity.CRITICAL,
    "Ask an administrator to correct the value that the message names, then retry.",
)
register(
    "region_not_allowed",
    "Data may not go to that region",
    Severity.HIGH,
    "Set the region of the connection. If it is right, use a counterparty in an allowed region.",
)
register(
    "oauth2_not_configured",
    "The connection does not say where tokens are issued",
    Severity.HIGH,
    "Enter token address and client id on the connection, then retry.",
)
register(
    "oauth_invalid_client",
    "The counterparty does not accept our client id and secret",
    Severity.HIGH,
    "Enter the current client id and secret on the connection, then retry.",
)
register(
    "oauth_refused",
    "The counterparty refuses to issue a token",
    Severity.HIGH,
    "Check scope, grant and token address of the connection with the counterparty, then retry.",
)

# === CONTROL === #

register(
    "audit_chain_broken",
    "The audit trail does not verify",
    Severity.CRITICAL,
    "Keep the database as it is, tell the auditor and the database administrator which row is named, and compare it"
    " with a backup.",
)
register(
    "audit_anchor_failed",
    "The audit anchor cannot be written",
    Severity.CRITICAL,
    "Ask an administrator to make the file named in the evidence writable for Odoo. Sealing goes on meanwhile.",
)
