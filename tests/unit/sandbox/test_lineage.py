"""The lineage backend keeps each fact once and refuses what is no event."""


def test_event_is_kept_once_and_incomplete_refused(client):
    event = {"eventTime": "t", "producer": "p", "schemaURL": "s", "run": {"runId": "1"}}
    event["job"] = {"name": "j"}
    answers = [client.call("POST", "/api/v1/lineage", event) for _repeat in range(2)]
    assert [answer.status for answer in answers] == [201, 201]
    assert client.call("POST", "/api/v1/lineage", {"run": {}}).status == 422
    assert client.call("GET", "/control/lineage").json == {"events": [event]}
