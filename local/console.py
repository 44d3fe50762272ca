"""The console beside the local API: its files as they are, and who is looking (design §17)."""

import json
import mimetypes

from werkzeug.wrappers import Response

from local.postgres import ROOT

_FOLDER = ROOT / "console"
_CONFIG = {"local": True, "month": "2025-03"}
"""No login, and the month of the demo first."""
PATHS = [
    "/console/",
    "/console/config.json",
    *(f"/console/{file.relative_to(_FOLDER)}" for file in sorted(_FOLDER.rglob("*.*"))),
]
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)
"""What a page of the console may load, as CloudFront says it on AWS, where the issuer of tokens is added."""


def page(path: str) -> Response:
    """One of `PATHS`."""
    if path == "/console/config.json":
        return Response(json.dumps(_CONFIG), mimetype="application/json", headers={"Cache-Control": "no-store"})
    file = _FOLDER / (path.removeprefix("/console/") or "index.html")
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return Response(file.read_bytes(), mimetype=mimetypes.guess_type(file)[0] or "text/plain", headers=headers)
