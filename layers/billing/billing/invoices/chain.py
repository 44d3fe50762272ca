"""The chain of documents: each holds the SHA-256 of its own content and that of the document before (design §13).

What is hashed is the JSON as it was issued, never the shapes of today's code, so that a new field changes no old hash.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

NOT_HASHED = {"sha256", "creditedBy"}


class Break(NamedTuple):
    """A hash in a document that is not the one it has to be."""

    number: str
    field: str
    stored: str | None
    expected: str | None


def canonical_json(document: Mapping[str, Any]) -> str:
    """A document as the JSON that is hashed (RFC 8785): sorted names, no white space, without `sha256` and `creditedBy`.

    >>> canonical_json({"number": "CB-2025-000001", "kind": "invoice", "sha256": "0f…"})
    '{"kind":"invoice","number":"CB-2025-000001"}'
    """
    hashed = {name: value for name, value in document.items() if name not in NOT_HASHED}
    return json.dumps(hashed, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def fingerprint(document: Mapping[str, Any]) -> str:
    """The SHA-256 of the canonical JSON, as 64 hex digits."""
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()


def breaks(documents: Iterable[Mapping[str, Any]], previous: str | None = None) -> Iterator[Break]:
    """Where a chain is broken, given documents in the order of their numbers and the hash before the first of them."""
    for document in documents:
        expected = {"previousSha256": previous, "sha256": fingerprint(document)}
        for field, value in expected.items():
            if document[field] != value:
                yield Break(document["number"], field, document[field], value)
        previous = document["sha256"]
