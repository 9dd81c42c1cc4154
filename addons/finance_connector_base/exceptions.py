"""Errors that callers of ``finance.api`` get: part of the contract, by class name and HTTP status."""

import logging

from odoo.exceptions import UserError


class FinanceApiError(UserError):
    """An argument cannot be used: the sentence says which one and what would do. HTTP 422."""

    # A mistake of a caller is an answer, no trouble of this server.
    loglevel = logging.INFO


class FinanceApiNotFound(FinanceApiError):
    """The caller has nothing by that reference: it does not exist, or is somebody else's. HTTP 404."""

    http_status = 404


class FinanceApiConflict(FinanceApiError):
    """The idempotency key came before with other content. HTTP 409."""

    http_status = 409
