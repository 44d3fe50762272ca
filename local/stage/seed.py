"""`make seed STAGE=dev`: the demo's portfolio, and the usage that its callers report, in a stage that takes demo data.

The rows go through the one function that may write them, which refuses where DemoData is not set. Everything has a name of
its own, so that a second run changes nothing.
"""

import json
import sys
from typing import Any

from demo import files
from demo.files import Month
from demo.portfolio import Row
from local.stage.stage import CallFailed, NoStage, Stage
from local.template import TEMPLATE

SAMPLE = TEMPLATE.parent / "events" / "track_usage.json"


def seed(stage: Stage, month: Month) -> None:
    """Load the month. Raises `CallFailed` where the stage refuses."""
    rows = month.portfolio | {"campaign_activities": month.tables()["campaign_activities"]}
    loaded = stage.call(stage.output("MigrateFunction"), {"action": "load_demo", "rows": rows})
    print("Loaded " + ", ".join(f"{count} {table}" for table, count in loaded.items()) + ".")
    recorded = sum(_send(stage, request["events"])["recorded"] for request in month.requests)
    print(f"Recorded {recorded} usage events.")


def _send(stage: Stage, events: list[Row]) -> Any:
    answer = stage.call(stage.output("TrackUsageFunction"), _request({"events": events}))
    if answer["statusCode"] >= 300:
        raise CallFailed(answer["body"])
    return json.loads(answer["body"])


def _request(body: Row) -> Row:
    """What API Gateway would send for the platform's own token; whoever may invoke the function needs none."""
    event: Row = json.loads(SAMPLE.read_text())
    scopes = ["billing/usage.write", "billing/platform"]
    event["requestContext"]["authorizer"]["jwt"] = {"claims": {"scope": " ".join(scopes)}, "scopes": scopes}
    event |= {"body": json.dumps(body), "isBase64Encoded": False}
    return event


if __name__ == "__main__":
    try:
        seed(Stage(sys.argv[1]), files.read())
    except (CallFailed, NoStage) as error:
        sys.exit(str(error))
