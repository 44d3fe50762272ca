"""The deduplication key that names a usage record (design §4.2, §4.3).

It is `{campaignId}-{eventType}-{YYYYMMDDHHMMSS}-{hash}`, the time in UTC. The hash is the first 32 hex digits of the SHA-256
of the event in canonical form, or of the caller's own id where there is one:

>>> usage_key("c1", "seat_usage", "2025-01-01T00:00:00+00:00", "x")
'c1-seat_usage-20250101000000-2d711642b726b04401627ca9fbac32f5'
"""

import hashlib
from datetime import UTC, datetime

_BETWEEN_DIGITS = str.maketrans("", "", "-T:")
_TO_THE_SECOND = len("2025-01-01T00:00:00")


def usage_key(campaign_id: str, event_type: str, instant: str, named: str) -> str:
    """The key of a record: `named` is hashed, the rest is spelled out. The instant is in ISO 8601 and UTC."""
    digest = hashlib.sha256(named.encode()).hexdigest()[:32]
    return f"{campaign_id}-{event_type}-{instant[:_TO_THE_SECOND].translate(_BETWEEN_DIGITS)}-{digest}"


def job_key_suffix(event_type: str, instant: datetime) -> str:
    """The key of a job's record without its campaign. NUL keeps it apart from the keys of all that callers can send."""
    return usage_key("", event_type, instant.astimezone(UTC).isoformat(), "\0")
