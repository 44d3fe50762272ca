"""Who logs in to the database, and with what: a password, a secret that holds one, or a token of IAM."""

import json
from collections.abc import Callable
from typing import NamedTuple

from billing.errors import DatabaseUnavailable
from billing.settings import Database

TOKEN_SECONDS = 900
"""How long AWS takes a token. It is needed only to connect, and each connection gets a new one."""


class Login(NamedTuple):
    """A user and its password, or the token that stands for one."""

    user: str
    password: str


def login(target: Database) -> Login:
    """The login that `target` asks for.

    Raises `DatabaseUnavailable` where AWS gives no credentials or no secret.
    """
    if target.password is not None:
        return Login(target.user, target.password)
    return _from_aws(target, _from_secret if target.secret_arn else _with_token)


def login_with_token(target: Database) -> Login:
    """The user of the secret of `target`, with a token in place of its password. Raises as `login` does."""
    return _from_aws(target, lambda target: _with_token(target._replace(user=_from_secret(target).user)))


def _from_aws(target: Database, ask: Callable[[Database], Login]) -> Login:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return ask(target)
    except (BotoCoreError, ClientError) as error:
        raise DatabaseUnavailable("Could not obtain database credentials. Retry the same request.") from error


def _from_secret(target: Database) -> Login:
    import boto3

    secret = json.loads(boto3.client("secretsmanager").get_secret_value(SecretId=target.secret_arn)["SecretString"])
    return Login(secret["username"], secret["password"])


def _with_token(target: Database) -> Login:
    """What boto3's `generate_db_auth_token` returns, without its client, which doubles the time to the first request. The
    token is signed here, without a call to AWS."""
    import botocore.session
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest

    session = botocore.session.get_session()
    request = AWSRequest("GET", f"https://{target.host}:{target.port}/", params={"Action": "connect", "DBUser": target.user})
    signer = SigV4QueryAuth(session.get_credentials(), "rds-db", session.get_config_variable("region"), expires=TOKEN_SECONDS)
    signer.add_auth(request)
    return Login(target.user, str(request.prepare().url).removeprefix("https://"))
