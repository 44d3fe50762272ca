"""The login on AWS: tokens and secrets, with the requests that boto3 really makes (design §8)."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import boto3
import pytest
from moto import mock_aws

from billing import settings
from billing.database.login import login
from billing.database.session import Session, _tls_context
from billing.errors import DatabaseUnavailable
from tests.database.test_tls import Tls


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The environment that the template gives a function of the API, and Lambda its credentials."""
    variables = {"DATABASE_HOST": "proxy.example.org", "DATABASE_NAME": "billing", "DATABASE_USER": "billing_app"}
    credentials = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_SESSION_TOKEN": "session"}
    for name, value in (variables | credentials | {"AWS_DEFAULT_REGION": "eu-west-1"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with mock_aws():
        yield monkeypatch


def signed_at(token: str) -> datetime:
    return datetime.strptime(parse_qs(token)["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def test_the_login_is_the_token_that_boto3_would_make(aws: pytest.MonkeyPatch) -> None:
    by_boto3 = partial(boto3.client("rds").generate_db_auth_token, "proxy.example.org", 5432, "billing_app")

    # Twice: two tokens are equal if they are signed in the same second.
    pairs = [(login(settings.database()), by_boto3()) for _ in range(2)]

    assert any(ours == ("billing_app", theirs) for ours, theirs in pairs)
    assert parse_qs(pairs[0][1])["X-Amz-Security-Token"] == ["session"]


def test_a_token_is_signed_anew_for_each_connection_and_lasts_15_minutes(aws: pytest.MonkeyPatch) -> None:
    before = datetime.now(UTC).replace(microsecond=0)

    _, token = login(settings.database())

    assert before <= signed_at(token) <= datetime.now(UTC)
    assert parse_qs(token)["X-Amz-Expires"] == ["900"]


def test_the_migrations_log_in_with_the_master_users_secret(aws: pytest.MonkeyPatch) -> None:
    secret = json.dumps({"username": "billing_master", "password": "from the secret"})
    arn = boto3.client("secretsmanager").create_secret(Name="master", SecretString=secret)["ARN"]
    aws.setenv("DATABASE_SECRET_ARN", arn)

    assert login(settings.database()) == ("billing_master", "from the secret")


def test_a_password_that_was_rotated_is_read_anew(aws: pytest.MonkeyPatch) -> None:
    client: Any = boto3.client("secretsmanager")
    arn = client.create_secret(Name="master", SecretString='{"username": "m", "password": "old"}')["ARN"]
    aws.setenv("DATABASE_SECRET_ARN", arn)
    login(settings.database())

    client.put_secret_value(SecretId=arn, SecretString='{"username": "m", "password": "new"}')

    assert login(settings.database()) == ("m", "new")


def test_a_secret_that_cannot_be_read_is_a_database_that_is_away(aws: pytest.MonkeyPatch) -> None:
    aws.setenv("DATABASE_SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gone")

    with pytest.raises(DatabaseUnavailable):
        login(settings.database())


def test_without_credentials_the_database_is_away(aws: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        aws.delenv(name)
    aws.setenv("AWS_EC2_METADATA_DISABLED", "true")
    aws.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    aws.setenv("AWS_CONFIG_FILE", "/nowhere")

    with pytest.raises(DatabaseUnavailable):
        login(settings.database())


class Pam:
    """The login of RDS for a member of rds_iam, behind TLS: a password is refused, and a token accepted."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.accepted: list[str] = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with client:
                    self.serve(client)

    def serve(self, client: socket.socket) -> None:
        client.recv(4096)
        client.sendall(b"R\0\0\0\x08\0\0\0\x03")  # AuthenticationCleartextPassword
        secret = client.recv(4096)[5:-1].decode()
        if "X-Amz-Signature" not in secret:
            fields = b'SFATAL\0C28000\0MPAM authentication failed for user "billing_master"\0\0'
            client.sendall(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields)
            return
        self.accepted.append(parse_qs(secret)["DBUser"][0])
        client.sendall(b"R\0\0\0\x08\0\0\0\0" + b"Z\0\0\0\x05I")  # AuthenticationOk, ReadyForQuery


def test_a_master_user_whose_password_rds_refuses_logs_in_with_a_token(aws: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pam = Pam()
    tls = Tls(pam.listener.getsockname(), tmp_path)
    secret = json.dumps({"username": "billing_master", "password": "from the secret"})
    arn = boto3.client("secretsmanager").create_secret(Name="master", SecretString=secret)["ARN"]
    variables = {"DATABASE_HOST": "localhost", "DATABASE_PORT": str(tls.port), "DATABASE_CA_BUNDLE": str(tls.certificate)}
    for name, value in (variables | {"DATABASE_SECRET_ARN": arn}).items():
        aws.setenv(name, value)
    _tls_context.cache_clear()

    Session(settings.database()).close()

    assert pam.accepted == ["billing_master"]
    _tls_context.cache_clear()
