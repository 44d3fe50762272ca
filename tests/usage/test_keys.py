"""The deduplication key is made in Python and, for the jobs and corrections, in SQL (design §4.2): the two are one."""

from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.usage.keys import usage_key
from tests.world import World

IDENTITIES = st.text(st.characters(blacklist_categories=["Cs"]), max_size=40)
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(campaign=st.from_regex(r"\A[A-Za-z0-9._~:@+=,-]{1,128}\Z"), instant=INSTANTS, identity=IDENTITIES)
def test_sql_and_python_make_the_same_key(world: World, campaign: str, instant: datetime, identity: str) -> None:
    made = world.value(
        "SELECT usage_key(:campaign, 'credit_usage', :instant, decode(:identity, 'hex'))",
        campaign=campaign,
        instant=instant,
        identity=identity.encode().hex(),
    )

    assert made == usage_key(campaign, "credit_usage", instant.isoformat(), identity)
