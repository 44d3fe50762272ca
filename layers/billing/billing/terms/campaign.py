"""A campaign as the rules take it: its dates, the history of its terms, and that of its subscriptions (design §2, §3, §10)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from billing.periods import DAY, Period, midnight
from billing.terms.models import BundleTerms, CreditTerms, SeatTerms

if TYPE_CHECKING:
    from billing.terms.json_terms import CustomTerms, IaasTerms

BEGINNING = datetime.min.replace(tzinfo=UTC)
"""The beginning of time: from when a campaign's first terms hold."""

END = datetime.max.replace(tzinfo=UTC)
"""Where the last terms have no end yet."""

CHARGED_STATUSES = ("recruiting", "active", "paused")


class SubscriptionVersion(NamedTuple):
    """The terms of a subscription from an instant until another; `annual_price` in major units of `currency`."""

    starts_at: datetime
    ends_at: datetime
    quantity: int
    annual_price: Fraction
    currency: str
    period: Period


class Version(NamedTuple):
    """The terms in force from an instant until another."""

    starts_at: datetime
    ends_at: datetime
    pricing_model: str
    terms: "SeatTerms | CreditTerms | BundleTerms | IaasTerms | CustomTerms"
    status: str = "active"
    is_active: bool = True

    @property
    def charged(self) -> bool:
        """Whether commitments and fixed fees fall due (design §5); recorded usage is charged whatever the status."""
        return self.is_active and self.status in CHARGED_STATUSES


class Campaign(NamedTuple):
    """What is charged. `zone` is the company's; dates are inclusive, and None is open; `versions` follow each other without
    a gap over the span for which they were loaded, and all custom ones are there; `linked_to` and `share` are today's link."""

    id: str
    company_id: str
    name: str
    zone: ZoneInfo
    versions: Sequence[Version]
    currency: str | None = None
    start_date: date | None = None
    end_date: date | None = None
    subscriptions: Mapping[str, Sequence[SubscriptionVersion]] = {}
    first_grant_price: Fraction | None = None
    linked_to: str | None = None
    share: Decimal | None = None

    @property
    def begins_at(self) -> datetime:
        """The first instant of its date range."""
        return midnight(self.start_date, self.zone) if self.start_date else BEGINNING

    @property
    def ends_at(self) -> datetime:
        """The first instant after its date range."""
        return midnight(self.end_date + DAY, self.zone) if self.end_date else END

    def version_at(self, instant: datetime) -> Version:
        """The terms in force at an instant."""
        return next(version for version in self.versions if instant < version.ends_at)

    def versions_in(self, start: datetime, end: datetime) -> list[Version]:
        """The versions of which a part lies in `[start, end)`."""
        return [version for version in self.versions if version.starts_at < end and version.ends_at > start]
