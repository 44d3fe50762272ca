"""The alarms on metrics of our own, beside what the jobs emit."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from local.aws_events import scheduled_event
from tests.test_template import RESOURCES
from tests.world import World, invoke

ALARMS = {
    name: resource["Properties"]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::CloudWatch::Alarm" and resource["Properties"].get("Namespace") == "CampaignBilling"
}


@pytest.mark.parametrize("alarm", ALARMS.values(), ids=ALARMS)
def test_an_alarm_watches_a_metric_by_the_dimensions_that_its_job_emits(
    world: World, alarm: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """CloudWatch keeps a metric apart for each set of dimensions, and an alarm that names another set sees nothing."""
    watched = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}

    invoke(watched["job"], scheduled_event(datetime.now(UTC)))

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    emitted = [line for line in lines if alarm["MetricName"] in line]
    assert [line["job"] for line in emitted] == [watched["job"]]
    assert [set(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]) for line in emitted] == [set(watched)]
