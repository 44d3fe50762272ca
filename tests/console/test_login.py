"""Logging in where there is an issuer: a code with PKCE (RFC 7636), and a token that is kept in memory alone (design §17)."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Route, expect

from tests.console.screen import FJORD, MARCH, Screen
from tests.world import World


def part(claims: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


CLAIMS = {"sub": "user-1", "email": "finance@fjellbris.example", "scope": "openid billing/read", "company_id": "demo-fjellbris"}
TOKEN = f"{part({'alg': 'none'})}.{part(CLAIMS)}.signature"


class Issuer:
    """An issuer at the console's own address, since its policy allows no other here."""

    def __init__(self, screen: Screen) -> None:
        self.address = f"{screen.address}/issuer"
        self.asked: dict[str, str] = {}
        self.exchanged: list[dict[str, str]] = []
        self.tokens: list[str] = []
        self.forget_state = False
        config = {"issuer": self.address, "clientId": "console", "scopes": ["openid", "billing/read"]}
        endpoints = {
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
        }
        screen.page.route("**/console/config.json", lambda route: route.fulfill(json=config))
        screen.page.route("**/issuer/.well-known/openid-configuration", lambda route: route.fulfill(json=endpoints))
        screen.page.route("**/issuer/authorize*", self._authorize)
        screen.page.route("**/issuer/token", self._exchange)
        screen.page.on("request", self._see)

    def _authorize(self, route: Route) -> None:
        self.asked = only(urlsplit(route.request.url).query)
        state = "another" if self.forget_state else self.asked["state"]
        self.forget_state = False
        route.fulfill(status=302, headers={"Location": f"{self.asked['redirect_uri']}?code=code-1&state={state}"})

    def _exchange(self, route: Route) -> None:
        self.exchanged.append(only(route.request.post_data or ""))
        route.fulfill(json={"access_token": TOKEN, "token_type": "Bearer"})

    def _see(self, request: Any) -> None:
        if "/v1/" in request.url:
            self.tokens.append(request.headers.get("authorization", ""))


def only(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


@pytest.fixture
def issuer(demo: World, screen: Screen) -> Issuer:
    return Issuer(screen)


def test_a_login_is_a_code_with_a_proof_and_leads_back_to_the_screen(issuer: Issuer, screen: Screen) -> None:
    screen.open(f"{FJORD}{MARCH}")

    expect(screen.page.get_by_role("heading", level=1)).to_have_text("Fjord beach clean-up")
    (exchange,) = issuer.exchanged
    challenge = base64.urlsafe_b64encode(hashlib.sha256(exchange["code_verifier"].encode()).digest()).decode().rstrip("=")
    assert (issuer.asked["code_challenge"], issuer.asked["code_challenge_method"]) == (challenge, "S256")
    assert (issuer.asked["response_type"], issuer.asked["scope"]) == ("code", "openid billing/read")
    assert exchange["grant_type"] == "authorization_code" and "client_secret" not in exchange
    assert issuer.tokens and set(issuer.tokens) == {f"Bearer {TOKEN}"}
    assert screen.page.url == f"{screen.address}/console/#/{FJORD}{MARCH}"
    expect(screen.page.locator(".session")).to_have_text("finance@fjellbris.example")


def test_the_token_is_stored_nowhere(issuer: Issuer, screen: Screen) -> None:
    screen.open(f"{FJORD}{MARCH}")

    stored = screen.page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])")

    assert TOKEN not in stored and issuer.exchanged[0]["code_verifier"] not in stored
    screen.page.reload()
    screen.wait()
    assert len(issuer.exchanged) == 2


def test_a_code_that_was_not_asked_for_is_not_exchanged(issuer: Issuer, screen: Screen) -> None:
    issuer.forget_state = True

    screen.open("companies/demo-fjellbris")

    expect(screen.page.get_by_role("heading", level=1)).to_have_text("Fjellbris Energi")
    assert len(issuer.exchanged) == 1  # of the second login alone


def test_what_the_scopes_do_not_allow_is_not_offered(issuer: Issuer, screen: Screen) -> None:
    screen.open(f"{FJORD}{MARCH}")

    expect(screen.button("Print")).to_be_visible()
    assert screen.button("Change the terms").count() == 0
    expect(screen.page.get_by_role("link", name="Companies")).to_have_count(0)
