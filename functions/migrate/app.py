"""At each deployment, before traffic: bring the database to the version that the new code needs."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.operations.migrate import migrate
from billing.telemetry import logger


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    applied = migrate()
    logger.info("Migrated", applied=applied)
    return {"applied": applied}
