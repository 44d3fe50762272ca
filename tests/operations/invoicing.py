"""The operations on invoices, as tests call them: a company with a profile, and a seller."""

from typing import Any

from tests.invoices.samples import PROFILE_JSON, SELLER_JSON
from tests.world import Answer, World, request

ARRIVALS = {
    "billing_usage_records": "created_at",
    "credit_movements": "created_at",
    "campaign_terms": "created_at",
    "subscription_terms": "created_at",
    "activity_changes": "created_at",
    "invoices": "issued_at",
}
"""Tables that causes are recorded in, and when they were."""


def put_seller(**changes: Any) -> Answer:
    return request("set_seller", "PUT", "/v1/seller", {**SELLER_JSON, **changes})


def put_profile(company: str, **changes: Any) -> Answer:
    return request(
        "set_billing_profile",
        "PUT",
        f"/v1/companies/{company}/billing-profile",
        {**PROFILE_JSON, "invoiceFrom": "2025-01", **changes},
    )


def invoiced_company(world: World, time_zone: str = "Europe/Oslo", **changes: Any) -> str:
    company = world.company(time_zone=time_zone)
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


def plant(world: World, damage: str) -> None:
    """As a superuser with the triggers off."""
    world.connection.run(
        f"""DO $damage$
        DECLARE
            unguard text;
            guard text;
        BEGIN
            SELECT string_agg(format('ALTER TABLE %s DISABLE TRIGGER %I;', tgrelid::regclass, tgname), ''),
                string_agg(format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I;', tgrelid::regclass, tgname), '')
                INTO unguard, guard FROM pg_trigger WHERE tgenabled = 'A' AND NOT tgisinternal;
            PERFORM set_config('session_replication_role', 'replica', true);
            EXECUTE unguard;
            {damage};
            EXECUTE guard;
        END $damage$"""
    )


def age(world: World) -> None:
    """Let what is on record have arrived long ago: a closing looks five seconds back, in which a test has done everything, so
    that no cause would ever be missed."""
    plant(world, "; ".join(f"UPDATE {table} SET {at} = {at} - interval '1 hour'" for table, at in ARRIVALS.items()))
