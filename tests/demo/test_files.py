"""The demo's files are checked before anything is written: `demo/FILE:LINE: what`."""

from pathlib import Path

import pytest

from demo import changes, files, platform
from demo.checked import BadFile
from demo.platform import BadRow
from tests.world import World


def told(folder: Path, name: str, old: str, new: str) -> str:
    """What is told of a file in which a text stands for another."""
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))
    with pytest.raises(BadFile) as error:
        files.read()
    return str(error.value)


UNKNOWN = "is not a campaign of portfolio.yaml"
NO_INSTANT = 'must be an instant with an offset, such as "2025-01-31T23:00:00Z"'


@pytest.mark.parametrize(
    ("name", "old", "new", "what"),
    [
        ("activities.csv", "id,", "\ufeffid,", "1: begins with a byte order mark; save the file as UTF-8 without one"),
        ("activities.csv", "62.5", "62,5", "2: has 7 values for 6 columns; put a value with a comma in quotation marks"),
        ("activities.csv", "62.5", '"62,5"', "2: quantity must be a number such as 12.5"),
        ("activities.csv", "2025-03-04T18:15:00Z", "04.03.2025 18:15", f"2: occurred_at {NO_INSTANT}"),
        ("activities.csv", "2025-03-04T18:15:00Z", "2025-03-04T18:15:00", f"2: occurred_at {NO_INSTANT}"),
        ("activities.csv", ",session,", ",sesion,", "3: kind must be 'volunteer_hours', 'session' or 'evidence'"),
        ("activities.csv", "campaign_id", "campaign", "2: campaign_id is required"),
        ("activities.csv", "demo-skills-evenings", "demo-skils", f"2: campaign_id {UNKNOWN} (it is demo-skils)"),
        ("usage/workshops.csv", "demo-mangrove-nursery", "demo-x", f"2: campaignId {UNKNOWN} (it is demo-x)"),
        ("seats.yaml", "demo-fjord-clean-up", "demo-fjord-cleanup", f"4: demo-fjord-cleanup {UNKNOWN}"),
        ("seats.yaml", "{0: 34, 8", "{1: 34, 8", "6: weekdays must begin with hour 0"),
        ("seats.yaml", "8: 38", "8: many", "6: 8 must be an integer (it is many)"),
        ("seats.yaml", "  2025-03-01", "\t2025-03-01", "5: is not YAML: found character '\\t' that cannot start any token"),
        ("month.yaml", "start: 2025-03-01", "start: 01.03.2025", "4: start must be a date"),
        ("month.yaml", "end: 2025-04-01", "end: 2025-02-01", "1: must start before it ends"),
        ("month.yaml", "workshops.csv", "workshop.csv", "14: file is not a file of demo/usage (it is workshop.csv)"),
        ("month.yaml", "effectiveFrom: 2025-03-15", "effectiveFrom: 15.03.2025", "37: effectiveFrom must be a date"),
        ("month.yaml", "seatPricePerMonth", "seatPrice", "38: seatPrice is not known here"),
        ("month.yaml", "event: attendance-0326-central", "event: attendance", "44: event must be the id of an event that"),
        ("month.yaml", "amount: 210.00", "amount: 210,00", "27: amount must be a number such as 12.5"),
        ("billing.yaml", "demo-savanna:", "demo-savana:", "23: demo-savana is not a company of portfolio.yaml"),
        ("billing.yaml", "NO123456785MVA", "123456785", "19: vatId must be a VAT id with the prefix of its country"),
        ("billing.yaml", "taxRate: 25", "taxRate: 25 %", "21: taxRate must be a number such as 12.5, or a string that"),
        ("billing.yaml", "iban: NO93", "iban: NO94", "9: iban must be an IBAN whose check digits are right"),
        ("billing.yaml", "daysToPay: 14", "daysToPay: two weeks", "36: daysToPay must be an integer"),
        ("billing.yaml", "month: 2025-03}", "month: March}", '41: month must be a month such as "2025-03"'),
        ("billing.yaml", "late-count.csv", "late.csv", "52: lateUsage is not a file of demo/usage (it is late.csv)"),
        ("billing.yaml", "{companyId: demo-altaluz, ", "{companyId: demo-fjellbris, ", "46: credit takes back an invoice of"),
        ("portfolio.yaml", "Europe/Oslo", "Europe/Olso", "5: time_zone is not a time zone of the IANA database"),
        ("portfolio.yaml", "company_id: demo-fjellbris", "company: demo-fjellbris", "24: company_id is required"),
        ("portfolio.yaml", "id: demo-learn-500", "id: learn-500", "10: id must match the pattern"),
        ("portfolio.yaml", "id: demo-savanna,", "id: demo-fjellbris,", "6: id is there twice (it is demo-fjellbris)"),
        ("portfolio.yaml", "bundle_id: demo-learn-500", "bundle_id: demo-x", "26: bundle_id is not an id of l2i_bundles"),
        ("portfolio.yaml", "rate: 2.35", "rate: 2,35", "200: 35 is not known here (it is empty; write 1.5 for 1,5)"),
        ("portfolio.yaml", "rate: 2.35", "rate: '2,35'", "200: rate must be a number such as 12.5"),
        ("portfolio.yaml", "cap: 12}", "kap: 12}", "214: kap is not known here (it is 12)"),
        ("portfolio.yaml", "fixedFee: 850.00", "fixed_fee: 850.00", "196: custom_pricing_terms has a member that is not known"),
        ("portfolio.yaml", "dueDate: 2025-03-31", "dueDate: 31.03.2025", "216: dueDate must be a date"),
        ("portfolio.yaml", "start_date: 2025-03-01", "start_date: 04.03.2025", "46: start_date must be a date such as"),
        ("portfolio.yaml", "start_date: 2025-03-01", "start_date: 1740787200", "46: start_date must be a date such as"),
        ("portfolio.yaml", "01-01T00:00:00+01:00", "01-01T00:00:00", f"28: current_period_start {NO_INSTANT}"),
        ("portfolio.yaml", "committed_seats", "commited_seats", "49: commited_seats is not known here (it is 40)"),
        ("portfolio.yaml", "annual_price: 24990.00", "annual_price: 24.990,00", "13: annual_price must be a number"),
        ("portfolio.yaml", "quantity: 2", "quantity: two", "34: quantity must be an integer (it is two)"),
        ("portfolio.yaml", "percentage: 0.55", "percentage: 55 %", "143: bundle_allocation_percentage must be a number"),
        ("portfolio.yaml", "committed_seats: 40", "committed_seats: 40\n    committed_seats: 50", "50: committed_seats is"),
        ("portfolio.yaml", "name: Library bus", "name: {{bus}}", "139: has a name in brackets or braces"),
        ("portfolio.yaml", "Library bus", "Library\x07 bus", "139: is not YAML: it has the control character U+0007"),
        ("usage/workshops.csv", "2025-03-05T10:00:00Z", "05.03.2025 10:00", f"2: timestamp {NO_INSTANT}"),
        ("usage/workshops.csv", "session_completed,1,", 'session_completed,"1,5",', "2: quantity must be a number such"),
        ("usage/workshops.csv", "session_completed,1,", "session,1,", "2: eventType must be"),
        ("usage/late-count.csv", "T16:20:00+01:00", "T16:20:00", f"2: timestamp {NO_INSTANT}"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(folder: Path, name: str, old: str, new: str, what: str) -> None:
    assert told(folder, name, old, new).startswith(f"demo/{name}:{what}")


def test_a_company_that_is_issued_invoices_without_a_profile_is_told(folder: Path) -> None:
    text = (folder / "billing.yaml").read_text()
    profile = text[text.index("  demo-savanna:") : text.index("  demo-altaluz:")]

    assert told(folder, "billing.yaml", profile, "").endswith("companyId has no profile here (it is demo-savanna)")


def test_semicolons_are_told(folder: Path) -> None:
    path = folder / "activities.csv"
    path.write_text(path.read_text().replace(",", ";"))

    with pytest.raises(BadFile, match=r"^demo/activities.csv:1: separates its columns with semicolons"):
        files.read()


def test_bytes_of_another_encoding_are_told(folder: Path) -> None:
    path = folder / "usage" / "workshops.csv"
    path.write_bytes(path.read_bytes().replace(b"nursery\n", "pépinière\n".encode("latin-1"), 1))

    with pytest.raises(BadFile, match=r"^demo/usage/workshops.csv:2: is not UTF-8$"):
        files.read()


def test_only_the_lines_that_are_named_may_be_what_the_api_rejects(folder: Path) -> None:
    assert told(folder, "month.yaml", "rejected: [6, 7]", "rejected: [6]") == (
        f"demo/usage/second-thoughts.csv:7: timestamp {NO_INSTANT} (it is 2025-03-26 10:00)"
    )


def test_all_faults_of_a_file_are_told(folder: Path) -> None:
    text = (folder / "month.yaml").read_text().replace("16T08:00:00Z", "16").replace("17T14:00:00Z", "17")

    lines = told(folder, "month.yaml", (folder / "month.yaml").read_text(), text).splitlines()

    assert [line.partition(" ")[0] for line in lines] == ["demo/month.yaml:12:", "demo/month.yaml:14:"]


def test_what_the_database_refuses_is_told_with_its_line_and_nothing_is_written(folder: Path, world: World) -> None:
    path = folder / "portfolio.yaml"
    path.write_text(path.read_text().replace("end_date: 2025-10-31", "end_date: 2025-02-28", 1))

    with pytest.raises(BadRow, match=r"^demo/portfolio.yaml:41: demo-fjord-clean-up: .* violates check constraint"):
        platform.load(files.read())

    assert world.value("SELECT count(*) FROM companies") == 0


def test_a_price_that_was_changed_after_it_was_loaded_is_told_with_its_line(folder: Path, world: World) -> None:
    platform.load(files.read())
    path = folder / "portfolio.yaml"
    path.write_text(path.read_text().replace("seat_price_per_month: 35.00", "seat_price_per_month: 36.00"))

    told = [line for line in changes.changed_rows(files.read()) if "demo-fjord-clean-up" in line]

    price = "seat_price_per_month of demo-fjord-clean-up"
    assert told == [f"demo/portfolio.yaml:50: {price} is 36.00 here, but 35.00 in the database, which counts"]
