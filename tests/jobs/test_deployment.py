"""The migrations as a step of a deployment: what CloudFormation is answered, and that a failure rolls it back."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from billing.errors import DatabaseUnavailable
from tests.world import World, invoke


class Bucket(HTTPServer):
    """Where CloudFormation waits for an answer: a URL that takes one PUT."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Put)
        self.refusals = 0
        """How many answers it refuses before it takes one."""
        self.answers: list[tuple[str | None, dict[str, Any]]] = []


class Put(BaseHTTPRequestHandler):
    server: Bucket

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.refusals:
            self.server.refusals -= 1
            self.send_response(503)
        else:
            self.server.answers.append((self.headers["Content-Type"], body))
            self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with Bucket() as bucket:
        thread = threading.Thread(target=bucket.serve_forever)
        thread.start()
        yield bucket
        bucket.shutdown()
        thread.join()


def custom_resource(bucket: Bucket, request_type: str) -> dict[str, Any]:
    return {
        "RequestType": request_type,
        "ServiceToken": "arn:aws:lambda:eu-west-1:123456789012:function:campaign-billing-Migrate",
        "ResponseURL": f"http://127.0.0.1:{bucket.server_port}/answer?X-Amz-Signature=signature",
        "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/campaign-billing/guid",
        "RequestId": "1f6b6f0c-7e2b-4a56-9d0e-0f1d8c9b2a11",
        "ResourceType": "Custom::Migration",
        "LogicalResourceId": "Migration",
        "ResourceProperties": {
            "ServiceToken": "arn:aws:lambda:eu-west-1:123456789012:function:campaign-billing-Migrate",
            "ServiceTimeout": "900",
            "Layer": "arn:aws:lambda:eu-west-1:123456789012:layer:campaign-billing:7",
            "Database": "db-ABCDEFGHIJKL01234",
            "Network": ["vpce-1", "vpce-2"],
        },
    }


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_a_deployment_goes_on_once_the_migrations_are_applied(world: World, bucket: Bucket, request_type: str) -> None:
    invoke("migrate", custom_resource(bucket, request_type))

    ((content_type, answer),) = bucket.answers
    assert content_type == ""
    assert answer == {
        "Status": "SUCCESS",
        "Reason": "",
        "PhysicalResourceId": "migrations",
        "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/campaign-billing/guid",
        "RequestId": "1f6b6f0c-7e2b-4a56-9d0e-0f1d8c9b2a11",
        "LogicalResourceId": "Migration",
    }


def test_an_answer_that_is_not_taken_is_sent_again(world: World, bucket: Bucket) -> None:
    bucket.refusals = 2

    invoke("migrate", custom_resource(bucket, "Update"))

    assert [answer["Status"] for _, answer in bucket.answers] == ["SUCCESS"]


def test_a_failed_migration_fails_the_deployment_and_says_why(
    world: World, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://postgres@127.0.0.1:9/billing")

    with pytest.raises(DatabaseUnavailable):
        invoke("migrate", custom_resource(bucket, "Update"))

    ((_, answer),) = bucket.answers
    assert answer["Status"] == "FAILED"
    assert "The database cannot be reached" in answer["Reason"]
    assert "Connection refused" in answer["Reason"]


def test_deleting_the_stack_needs_no_database(world: World, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://postgres@127.0.0.1:9/billing")

    invoke("migrate", custom_resource(bucket, "Delete"))

    assert [answer["Status"] for _, answer in bucket.answers] == ["SUCCESS"]


def test_whoever_migrates_by_hand_gets_the_answer_itself(world: World) -> None:
    assert invoke("migrate", {}) == {"applied": []}
