"""The types of usage events, and what the billing system calls them (design §2, §8)."""

from typing import Literal

EventType = Literal["seat_usage", "credit_usage", "learner_served", "session_completed"]

BILLING_EVENT_TYPES: dict[str, str] = {
    "seat_usage": "active_seats",
    "credit_usage": "storage_gb",
    "learner_served": "compute_hours",
    "session_completed": "reports_generated",
}
