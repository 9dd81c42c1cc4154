"""What went wrong, in the four classes that decide what happens next.

*retryable*: nothing happened yet, try again later. *final*: trying again cannot help. *unknown*: it
may have happened, ask before doing it again. *business*: the pipe works, a person must decide about
the content.
"""

import errno
import socket
from dataclasses import dataclass, field
from enum import StrEnum

import requests
import urllib3

from .masking import mask_mapping, mask_text


class ErrorClass(StrEnum):
    RETRYABLE = "retryable"
    FINAL = "final"
    UNKNOWN = "unknown"
    BUSINESS = "business"


class Severity(StrEnum):
    """How bad a case is; the values sort, and are those of the review queue."""

    LOW = "0"
    MEDIUM = "1"
    HIGH = "2"
    CRITICAL = "3"


class FinanceError(Exception):
    """Base of all errors of the suite; raise one of its four subclasses."""

    error_class = ErrorClass.FINAL

    def __init__(self, message, code, next_step="", evidence=None, severity=Severity.MEDIUM):
        super().__init__(message)
        self.message = message
        self.code = code
        self.next_step = next_step
        self.evidence = dict(evidence or {})
        self.severity = severity


class RetryableError(FinanceError):
    """Nothing happened at the other side; the same call may be made again later.

    :param float retry_after: seconds the other side asked us to wait, or None.
    """

    error_class = ErrorClass.RETRYABLE

    def __init__(self, message, retry_after=None, *, code="temporary_failure", next_step=""):
        super().__init__(message, code, next_step)
        self.retry_after = retry_after


class DuplicateKeyRace(RetryableError):  # noqa: N818, a race is no fault of anybody
    """Another transaction stores the same idempotency key right now: roll back and ask again."""

    def __init__(self, message):
        super().__init__(message, code="duplicate_key_race")


class FinalError(FinanceError):
    """The same call would fail again: something has to be changed first."""

    error_class = ErrorClass.FINAL

    def __init__(self, message, code="final_error", *, next_step=""):
        super().__init__(message, code, next_step)


class UnknownOutcomeError(FinanceError):
    """The request left us, its outcome is not known: ask for it, never send again blindly."""

    error_class = ErrorClass.UNKNOWN

    def __init__(
        self,
        message,
        *,
        code="outcome_unknown",
        next_step="Ask the counterparty for the status before anything is sent again.",
    ):
        super().__init__(message, code, next_step, severity=Severity.HIGH)


class BusinessError(FinanceError):
    """The content needs a person: the pipe worked.

    :param str code: stable identifier of the kind of case, e.g. ``mapping_missing``.
    :param str message: one sentence of what happened.
    :param str next_step: what the person can do about it.
    :param dict evidence: plain values that show the case.
    :param Severity severity: sets the due date.
    """

    error_class = ErrorClass.BUSINESS

    def __init__(self, code, message, next_step="", evidence=None, severity=Severity.MEDIUM):
        super().__init__(message, code, next_step, evidence, severity)


@dataclass(frozen=True)
class ErrorReport:
    """An error in a form that may be stored and shown: masked, without traceback."""

    error_class: ErrorClass
    code: str
    message: str
    next_step: str = ""
    evidence: dict = field(default_factory=dict)
    severity: Severity = Severity.MEDIUM
    retry_after: float | None = None


# Classes of state that pass by themselves, of
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_TRANSIENT_SQL_CLASSES = ("08", "40", "53", "57P", "55P03")

_TRANSIENT_ERRNOS = frozenset(
    {
        errno.EAGAIN,
        errno.EBUSY,
        errno.ECONNREFUSED,
        errno.EDQUOT,
        errno.EHOSTUNREACH,
        errno.EINTR,
        errno.EIO,
        errno.EMFILE,
        errno.ENETUNREACH,
        errno.ENFILE,
        errno.ENOSPC,
        errno.ESTALE,
    }
)

_DISK_FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT})

# A connection that breaks may break after the last byte was taken.
_CUT_ERRORS = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, TimeoutError)

_NOT_SENT_REASONS = (
    urllib3.exceptions.NewConnectionError,  # also NameResolutionError, its subclass
    urllib3.exceptions.ConnectTimeoutError,
)


_RACES = ("40001", "40P01")
"""PostgreSQL's serialization failure and deadlock: nobody's fault, and nothing for a person to do."""


def classify(exc):
    """Say what may be done after ``exc``.

    :param BaseException exc: ours, or one of requests, PostgreSQL's driver (by its ``sqlstate`` or
        ``pgcode``) or the operating system.
    :return: the class; an exception nobody foresaw is final, since repeating a defect helps nobody.
    :rtype: ErrorClass
    """
    if isinstance(exc, FinanceError):
        return exc.error_class
    sqlstate = getattr(exc, "sqlstate", None) or getattr(exc, "pgcode", None)
    if isinstance(sqlstate, str):
        transient = sqlstate.startswith(_TRANSIENT_SQL_CLASSES)
        return ErrorClass.RETRYABLE if transient else ErrorClass.FINAL
    if isinstance(exc, requests.RequestException):
        return _classify_requests(exc)
    if isinstance(exc, OSError):
        return _classify_os(exc)
    return ErrorClass.FINAL


def _classify_requests(exc):
    if isinstance(exc, requests.exceptions.SSLError):
        return ErrorClass.FINAL
    if isinstance(exc, requests.ConnectTimeout):
        return ErrorClass.RETRYABLE
    if isinstance(exc, requests.ConnectionError):
        reason = getattr(exc.args[0], "reason", None) if exc.args else None
        if isinstance(reason, _NOT_SENT_REASONS):
            return ErrorClass.RETRYABLE
        return ErrorClass.UNKNOWN
    if isinstance(
        exc,
        requests.Timeout
        | requests.exceptions.ChunkedEncodingError
        | requests.exceptions.ContentDecodingError,
    ):
        return ErrorClass.UNKNOWN
    return ErrorClass.FINAL


def _classify_os(exc):
    if isinstance(exc, _CUT_ERRORS):
        return ErrorClass.UNKNOWN
    if isinstance(exc, socket.gaierror) or exc.errno in _TRANSIENT_ERRNOS:
        return ErrorClass.RETRYABLE
    return ErrorClass.FINAL


def classify_http_status(status, *, idempotent):
    """Say what an answer that is no success means.

    :param int status: HTTP status, 300 or more.
    :param bool idempotent: whether the same request may be made twice without a second effect.
    :return: 429, 503 and answers that say the request was not taken: retryable. Other 4xx, and a
        redirect (never followed): final. Other 5xx: retryable for an idempotent request, unknown
        for any other.
    :rtype: ErrorClass
    :raise ValueError: for a success, which is not an error.
    """
    if status < 300:
        raise ValueError(f"HTTP status {status} is not a failure")
    if status in (408, 425, 429, 503):
        return ErrorClass.RETRYABLE
    if status >= 500:
        return ErrorClass.RETRYABLE if idempotent else ErrorClass.UNKNOWN
    return ErrorClass.FINAL


def describe(exc):
    """Make a report of ``exc`` that may be stored, shown and logged.

    :param BaseException exc: any exception.
    :return: its class, code, one masked sentence and what to do next.
    :rtype: ErrorReport
    """
    if isinstance(exc, FinanceError):
        return ErrorReport(
            error_class=exc.error_class,
            code=exc.code,
            message=mask_text(exc.message),
            next_step=exc.next_step,
            evidence=mask_mapping(exc.evidence),
            severity=exc.severity,
            retry_after=getattr(exc, "retry_after", None),
        )
    error_class = classify(exc)
    if isinstance(exc, OSError) and exc.errno in _DISK_FULL_ERRNOS:
        return ErrorReport(
            error_class=error_class,
            code="disk_full",
            message=mask_text(f"The disk is full: {exc}"),
            next_step="Free space on the server; the work goes on by itself.",
            severity=Severity.CRITICAL,
        )
    if isinstance(exc, PermissionError):
        return ErrorReport(
            error_class=error_class,
            code="permission_denied",
            message=mask_text(f"The server may not use this file or folder: {exc}"),
            next_step="Give the Odoo system user access, then retry.",
            severity=Severity.HIGH,
        )
    message = f"{type(exc).__name__}: {exc}"
    if (getattr(exc, "sqlstate", None) or getattr(exc, "pgcode", None)) in _RACES:
        message = f"Somebody else changed the same records at this moment; it is done again by itself. ({message})"
    return ErrorReport(
        error_class=error_class,
        code=type(exc).__name__,
        message=mask_text(message),
        severity=Severity.HIGH if error_class is ErrorClass.UNKNOWN else Severity.MEDIUM,
    )
