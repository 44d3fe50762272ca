"""At each deployment, before traffic: bring the database to the version that the new code needs."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.jobs.deployment import reported
from billing.operations.migrate import migrate
from billing.telemetry import logger


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    with reported(event):
        # When the stack is deleted, the data stays as it is.
        applied = [] if event.get("RequestType") == "Delete" else migrate()
    logger.info("Migrated", applied=applied)
    return {"applied": applied}
