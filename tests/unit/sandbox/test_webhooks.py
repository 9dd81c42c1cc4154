import base64
import json
import time

import pytest

from sandbox.standard_webhooks import is_signed, read_secret, sign

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
EXAMPLE = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def sent_by(identification, body, key=b"k" * 32, at=None):
    timestamp = str(int(time.time() if at is None else at))
    return {
        "Content-Type": "application/json",
        "webhook-id": identification,
        "webhook-timestamp": timestamp,
        "webhook-signature": sign(key, identification, timestamp, body),
    }


def test_the_signature_is_that_of_the_published_example():
    body = b'{"test": 2432232314}'
    signature = sign(read_secret(EXAMPLE), "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": f"v1,AAAA {signature}",
    }
    assert is_signed(read_secret(EXAMPLE), headers, body, now=1614265330 + 300)
    assert not is_signed(read_secret(EXAMPLE), headers, body, now=1614265330 + 301)
    assert not is_signed(read_secret(EXAMPLE), headers, body + b" ", now=1614265330)


@pytest.mark.parametrize("secret", [None, "", "plain", "whsec_", "whsec_%%%"])
def test_a_secret_of_another_form_is_refused(stranger, secret):
    answer = stranger.call("PUT", "/control/subscriber", {"secret": secret})
    assert answer.status == 400
    assert "secret" in answer.json["error"]


@pytest.fixture
def subscriber(stranger):
    stranger.server.control("PUT", "/control/subscriber", {"secret": SECRET})
    return stranger


def received(client):
    return client.server.control("GET", "/control/received")


def test_without_a_secret_every_event_is_refused(stranger):
    answer = stranger.call("POST", "/subscriber/events", b"{}", headers=sent_by("a", b"{}"))
    assert answer.status == 401
    assert received(stranger) == {"events": [], "refused": 1, "conflicts": 0}


def test_events_are_kept_once_and_counted_each_time(subscriber):
    body = b'{"type": "invoice.paid"}'
    for _ in range(3):
        answer = subscriber.call("POST", "/subscriber/events", body, headers=sent_by("a", body))
        assert answer.status == 204
    other = subscriber.call("POST", "/subscriber/events", b"{}", headers=sent_by("a", b"{}"))
    assert other.status == 409
    content = received(subscriber)
    assert [(row["webhook_id"], row["deliveries"], row["body"]) for row in content["events"]] == [
        ("a", 3, body.decode())
    ]
    assert (content["refused"], content["conflicts"]) == (0, 1)


def test_wrong_keys_old_and_future_timestamps_are_refused(subscriber):
    for headers in (
        sent_by("a", b"{}", key=b"other"),
        sent_by("a", b"{}", at=time.time() - 600),
        sent_by("a", b"{}", at=time.time() + 600),
        {"webhook-id": "a"},
    ):
        assert subscriber.call("POST", "/subscriber/events", b"{}", headers=headers).status == 401
    assert received(subscriber)["refused"] == 4


def test_a_cut_after_taking_an_event_leaves_it_taken(subscriber):
    subscriber.fault("cut_after", path="/subscriber")
    with pytest.raises(OSError):
        subscriber.call("POST", "/subscriber/events", b"{}", headers=sent_by("a", b"{}"))
    assert received(subscriber)["events"][0]["deliveries"] == 1


def deliveries(client):
    return client.server.control("GET", "/control/webhooks")["deliveries"]


def test_news_of_api_accounts_are_sent_signed(subscriber, wait_for):
    """The sandbox's own subscriber stands in for Odoo."""
    server = subscriber.server
    server.control(
        "POST", "/control/webhooks", {"url": f"{server.url}/subscriber/events", "secret": SECRET}
    )
    server.control("PUT", "/control/clock", {"now": "2026-11-23T12:00:00"})
    wait_for(lambda: [row["status"] for row in deliveries(subscriber)] == [204] * 4)
    bodies = [json.loads(row["body"]) for row in received(subscriber)["events"]]
    assert {body["type"] for body in bodies} == {"account.changed"}
    api = {item.iban: item for item in server.world.accounts.values() if "api" in item.channels}
    assert {body["data"]["iban"] for body in bodies} == set(api)
    for body in bodies:
        account = api[body["data"]["iban"]]
        assert body["data"]["account"] == account.resource_id
        assert body["data"]["booked"] == len(server.world.booked(account))


def test_a_failed_delivery_is_tried_again_with_the_same_id(subscriber, wait_for):
    server = subscriber.server
    subscriber.fault("server_error", path="/subscriber")
    server.control(
        "POST", "/control/webhooks", {"url": f"{server.url}/subscriber/events", "secret": SECRET}
    )
    sent = server.control("POST", "/control/webhooks/send", {"account": "alpenglut-chf"})
    wait_for(lambda: deliveries(subscriber)[0]["attempts"] == 2)
    assert [row["webhook_id"] for row in received(subscriber)["events"]] == sent["webhook_ids"]


def test_an_unreachable_address_is_told(subscriber, wait_for):
    server = subscriber.server
    made = server.control(
        "POST", "/control/webhooks", {"url": "http://127.0.0.1:1/x", "secret": SECRET}
    )
    server.control("POST", "/control/webhooks/send", {"account": "alpenglut-chf"})
    wait_for(lambda: deliveries(subscriber)[0]["status"] == 0)
    server.control("DELETE", f"/control/webhooks/{made['id']}")
    assert server.control("POST", "/control/webhooks/send", {"account": "alpenglut-chf"}) == {
        "webhook_ids": []
    }
