"""At each deployment, before traffic: bring the database to the version that the new code needs.

An operator who may invoke it also asks it what the stage's state is (`{"action": "status"}`), and, where the stage takes
demo data, to load some (`{"action": "load_demo", "rows": {…}}`): it is the one function that logs in as more than a caller.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.jobs.deployment import responding_to_cloudformation
from billing.operations.migrate import load_demo, migrate, status
from billing.telemetry import logger


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    if event.get("action") == "status":
        return status()
    if event.get("action") == "load_demo":
        return load_demo(event["rows"])
    with responding_to_cloudformation(event):
        # When the stack is deleted, the data stays as it is.
        applied = [] if event.get("RequestType") == "Delete" else migrate()
    logger.info("Migrated", applied=applied)
    return {"applied": applied}
