"""The body of a request: what it declares itself to be, and how large it may be (design §8)."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from billing.contract.parsing import parse_json
from billing.errors import Malformed, TooLarge

BODY_BYTES_MAX = 5 * 1024 * 1024
NOT_JSON = "The body must be JSON, with the content type application/json."


def lower_content_type(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with the content type in lower case: media types ignore case, but Powertools does not."""
    return {name: value.lower() if name.lower() == "content-type" else value for name, value in headers.items()}


def check_content_type(event: APIGatewayProxyEventV2) -> None:
    """Raises `Malformed` for a body that declares another content type: Powertools would read a form as an object."""
    declared = event.headers.get("content-type") or "application/json"
    if event.body and declared.split(";")[0].strip() != "application/json":
        raise Malformed(NOT_JSON)


def parse_body(text: str) -> Any:
    """The JSON object of a body. Raises `TooLarge` above 5 MB, and as `parse_json` does."""
    if len(text.encode("utf-8", "surrogatepass")) > BODY_BYTES_MAX:
        raise TooLarge("The body is larger than 5 MB.")
    return parse_json(text)
