"""Who calls: the claims and scopes of the token that API Gateway has verified (design §8, who may)."""

import re
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from billing.contract.types import is_storable
from billing.database.session import ALL_COMPANIES
from billing.errors import Forbidden, Unauthenticated

PLATFORM_SCOPE = "billing/platform"


def caller_company(event: APIGatewayProxyEventV2, scope: str) -> str:
    """The company in the token's claims, or `ALL_COMPANIES` for the platform.

    Raises `Unauthenticated` without claims, `Forbidden` without the scope or without a company.
    """
    require_scope(event, scope)
    if PLATFORM_SCOPE in _scopes(event):
        return ALL_COMPANIES
    company = str(_claims(event).get("company_id") or "")
    if company in ("", ALL_COMPANIES) or not is_storable(company):
        raise Forbidden("The token names no company.")
    return company


def require_scope(event: APIGatewayProxyEventV2, scope: str) -> None:
    """Raises `Unauthenticated` without claims, `Forbidden` where the token lacks the scope."""
    if not _claims(event):
        raise Unauthenticated("The request has no valid token.")
    if scope not in _scopes(event):
        raise Forbidden(f"The token lacks the scope {scope}.")


def recorded_by(event: APIGatewayProxyEventV2) -> str:
    """Who is recorded for what the request changes (design §10): the token's `sub`, or `client_id`, or `unknown`."""
    claims = _claims(event)
    names = (str(claims.get(claim) or "") for claim in ("sub", "client_id"))
    return next((name for name in names if name and is_storable(name)), "unknown")


def _claims(event: APIGatewayProxyEventV2) -> Mapping[str, Any]:
    authorizer = event.request_context.authorizer
    return authorizer.jwt_claim if authorizer else {}


def _scopes(event: APIGatewayProxyEventV2) -> set[str]:
    authorizer, claims = event.request_context.authorizer, _claims(event)
    # API Gateway turns a claim that is a list into one string: `[a b]`.
    claimed = re.split(r"[\[\], ]+", str(claims.get("scope", claims.get("scp", ""))))
    return {*claimed, *(authorizer.jwt_scopes or [] if authorizer else [])}
