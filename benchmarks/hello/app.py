"""The least that a validated route needs, on the same layer: what the cold starts of the functions are measured beside."""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

app = APIGatewayHttpResolver(enable_validation=True)


class Greeting(BaseModel):
    text: str


@app.get("/hello")
def get() -> Greeting:
    return Greeting(text="Hello")


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
