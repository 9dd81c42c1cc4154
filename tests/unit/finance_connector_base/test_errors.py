"""The class of an error decides whether money may move twice or not at all: each one is fixed here."""

import errno
import socket

import pytest
import requests
import urllib3

from odoo.addons.finance_connector_base.tools.errors import (
    BusinessError,
    DuplicateKeyRace,
    ErrorClass,
    FinalError,
    RetryableError,
    Severity,
    UnknownOutcomeError,
    classify,
    classify_http_status,
    describe,
)

IBAN = "DE89370400440532013000"


class SqlError(Exception):
    def __init__(self, **codes):
        super().__init__("sql")
        self.__dict__.update(codes)


def refused(reason):
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(None, "/", reason))


RETRYABLE = [
    RetryableError("x"),
    DuplicateKeyRace("x"),
    SqlError(sqlstate="40001"),
    SqlError(pgcode="40P01"),
    SqlError(pgcode="55P03"),
    SqlError(pgcode="57P01"),
    SqlError(pgcode="08006"),
    SqlError(pgcode="53100"),
    refused(urllib3.exceptions.NewConnectionError(None, "refused")),
    refused(urllib3.exceptions.NameResolutionError("host", None, socket.gaierror())),
    requests.ConnectTimeout(),
    ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
    socket.gaierror(socket.EAI_NONAME, "unknown"),
    OSError(errno.ENOSPC, "full"),
    OSError(errno.EDQUOT, "full"),
    OSError(errno.EMFILE, "too many open files"),
]
UNKNOWN = [
    UnknownOutcomeError("x"),
    requests.ReadTimeout(),
    requests.Timeout(),
    requests.ConnectionError(urllib3.exceptions.ProtocolError("cut", ConnectionResetError())),
    requests.ConnectionError(),
    requests.exceptions.ChunkedEncodingError(),
    TimeoutError(),
    ConnectionResetError(errno.ECONNRESET, "reset"),
    BrokenPipeError(errno.EPIPE, "pipe"),
]
FINAL = [
    FinalError("x"),
    SqlError(pgcode="23505"),
    SqlError(sqlstate="42P01"),
    requests.exceptions.SSLError(),
    requests.exceptions.InvalidURL(),
    PermissionError(errno.EACCES, "denied"),
    FileNotFoundError(errno.ENOENT, "missing"),
    ValueError("a defect"),
    SqlError(pgcode=None),
]


@pytest.mark.parametrize(
    ("error_class", "exc"),
    [(ErrorClass.RETRYABLE, exc) for exc in RETRYABLE]
    + [(ErrorClass.UNKNOWN, exc) for exc in UNKNOWN]
    + [(ErrorClass.FINAL, exc) for exc in FINAL]
    + [(ErrorClass.BUSINESS, BusinessError("code", "x"))],
    ids=lambda value: repr(value)[:60],
)
def test_each_error_has_its_class(error_class, exc):
    assert classify(exc) is error_class
    assert describe(exc).error_class is error_class


@pytest.mark.parametrize("status", [408, 425, 429, 503])
@pytest.mark.parametrize("idempotent", [True, False])
def test_a_request_that_was_not_taken_may_be_repeated(status, idempotent):
    assert classify_http_status(status, idempotent=idempotent) is ErrorClass.RETRYABLE


@pytest.mark.parametrize("status", [301, 302, 304, 400, 401, 403, 404, 409, 410, 422])
@pytest.mark.parametrize("idempotent", [True, False])
def test_a_refusal_is_final(status, idempotent):
    assert classify_http_status(status, idempotent=idempotent) is ErrorClass.FINAL


@pytest.mark.parametrize("status", [500, 502, 504, 599])
def test_a_server_error_is_unknown_only_when_a_repeat_would_do_it_twice(status):
    assert classify_http_status(status, idempotent=True) is ErrorClass.RETRYABLE
    assert classify_http_status(status, idempotent=False) is ErrorClass.UNKNOWN


def test_a_success_has_no_error_class():
    with pytest.raises(ValueError, match="200"):
        classify_http_status(200, idempotent=True)


def test_describe_keeps_what_the_error_says():
    report = describe(RetryableError("slow down", 17.0, code="too_fast", next_step="wait"))
    assert (report.code, report.message, report.next_step) == ("too_fast", "slow down", "wait")
    assert report.retry_after == 17.0
    report = describe(BusinessError("odd", "x", "look", {"amount": "1"}, Severity.CRITICAL))
    assert (report.evidence, report.severity) == ({"amount": "1"}, Severity.CRITICAL)
    assert describe(UnknownOutcomeError("x")).next_step


def test_describe_says_that_a_race_of_two_transactions_is_nothing_to_do_about():
    assert "done again by itself" in describe(SqlError(sqlstate="40001")).message
    assert "done again by itself" not in describe(SqlError(sqlstate="42P01")).message


def test_describe_never_shows_an_account_or_secret():
    errors = [
        BusinessError("odd", f"for {IBAN}", evidence={"iban": IBAN, "rows": [f"x {IBAN}"]}),
        ValueError(f"bad {IBAN} password=hunter2"),
        PermissionError(errno.EACCES, "denied", f"/in/{IBAN}.xml"),
        OSError(errno.ENOSPC, "full", f"/in/{IBAN}.xml"),
    ]
    for error in errors:
        assert IBAN not in repr(describe(error))
        assert "hunter2" not in repr(describe(error))


def test_a_full_disk_and_a_closed_folder_say_what_to_do():
    full = describe(OSError(errno.ENOSPC, "full", "/in"))
    assert (full.code, full.severity, bool(full.next_step)) == (
        "disk_full",
        Severity.CRITICAL,
        True,
    )
    closed = describe(PermissionError(errno.EACCES, "denied", "/in"))
    assert (closed.code, bool(closed.next_step)) == ("permission_denied", True)


def test_severities_sort():
    assert sorted(Severity) == [Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL]
