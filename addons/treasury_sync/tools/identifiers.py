"""Identifications of messages and payments: unique for ever, also after a database was restored."""

import secrets

# Without letters and digits that people confuse on paper and on the telephone.
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_RANDOM = 10


def message_id(name):
    """Return a new message identification that begins with the order's ``name``.

    Chance decides it, not a counter: a restored database counts from where it was and would use
    identifications again that the bank has seen.

    :param str name: at most 16 characters of an ISO 20022 identifier.
    """
    return f"{name}-{''.join(secrets.choice(_ALPHABET) for _position in range(_RANDOM))}"


def part_id(message, number):
    """Return the identification of part ``number`` of a message; at most 35 characters."""
    return f"{message}-{number}"
