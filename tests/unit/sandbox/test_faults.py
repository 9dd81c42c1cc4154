import http.client
import json
import urllib.error
import uuid

import pytest


def refused(client, **body):
    with pytest.raises(urllib.error.HTTPError) as caught:
        client.server.control("POST", "/control/faults", body)
    with caught.value as error:
        assert error.code == 400
        return json.load(error)["error"]


@pytest.mark.parametrize(
    ("option", "header"),
    [(30, "30"), ("Fri, 20 Nov 2026 20:00:30 GMT", "Fri, 20 Nov 2026 20:00:30 GMT"), (None, None)],
)
def test_rate_limit_with_and_without_retry_after(client, option, header):
    client.fault("rate_limit", retry_after=option)
    answer = client.transactions("alpenglut-chf")
    assert (answer.status, answer.code) == (429, "ACCESS_EXCEEDED")
    assert answer.headers["Retry-After"] == header
    assert client.transactions("alpenglut-chf").status == 200


@pytest.mark.parametrize("status", [500, 503])
def test_server_error(client, status):
    client.fault("server_error", status=status, count=2)
    assert [client.call("GET", "/v1/accounts").status for _ in range(3)] == [status, status, 200]


def test_latency_waits_for_the_time_asked_for(client):
    waited = []
    client.server.stopping.wait = waited.append
    client.fault("latency", ms=1500)
    assert client.call("GET", "/v1/accounts").status == 200
    assert waited == [1.5]


def test_a_cut_before_leaves_no_trace_and_a_cut_after_does(client):
    tokens = client.server.control("GET", "/control/tokens")["issued"]
    client.fault("cut_before", path="/token")
    with pytest.raises(OSError):
        client.token()
    assert client.server.control("GET", "/control/tokens")["issued"] == tokens
    client.fault("cut_after", path="/token")
    with pytest.raises(OSError):
        client.token()
    assert client.server.control("GET", "/control/tokens")["issued"] == tokens + 1


def test_a_consent_created_before_a_cut_is_found_by_its_request_id(client):
    client.fault("cut_after", path="/v1/consents", method="POST")
    mine = {"X-Request-ID": str(uuid.uuid4())}
    with pytest.raises(OSError):
        client.ask_consent(headers=mine)
    found = client.ask_consent(headers=mine).json["consentId"]
    assert client.ask_consent().json["consentId"] != found


def test_a_malformed_body_is_complete_but_no_json_and_not_served(client):
    client.fault("malformed_body")
    answer = client.transactions("alpenglut-chf")
    assert answer.status == 200
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    with pytest.raises(ValueError, match="char"):
        json.loads(answer.body)
    assert client.served("alpenglut-chf")["api"]["transactions"] == 0


def test_a_truncated_body_ends_early_and_is_not_served(client):
    client.fault("truncated_body")
    with pytest.raises(http.client.IncompleteRead):
        client.transactions("alpenglut-chf")
    assert client.served("alpenglut-chf")["api"]["transactions"] == 0


def test_news_between_two_pages_repeat_one_booking_and_hide_another(client):
    client.server.control("PUT", "/control/settings", {"page_size": 10})
    before = len(client.ledger("alpenglut-chf")["bookings"])
    client.fault("change_while_paging")
    seen = [row["transactionId"] for row in client.all_booked("alpenglut-chf")]
    truth = [row["transaction_id"] for row in client.ledger("alpenglut-chf")["bookings"]]
    assert len(truth) == before + 1
    assert len(seen) == len(set(seen)) + 1
    assert set(truth) - set(seen) == {truth[-1]}
    again = [row["transactionId"] for row in client.all_booked("alpenglut-chf")]
    assert sorted(again) == sorted(truth)


@pytest.mark.parametrize("new_id", [False, True])
def test_a_duplicate_is_shown_and_not_booked(client, new_id):
    truth = [row["transaction_id"] for row in client.ledger("alpenglut-eur")["bookings"]]
    client.fault("duplicate_booking", new_id=new_id)
    first, second, *rest = client.all_booked("alpenglut-eur")
    assert len(rest) == len(truth) - 1
    assert first["transactionAmount"] == second["transactionAmount"]
    assert (first["transactionId"] != second["transactionId"]) is new_id
    assert [r["transaction_id"] for r in client.ledger("alpenglut-eur")["bookings"]] == truth
    assert client.served("alpenglut-eur")["api"]["ids"] == sorted(truth)


def test_a_late_booking_shows_on_its_old_date(client):
    fault = client.fault(
        "late_booking",
        account="alpenglut-usd",
        booking_date="2026-11-12",
        amount="-5.05",
        reference="LATE 1",
    )
    late = fault["booking"]["transaction_id"]
    rows = client.all_booked("alpenglut-usd", first="2026-11-12", dateTo="2026-11-12")
    row = next(row for row in rows if row["transactionId"] == late)
    assert row["transactionAmount"] == {"currency": "USD", "amount": "-5.05"}
    assert row["remittanceInformationUnstructured"] == "LATE 1"


def test_an_expired_consent_needs_a_new_one(client):
    client.fault("expired_consent")
    answer = client.call("GET", "/v1/accounts")
    assert (answer.status, answer.code) == (401, "CONSENT_EXPIRED")
    client.consent()
    assert client.call("GET", "/v1/accounts").status == 200


def test_scope_by_account_method_and_path(client):
    client.fault("server_error", account="alpenglut-usd", count=None)
    assert client.transactions("alpenglut-chf").status == 200
    assert client.transactions("alpenglut-usd").status == 500
    client.fault("server_error", path="/v1/consents", method="POST")
    assert client.call("GET", f"/v1/consents/{client.headers['Consent-ID']}").status == 200
    assert client.ask_consent().status == 500


def test_probability_follows_the_seed(client):
    def rolls():
        client.server.control("POST", "/control/reset", {})
        client.fault("server_error", probability="0.5", count=None)
        return [client.call("GET", "/v1/accounts").status for _ in range(30)]

    first = rolls()
    assert rolls() == first
    assert 5 < first.count(500) < 25


def test_faults_are_listed_with_their_hits_and_removed(client):
    made = client.fault("server_error", count=None)
    other = client.fault("rate_limit", path="/token")
    client.call("GET", "/v1/accounts")
    control = client.server.control
    assert [row["hits"] for row in control("GET", "/control/faults")["faults"]] == [1, 0]
    left = control("DELETE", f"/control/faults/{made['id']}")["faults"]
    assert [row["id"] for row in left] == [other["id"]]
    assert client.call("GET", "/v1/accounts").status == 200
    assert control("DELETE", "/control/faults") == {"faults": []}
    assert client.token().status == 200


def test_a_wrong_fault_is_refused_with_the_reason(client):
    assert "one of latency" in refused(client, kind="meteor")
    assert "never strike /control" in refused(client, kind="latency", path="/")
    assert "No account 'x'" in refused(client, kind="latency", account="x")
    assert "count" in refused(client, kind="latency", count=0)
    assert "probability" in refused(client, kind="latency", probability="often")
    assert "no option ms" in refused(client, kind="latency", ms="long")
    assert "no option retry_afer" in refused(client, kind="rate_limit", retry_afer=3)
    assert "needs an account" in refused(client, kind="late_booking")
