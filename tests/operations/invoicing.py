"""The operations on invoices, as tests call them: a company with a profile, and a seller."""

from typing import Any

from tests.invoices.samples import PROFILE_JSON, SELLER_JSON
from tests.world import Answer, World, request


def put_seller(**changes: Any) -> Answer:
    return request("set_seller", "PUT", "/v1/seller", {**SELLER_JSON, **changes})


def put_profile(company: str, **changes: Any) -> Answer:
    return request(
        "set_billing_profile",
        "PUT",
        f"/v1/companies/{company}/billing-profile",
        {**PROFILE_JSON, "invoiceFrom": "2025-01", **changes},
    )


def invoiced_company(world: World, **changes: Any) -> str:
    company = world.company(time_zone="Europe/Oslo")
    put_seller()
    put_profile(company, **changes)
    return company


def post_invoices(company: str, month: str) -> Answer:
    return request("issue_invoice", "POST", f"/v1/companies/{company}/invoices", {"month": month})


def preview(company: str, month: str) -> Answer:
    return request("preview_invoice", "GET", f"/v1/companies/{company}/invoice-preview", query={"month": month})


def invoices(company: str, **query: str) -> Answer:
    return request("list_invoices", "GET", f"/v1/companies/{company}/invoices", query=query)


def invoice(number: str, **query: str) -> Answer:
    return request("get_invoice", "GET", f"/v1/invoices/{number}", query=query)


def credit(number: str, id: str = "c-1", reason: str = "Wrong") -> Answer:
    return request("credit_invoice", "POST", f"/v1/invoices/{number}/credit-note", {"id": id, "reason": reason})


def adjust(company: str, amount: str, id: str = "a-1", currency: str = "EUR", **more: Any) -> Answer:
    body = {"id": id, "currency": currency, "amount": amount, "description": "Goodwill", "reason": "Agreed", **more}
    return request("add_adjustment", "POST", f"/v1/companies/{company}/adjustments", body)


def record(campaign: str, quantity: Any, timestamp: str, event_type: str = "learner_served", **more: Any) -> str:
    event = {"campaignId": campaign, "eventType": event_type, "quantity": quantity, "timestamp": timestamp, **more}
    answer = request("track_usage", "POST", "/v1/usage-events", {"events": [event]})
    return str(answer.body["results"][0]["usageRecordId"])


def correct(record_id: str, id: str, **values: Any) -> Answer:
    body = {"corrections": [{"usageRecordId": record_id, "id": id, "reason": "Wrong", **values}]}
    return request("correct_usage", "POST", "/v1/usage-corrections", body)
