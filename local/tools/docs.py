"""The pages beside the API: its OpenAPI document, and Swagger UI, whose assets come with Powertools."""

from pathlib import Path

from aws_lambda_powertools.event_handler.openapi import swagger_ui

from local.tools.openapi import DOCUMENT

_ASSETS = Path(swagger_ui.__file__).parent
PAGES = {
    "/openapi.json": DOCUMENT,
    "/docs": Path(__file__).with_name("docs.html"),
    "/docs/swagger-ui.min.css": _ASSETS / "swagger-ui.min.css",
    "/docs/swagger-ui-bundle.min.js": _ASSETS / "swagger-ui-bundle.min.js",
}
"""The file at each path."""
