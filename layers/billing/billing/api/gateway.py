"""The event of a request, as API Gateway's HTTP API sends it: payload format 2.0."""

from base64 import b64decode

from billing.errors import Malformed


def check_event(event: object) -> None:
    """Raises `Malformed` where anything that is read of the event has another form: whoever may invoke the function can send
    what API Gateway never does."""
    match event:
        case {"rawPath": str(), "requestContext": {"stage": str(), "http": {"method": str()}} as context, **others}:
            texts = isinstance(context.get("requestId", ""), str) and isinstance(others.get("rawQueryString", ""), str)
            objects = all(_are_texts(others.get(name)) for name in ("headers", "queryStringParameters"))
            if texts and objects and _is_token(context.get("authorizer")):
                return _check_body(others.get("body"), others.get("isBase64Encoded"))
    raise Malformed("The event is not a request of API Gateway's HTTP API.")


def _check_body(body: object, is_base64: object) -> None:
    if not isinstance(body, str | None) or not isinstance(is_base64, bool | None):
        raise Malformed("The event's body is not a text.")
    if body and is_base64:
        try:
            b64decode(body)
        except ValueError:
            raise Malformed("The body is not base64.") from None


def _is_token(authorizer: object) -> bool:
    match authorizer:
        case None:
            return True
        case {"jwt": {"claims": dict(), **others}}:
            scopes = others.get("scopes")
            return scopes is None or (isinstance(scopes, list) and all(isinstance(scope, str) for scope in scopes))
    return False


def _are_texts(values: object) -> bool:
    """Whether it is an object of texts, or absent."""
    return values is None or (
        isinstance(values, dict) and all(isinstance(text, str) for member in values.items() for text in member)
    )
