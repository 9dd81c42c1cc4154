import uuid
from decimal import Decimal

import pytest


def ids(rows):
    return [row["transactionId"] for row in rows]


def test_every_call_needs_a_request_id_and_gets_it_back(client):
    for wrong in (None, "42"):
        answer = client.call("GET", "/v1/accounts", headers={"X-Request-ID": wrong})
        assert (answer.status, answer.code) == (400, "FORMAT_ERROR")
    mine = str(uuid.uuid4())
    answer = client.call("GET", "/v1/accounts", headers={"X-Request-ID": mine})
    assert answer.headers["X-Request-ID"] == mine


def test_every_call_needs_a_token(stranger):
    answer = stranger.call("GET", "/v1/accounts")
    assert (answer.status, answer.code) == (401, "TOKEN_UNKNOWN")


def test_a_consent_lives_from_received_to_terminated(stranger):
    stranger.login()
    created = stranger.ask_consent()
    assert created.status == 201
    assert created.json["consentStatus"] == "received"
    assert created.headers["ASPSP-SCA-Approach"] == "REDIRECT"
    links, home = created.json["_links"], created.json["_links"]["self"]["href"]
    stranger.headers["Consent-ID"] = created.json["consentId"]
    assert stranger.call("GET", "/v1/accounts").code == "CONSENT_INVALID"
    page = stranger.call("GET", links["scaRedirect"]["href"])
    assert b"<strong>valid</strong>" in page.body
    assert stranger.call("GET", links["status"]["href"]).json == {"consentStatus": "valid"}
    assert stranger.call("GET", home).json["frequencyPerDay"] == 4
    assert stranger.call("GET", "/v1/accounts").status == 200
    assert stranger.call("DELETE", home).status == 204
    assert stranger.call("GET", "/v1/accounts").code == "CONSENT_INVALID"
    assert stranger.call("GET", f"{home}/status").json == {"consentStatus": "terminatedByTpp"}


def test_the_owner_may_reject_and_returns_to_the_application(stranger):
    stranger.login()
    created = stranger.ask_consent(
        headers={
            "TPP-Redirect-URI": "https://odoo.test/ok",
            "TPP-Nok-Redirect-URI": "https://odoo.test/no?a=1&b=2",
        }
    )
    page = stranger.call("GET", created.json["_links"]["scaRedirect"]["href"] + "?decision=reject")
    assert b"rejected" in page.body
    assert b'href="https://odoo.test/no?a=1&amp;b=2"' in page.body


def test_the_same_request_id_gives_the_same_consent(stranger):
    stranger.login()
    again = {"X-Request-ID": str(uuid.uuid4())}
    first, second = (stranger.ask_consent(headers=again).json["consentId"] for _ in range(2))
    assert first == second
    assert stranger.ask_consent().json["consentId"] != first


def test_a_consent_expires_by_the_clock(client, server):
    client.consent(validUntil="2026-11-21")
    server.control("PUT", "/control/clock", {"advance_days": 2})
    client.login()
    answer = client.call("GET", "/v1/accounts")
    assert (answer.status, answer.code) == (401, "CONSENT_EXPIRED")


def test_validity_and_frequency_are_capped(client):
    client.consent(validUntil="9999-12-31", frequencyPerDay=99)
    shown = client.call("GET", f"/v1/consents/{client.headers['Consent-ID']}").json
    assert (shown["validUntil"], shown["frequencyPerDay"]) == ("2027-05-19", 4)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"validUntil": "2020-01-01"}, "validUntil"),
        ({"validUntil": "soon"}, "validUntil"),
        ({"frequencyPerDay": 0}, "frequencyPerDay"),
        ({"access": {}}, "access"),
        ({"access": {"accounts": [{"iban": "DE02120300000000202051"}]}}, "access"),
        ({"access": {"accounts": ["DE02120300000000202051"]}}, "access"),
    ],
)
def test_a_wrong_consent_says_which_field(client, fields, path):
    answer = client.ask_consent(**fields)
    assert (answer.status, answer.code) == (400, "FORMAT_ERROR")
    assert answer.json["tppMessages"][0]["path"] == path


def test_a_consent_opens_only_its_accounts(client, server):
    iban = server.world.accounts["alpenglut-usd"].iban
    client.consent(access={"transactions": [{"iban": iban}]})
    shown = client.call("GET", "/v1/accounts").json["accounts"]
    assert [row["iban"] for row in shown] == [iban]
    assert client.transactions("alpenglut-usd").status == 200
    assert client.transactions("alpenglut-chf").code == "CONSENT_INVALID"
    client.consent(headers={"PSU-ID": "nordhafen"})
    shown = client.call("GET", "/v1/accounts").json["accounts"]
    assert [row["iban"] for row in shown] == [server.world.accounts["nordhafen-eur"].iban]
    assert client.ask_consent(headers={"PSU-ID": "nobody"}).code == "PSU_CREDENTIALS_INVALID"


def test_missing_and_unknown_consents(client):
    assert client.call("GET", "/v1/accounts", headers={"Consent-ID": None}).code == "FORMAT_ERROR"
    unknown = client.call("GET", "/v1/accounts", headers={"Consent-ID": "x"})
    assert (unknown.status, unknown.code) == (403, "CONSENT_UNKNOWN")


def test_quota_counts_per_account_and_day_and_not_the_user_nor_further_pages(client, server):
    server.control("PUT", "/control/settings", {"page_size": 40})
    for _ in range(4):
        assert len(client.all_booked("alpenglut-chf")) > 40
    refused = client.transactions("alpenglut-chf")
    assert (refused.status, refused.code) == (429, "ACCESS_EXCEEDED")
    present = {"PSU-IP-Address": "192.0.2.1"}
    path = client.path("alpenglut-chf", "/transactions?dateFrom=2026-11-01&bookingStatus=booked")
    assert client.call("GET", path, headers=present).status == 200
    assert client.transactions("alpenglut-usd").status == 200
    assert client.call("GET", client.path("alpenglut-chf", "/balances")).status == 200
    server.control("PUT", "/control/clock", {"advance_days": 1})
    client.login()
    assert client.transactions("alpenglut-chf").status == 200


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
def test_pages_are_complete_without_repeats_and_newest_first(client, server, size):
    server.control("PUT", "/control/settings", {"page_size": size})
    booked = client.all_booked("alpenglut-usd")
    truth = client.ledger("alpenglut-usd")["bookings"]
    assert ids(booked) == [row["transaction_id"] for row in reversed(truth)]
    total = sum(Decimal(row["transactionAmount"]["amount"]) for row in booked)
    assert total == sum(Decimal(row["amount"]) for row in truth)


def test_dates_cut_the_list_on_both_sides(client):
    booked = client.all_booked("alpenglut-chf", first="2026-11-10", dateTo="2026-11-12")
    assert {row["bookingDate"] for row in booked} == {"2026-11-10", "2026-11-11", "2026-11-12"}


def test_balances_and_running_balances_prove_each_other(client):
    for code in ("alpenglut-chf", "alpenglut-eur", "alpenglut-usd", "nordhafen-eur"):
        rows = client.call("GET", client.path(code, "/balances")).json["balances"]
        balances = {row["balanceType"]: Decimal(row["balanceAmount"]["amount"]) for row in rows}
        truth = client.ledger(code)
        assert (
            balances["interimBooked"]
            == balances["closingBooked"]
            == Decimal(truth["closing_balance"])
        )
        pending = sum(Decimal(row["amount"]) for row in truth["pending"])
        assert balances["expected"] == balances["interimBooked"] + pending
        balance = Decimal(truth["opening_balance"])
        for row in reversed(client.all_booked(code)):
            balance += Decimal(row["transactionAmount"]["amount"])
            assert Decimal(row["balanceAfterTransaction"]["balanceAmount"]["amount"]) == balance
        assert balance == balances["interimBooked"]


def test_pending_is_kept_apart_and_has_no_identification(client):
    answer = client.transactions("alpenglut-chf", status="both").json["transactions"]
    assert answer["pending"]
    for row in answer["pending"]:
        assert not row.keys() & {"transactionId", "entryReference", "bookingDate"}
    only = client.call("GET", client.path("alpenglut-chf", "/transactions?bookingStatus=pending"))
    assert "booked" not in only.json["transactions"]
    assert only.json["transactions"]["pending"] == answer["pending"]
    assert "pending" not in client.transactions("alpenglut-chf").json["transactions"]
    client.server.control("PUT", "/control/settings", {"page_size": 10})
    first = client.transactions("alpenglut-chf", status="both").json["transactions"]
    assert first["pending"] == answer["pending"]
    second = client.call("GET", first["_links"]["next"]["href"]).json["transactions"]
    assert second["pending"] == []


def test_what_the_entries_say(client):
    booked = client.all_booked("alpenglut-chf")
    assert all(row["entryReference"] for row in booked)
    assert not any("entryReference" in row for row in client.all_booked("nordhafen-eur"))
    for row in booked:
        side = "creditor" if row["transactionAmount"]["amount"].startswith("-") else "debtor"
        assert not any(
            name.startswith({"creditor": "debtor", "debtor": "creditor"}[side]) for name in row
        )
    exchange = next(row for row in booked if "currencyExchange" in row)
    assert exchange["transactionAmount"]["currency"] == "CHF"
    assert exchange["currencyExchange"][0]["sourceCurrency"] == "EUR"
    assert exchange["additionalInformation"].startswith("Instructed EUR ")
    batch = next(row for row in booked if row.get("batchIndicator"))
    assert batch["batchNumberOfTransactions"] == len(batch["entryDetails"])
    details = sum(Decimal(row["transactionAmount"]["amount"]) for row in batch["entryDetails"])
    assert details == Decimal(batch["transactionAmount"]["amount"])


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("dateFrom=2026-11-01", "FORMAT_ERROR"),
        ("bookingStatus=booked", "FORMAT_ERROR"),
        ("bookingStatus=booked&dateFrom=yesterday", "FORMAT_ERROR"),
        ("bookingStatus=booked&dateFrom=2026-11-01&page=x", "FORMAT_ERROR"),
        ("bookingStatus=information&dateFrom=2026-11-01", "PARAMETER_NOT_SUPPORTED"),
        ("bookingStatus=booked&dateFrom=2026-11-09&dateTo=2026-11-08", "PERIOD_INVALID"),
    ],
)
def test_a_wrong_question_is_refused_and_does_not_count(client, query, code):
    path = client.path("alpenglut-chf", "/transactions")
    for _ in range(5):
        answer = client.call("GET", f"{path}?{query}")
        assert (answer.status, answer.code) == (400, code)


def test_unknown_accounts_and_those_only_served_as_files(client):
    assert client.call("GET", "/v1/accounts/nothing/balances").code == "RESOURCE_UNKNOWN"
    assert client.transactions("nordhafen-usd").code == "RESOURCE_UNKNOWN"


def test_served_is_what_was_handed_over(client):
    booked = client.all_booked("alpenglut-eur")
    client.all_booked("alpenglut-eur")
    row = client.served("alpenglut-eur")
    assert row["api"]["ids"] == sorted(ids(booked))
    assert row["api"]["transactions"] == row["unique"]["transactions"] == len(booked)
    assert row["api"]["deliveries"] == 2 * len(booked)
    total = sum(Decimal(item["transactionAmount"]["amount"]) for item in booked)
    assert Decimal(row["api"]["sum"]) == total
