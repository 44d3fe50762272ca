"""Row-level security by itself: what the roles can see and do when they log in, without any of our code (design §8)."""

import secrets
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest
from pg8000.native import Connection, DatabaseError, literal

from local.databases import connect
from tests.world import World

# The roles belong to the server, not to a worker's database.


SHARED = {"l2i_bundles", "job_executions", "job_progress", "seller", "time_zones"}
"""The tables without rows of a company."""

COMPANY_OF = {
    "companies": "id",
    "campaign_activities": "(SELECT company_id FROM campaigns WHERE campaigns.id = campaign_id)",
}
"""Whose a row is, where that is not in a column company_id."""

DENIED, FOREIGN_KEY = "42501", "23503"


@pytest.fixture(scope="module")
def logins(database_url: str) -> Iterator[dict[str, Connection]]:
    """A connection of each role, logged in as itself; it has a password for no longer than that takes."""
    admin, parts = connect(database_url), urlsplit(database_url)
    roles = {}
    for role in ("billing_app", "billing_reader", "billing_jobs"):
        password = secrets.token_hex(16)
        admin.run(f"ALTER ROLE {role} PASSWORD {literal(password)}")
        place = parts.netloc.rpartition("@")[2]
        roles[role] = connect(urlunsplit(parts._replace(netloc=f"{role}:{password}@{place}")))
        admin.run(f"ALTER ROLE {role} PASSWORD NULL")
    yield roles
    for connection in (admin, *roles.values()):
        connection.close()


@pytest.fixture
def app(logins: dict[str, Connection]) -> Iterator[Connection]:
    """The API's login, in a transaction."""
    connection = logins["billing_app"]
    connection.run("BEGIN")
    yield connection
    connection.run("ROLLBACK")


@pytest.fixture
def two(world: World) -> tuple[str, str]:
    """Two companies, `ours` and `theirs`, with rows in every table that holds any of a company's."""
    for company in ("ours", "theirs"):
        world.company(id=company)
        world.subscription(company, id=f"{company}-subscription")
        campaign = world.campaign(company, "credits", id=f"{company}-campaign", credit_allocation=100)
        world.insert("campaign_activities", campaign_id=campaign, kind="session", quantity=1, occurred_at="2025-01-01T00:00Z")
        world.connection.run(GRANT.format(company=company))
        world.connection.run("INSERT INTO billing_months (company_id, month) VALUES (:company, '2025-01-01')", company=company)
        world.connection.run(RECORD.format(company=company, campaign=campaign, key=company, quantity=95))
        for statement in DOCUMENTS.format(company=company).split(";"):
            world.connection.run(statement)
    return "ours", "theirs"


DOCUMENTS = """
    INSERT INTO billing_profiles (company_id, profile, invoice_from, hold) VALUES ('{company}', '{{}}', '2025-01-01', false);
    INSERT INTO invoices (number, company_id, year, sequence, kind, currency, month, issued_on, issued_at, document, line_count,
        sha256, recorded_by)
    SELECT '{company}', '{company}', 2025, length('{company}'), 'invoice', 'EUR', '2025-01-01', '2025-02-04', now(), '{{}}', 1,
        '{company}', 'x';
    INSERT INTO invoice_lines (number, position, company_id, campaign_id, key, kind, month, currency, amount)
    VALUES ('{company}', 1, '{company}', '{company}-campaign', 'credits.overage', 'charge', '2025-01-01', 'EUR', 1);
    INSERT INTO adjustments (company_id, adjustment_id, currency, amount, description, reason, recorded_by)
    VALUES ('{company}', 'a', 'EUR', 1, 'x', 'x', 'x');
    INSERT INTO activity_changes (company_id, campaign_id, occurred_at)
    VALUES ('{company}', '{company}-campaign', '2025-01-01T00:00Z');
    INSERT INTO invoice_requests (company_id, month, kind, recorded_by) VALUES ('{company}', '2025-01-01', 'issue', 'x');
    INSERT INTO reconciliations (company_id, checked_at, last_record, result) VALUES ('{company}', now(), 0, '{{}}');
    INSERT INTO capacity_lines (company_id, campaign_id, line) VALUES ('{company}', '{company}-campaign', 'near')
"""


RECORD = """
    INSERT INTO billing_usage_records (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp)
    VALUES ('{company}', '{campaign}', 'credit_usage', {quantity}, '{key}', '2025-01-01T00:00Z')
"""

GRANT = """
    INSERT INTO credit_grants
        (company_id, campaign_id, grant_id, credits, amount, price_amount, price_credits, source, recorded_by)
    VALUES ('{company}', '{company}-campaign', 'a', 1, 1, 1, 1, 'purchase', 'x')
"""
CHANGE = """
    INSERT INTO campaign_terms (company_id, campaign_id, effective_from, terms, source, recorded_by)
    VALUES ('{company}', '{campaign}', '2025-01-01T00:00Z', '{{"status": "paused"}}', 'set_terms', 'x')
"""


def act_for(connection: Connection, company: str) -> None:
    connection.run("SELECT set_config('billing.company_id', :company, true)", company=company)


def tables(world: World) -> set[str]:
    return set(world.tables()) - SHARED


def companies_seen(connection: Connection, world: World) -> dict[str, set[str]]:
    """By table, the companies whose rows a query without any filter returns."""
    seen = {}
    for table in tables(world):
        ids = {row[0] for row in connection.run(f"SELECT ctid::text FROM {table}") or []}
        sql = f"SELECT {COMPANY_OF.get(table, 'company_id')} AS company FROM {table} WHERE ctid::text = ANY (:ids::text[])"
        seen[table] = {str(row["company"]) for row in world.rows(sql, ids=list(ids))}
    return seen


def refusal(connection: Connection, sql: str) -> str:
    """The SQLSTATE with which a statement is refused, "" where it is not."""
    connection.run("SAVEPOINT before")
    try:
        connection.run(sql)
    except DatabaseError as error:
        return str(error.args[0]["C"])
    finally:
        connection.run("ROLLBACK TO before")
    return ""


@pytest.mark.parametrize(
    ("setting", "visible"),
    [("ours", {"ours"}), ("theirs", {"theirs"}), ("*", {"ours", "theirs"}), ("nobody", set()), ("", set()), (None, set())],
    ids=["one company", "the other", "all companies", "a stranger", "an empty setting", "no setting"],
)
def test_a_query_without_a_filter_returns_the_companys_rows_of_every_table_and_no_others(
    world: World, two: tuple[str, str], app: Connection, setting: str | None, visible: set[str]
) -> None:
    if setting is not None:
        act_for(app, setting)

    seen = companies_seen(app, world)

    assert seen == dict.fromkeys(tables(world), visible)


def test_who_only_reads_sees_what_the_api_sees_and_writes_nothing(
    world: World, two: tuple[str, str], logins: dict[str, Connection]
) -> None:
    reader = logins["billing_reader"]
    reader.run("BEGIN")
    act_for(reader, "ours")

    seen = companies_seen(reader, world)
    writable = (
        "SELECT relname FROM pg_class WHERE has_any_column_privilege('billing_reader', oid, 'INSERT, UPDATE') AND relkind = 'r'"
    )
    locked = refusal(reader, "SELECT FROM campaigns FOR UPDATE")

    reader.run("ROLLBACK")
    assert seen == {table: {"ours"} for table in tables(world)}
    assert (world.rows(writable + " AND relnamespace = 'public'::regnamespace"), locked) == ([], DENIED)


def test_who_only_reads_may_read_each_table_and_row_that_the_api_may(world: World) -> None:
    hidden = world.rows(
        """
        SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'p')
            AND has_table_privilege('billing_app', oid, 'SELECT') AND NOT has_table_privilege('billing_reader', oid, 'SELECT')
        UNION
        SELECT tablename FROM pg_policies
        WHERE permissive = 'PERMISSIVE' AND 'billing_app' = ANY (roles) AND NOT 'billing_reader' = ANY (roles)
        """
    )

    assert hidden == []


def test_the_catalogue_of_bundles_is_everyones_to_read_and_nobodys_to_change(
    world: World, two: tuple[str, str], app: Connection
) -> None:
    act_for(app, "ours")

    changes = ["UPDATE l2i_bundles SET annual_price = 1", "DELETE FROM l2i_bundles", "INSERT INTO l2i_bundles DEFAULT VALUES"]

    assert app.run("SELECT count(*) FROM l2i_bundles") == [[2]]
    assert [refusal(app, change) for change in changes] == [DENIED] * 3


@pytest.mark.parametrize(
    ("statement", "state"),
    [
        (RECORD.format(company="theirs", campaign="theirs-campaign", key="x", quantity=1), DENIED),
        (RECORD.format(company="ours", campaign="theirs-campaign", key="x", quantity=1), FOREIGN_KEY),
        (RECORD.format(company="theirs", campaign="ours-campaign", key="x", quantity=1), DENIED),
        (GRANT.format(company="theirs"), DENIED),
        (CHANGE.format(company="theirs", campaign="theirs-campaign"), DENIED),
        (CHANGE.format(company="theirs", campaign="ours-campaign"), DENIED),
        (CHANGE.format(company="ours", campaign="ours-campaign"), ""),
        ("UPDATE campaigns SET company_id = 'theirs'", DENIED),
        ("UPDATE l2i_subscriptions SET company_id = 'theirs'", DENIED),
        ("UPDATE l2i_subscriptions SET quantity = 2", DENIED),
        (RECORD.format(company="ours", campaign="ours-campaign", key="x", quantity=1), ""),
        ("SELECT FROM l2i_subscriptions FOR NO KEY UPDATE", ""),
    ],
)
def test_what_names_another_company_is_refused(two: tuple[str, str], app: Connection, statement: str, state: str) -> None:
    act_for(app, "ours")

    assert refusal(app, statement) == state


def test_a_correction_of_another_companys_record_is_refused(world: World, two: tuple[str, str], app: Connection) -> None:
    act_for(app, "ours")
    theirs = world.value("SELECT id FROM billing_usage_records WHERE company_id = 'theirs'")
    insert = (
        "INSERT INTO billing_usage_records (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp,"
        f" corrects, reason, recorded_by) VALUES ('ours', 'ours-campaign', 'credit_usage', 0, 'x', now(), {theirs}, 'x', 'x')"
    )

    assert refusal(app, insert) == FOREIGN_KEY


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_usage_records SET quantity = 0",
        "DELETE FROM billing_usage_records",
        "TRUNCATE billing_usage_records CASCADE",
        "INSERT INTO billing_usage_records (id) VALUES (1)",
        "INSERT INTO billing_usage_records (created_at) VALUES (now())",
        "UPDATE campaigns SET credits_remaining = 0",
        "UPDATE campaigns SET credits_granted = 0",
        "UPDATE campaigns SET credit_allocation = 1",
        "UPDATE campaigns SET l2i_subscription_id = NULL",
        "DELETE FROM credit_grants",
        "UPDATE credit_grants SET moved = 0",
        "INSERT INTO credit_grants (moved) VALUES (0)",
        "UPDATE credit_movements SET credits = 1",
        "DELETE FROM credit_movements",
        "INSERT INTO credit_movements DEFAULT VALUES",
        "UPDATE campaign_terms SET terms = '{}'",
        "DELETE FROM campaign_terms",
        "INSERT INTO campaign_terms (created_at) VALUES (now())",
        "INSERT INTO subscription_terms DEFAULT VALUES",
        "DELETE FROM subscription_terms",
        "INSERT INTO billing_events (published_at) VALUES (now())",
        "DELETE FROM campaigns",
        "DELETE FROM billing_events",
        "INSERT INTO companies (name) VALUES ('x')",
        "INSERT INTO campaign_activities DEFAULT VALUES",
        "CREATE TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql RETURN 1",
        "CREATE POLICY mine ON companies USING (true)",
        "ALTER TABLE companies DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE billing_usage_records DISABLE TRIGGER append_only",
        "DROP TABLE companies CASCADE",
        "UPDATE schema_migrations SET altered = '{}'",
        "DELETE FROM schema_migrations",
        "SET ROLE billing_owner",
        "SET session_replication_role = replica",
    ],
)
@pytest.mark.parametrize("role", ["billing_app", "billing_reader", "billing_jobs"])
def test_no_role_can_do_what_it_does_not_need(
    logins: dict[str, Connection], two: tuple[str, str], role: str, statement: str
) -> None:
    logins[role].run("BEGIN")
    act_for(logins[role], "*")

    state = refusal(logins[role], statement)

    logins[role].run("ROLLBACK")
    assert state == DENIED


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT FROM job_executions",
        "SELECT FROM job_progress",
        "SELECT FROM seat_campaigns",
        "UPDATE billing_events SET published_at = now()",
        "UPDATE campaign_activities SET usage_record_id = NULL",
        "SET ROLE billing_jobs",
    ],
)
def test_the_api_cannot_do_what_the_jobs_do(two: tuple[str, str], app: Connection, statement: str) -> None:
    act_for(app, "*")

    assert refusal(app, statement) == DENIED


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE l2i_subscriptions SET quantity = 1",
        "UPDATE campaign_activities SET quantity = 1",
        GRANT.format(company="ours"),
        CHANGE.format(company="ours", campaign="ours-campaign"),
        "SELECT lock_usage_records(ARRAY[1])",
        "DELETE FROM job_executions",
        "SET ROLE billing_app",
    ],
)
def test_the_jobs_cannot_do_what_the_api_does(logins: dict[str, Connection], two: tuple[str, str], statement: str) -> None:
    logins["billing_jobs"].run("BEGIN")

    state = refusal(logins["billing_jobs"], statement)

    logins["billing_jobs"].run("ROLLBACK")
    assert state == DENIED


@pytest.mark.parametrize("role", ["billing_app", "billing_jobs"])
def test_the_roles_own_nothing_and_are_nothing_special(world: World, role: str) -> None:
    sql = "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles WHERE rolname = :role"
    powers = world.rows(sql, role=role)
    owned = world.value("SELECT count(*) FROM pg_shdepend WHERE refobjid = :role::text::regrole AND deptype = 'o'", role=role)
    groups = world.rows("SELECT roleid::regrole::text FROM pg_auth_members WHERE member = :role::text::regrole", role=role)

    assert not any(powers[0].values())
    assert (owned, [group for group in groups if group["roleid"] != "rds_iam"]) == (0, [])


SPAN = "ARRAY[:campaign], ARRAY['2025-03-01Z']::timestamptz[], ARRAY['infinity'::timestamptz]"
SUMS = {
    "usage_of_parts": f"SELECT quantity FROM usage_of_parts({SPAN}, ARRAY['credit_usage'])",
    "seats_of_parts": f"SELECT seat_hours FROM seats_of_parts({SPAN}, ARRAY[0::numeric])",
    "credits_of_parts": f"SELECT credits FROM credits_of_parts({SPAN})",
    "usage_of_days": """
        SELECT used::text FROM usage_of_days(ARRAY[:campaign], ARRAY['credit_usage'], ARRAY['2025-03-01'::date], 'UTC')""",
}
FORMER_SUMS = [
    f"SELECT quantity FROM usage_of_parts({SPAN})",
    "SELECT used::text FROM usage_of_days(ARRAY[:campaign], ARRAY['2025-03-01'::date], 'UTC')",
]
READ = {"settled"} | SUMS.keys()
MAY_BE_CALLED = {
    "billing_app": READ | {"lock_usage_records"},
    "billing_reader": READ,
    "billing_jobs": READ | {"expire_grants", "put_terms_in_force"},
}


@pytest.mark.parametrize("role", MAY_BE_CALLED)
def test_of_the_functions_with_their_owners_rights_a_role_may_call_those_that_it_needs(world: World, role: str) -> None:
    functions = world.rows(
        """
        SELECT proname AS name, proconfig[1] AS path, has_function_privilege(:role, oid, 'EXECUTE') AS callable
        FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace
        """,
        role=role,
    )

    assert {function["name"] for function in functions if function["callable"]} == MAY_BE_CALLED[role]
    assert all(function["path"] in ("search_path=public, pg_temp", "search_path=pg_catalog, pg_temp") for function in functions)


@pytest.mark.parametrize("statement", [*SUMS.values(), *FORMER_SUMS])
def test_sums_read_as_the_owner_are_those_of_the_callers_company(
    world: World, two: tuple[str, str], app: Connection, statement: str
) -> None:
    campaigns = [world.campaign(company, "credits", credit_allocation=5) for company in two]
    for campaign in campaigns:
        world.connection.run(
            """INSERT INTO billing_usage_records
                (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp)
            SELECT company_id, id, kind, 7, id || kind, '2025-03-01T12:00Z'
            FROM campaigns, unnest(ARRAY['seat_usage', 'credit_usage']) AS kind WHERE id = :campaign""",
            campaign=campaign,
        )
    act_for(app, two[0])

    seen = [app.run(statement.replace(":campaign", literal(campaign))) for campaign in campaigns]

    assert (bool(seen[0]), seen[1]) == (True, [])


def test_a_trigger_of_ones_own_cannot_charge_another_company(world: World, two: tuple[str, str], app: Connection) -> None:
    act_for(app, "ours")
    app.run("CREATE TEMPORARY TABLE bait (campaign_id text, event_type text, quantity numeric)")

    hang = (
        "CREATE TRIGGER hook AFTER INSERT ON bait REFERENCING NEW TABLE AS recorded"
        " FOR EACH STATEMENT EXECUTE FUNCTION use_credits()"
    )

    assert refusal(app, hang) == DENIED
