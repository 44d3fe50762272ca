"""Who logs in to the database, and with what: a password, a secret that holds one, or a token of IAM."""

import json

from billing.errors import DatabaseUnavailable
from billing.settings import Database

TOKEN_SECONDS = 900
"""How long AWS takes a token. It is needed only to connect, and each connection gets a new one."""


def login(target: Database) -> tuple[str, str]:
    """The user and the password, or the token that stands for one.

    Raises `DatabaseUnavailable` where AWS gives no credentials or no secret.
    """
    if target.password is not None:
        return target.user, target.password
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return _from_secret(target.secret_arn) if target.secret_arn else (target.user, _token(target))
    except (BotoCoreError, ClientError) as error:
        raise DatabaseUnavailable("The database's login cannot be had right now. Send the same request again.") from error


def _from_secret(arn: str) -> tuple[str, str]:
    import boto3

    secret = json.loads(boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    return secret["username"], secret["password"]


def _token(target: Database) -> str:
    """What boto3's `generate_db_auth_token` answers, without its client, which doubles the time to the first request. Signed
    here: nothing is asked of AWS."""
    import botocore.session
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest

    session = botocore.session.get_session()
    request = AWSRequest("GET", f"https://{target.host}:{target.port}/", params={"Action": "connect", "DBUser": target.user})
    signer = SigV4QueryAuth(session.get_credentials(), "rds-db", session.get_config_variable("region"), expires=TOKEN_SECONDS)
    signer.add_auth(request)
    return str(request.prepare().url).removeprefix("https://")
