"""`make console-upload STAGE=dev`: the files of `console/` to the bucket behind the stage's CloudFront (design §17).

The configuration beside them is the stack's own, whatever samconfig.toml says by now. What `console/` no longer has leaves the
bucket. A second run leaves what the first one left.
"""

import sys
from pathlib import Path
from uuid import uuid4

from local import template
from local.stage.stage import NoStage, Stage

PAGE, CONFIG = "index.html", "config.json"

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
"""What is uploaded, by its suffix. Anything else, such as a README, is not for browsers."""

NOT_KEPT = "no-cache"
KEPT_BY_CLOUDFRONT = "max-age=0, s-maxage=86400"
"""A browser asks each time whether its copy is the latest, so that no page runs with modules of another version; CloudFront
answers for a day, or until it is told to forget."""


class NoConsole(Exception):
    """There are no files to upload; the message says where they are expected."""


def upload(stage: Stage, folder: Path) -> None:
    """Make the stage's bucket hold the files of a folder. Raises `NoStage`, `NoConsole`."""
    bucket = stage.output("ConsoleBucket")
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in _for_browsers(folder)}
    files[CONFIG] = stage.output("ConsoleConfig").encode()
    s3 = stage.aws.client("s3")
    # The page is the last, so that what it asks for is there.
    for name in sorted(files, key=lambda name: (name == PAGE, name)):
        s3.put_object(
            Bucket=bucket,
            Key=name,
            Body=files[name],
            ContentType=CONTENT_TYPES[Path(name).suffix],
            CacheControl=NOT_KEPT if name in (PAGE, CONFIG) else KEPT_BY_CLOUDFRONT,
        )
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    stale = sorted({found["Key"] for page in pages for found in page.get("Contents", ())} - files.keys())
    for name in stale:
        s3.delete_object(Bucket=bucket, Key=name)
    everything = {"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": str(uuid4())}
    stage.aws.client("cloudfront").create_invalidation(
        DistributionId=stage.output("ConsoleDistribution"), InvalidationBatch=everything
    )
    print(f"Uploaded {len(files)} files, deleted {len(stale)}. In a minute or two they are at {stage.output('ConsoleUrl')}")


def _for_browsers(folder: Path) -> list[Path]:
    if not (folder / PAGE).is_file():
        raise NoConsole(f"There is no {folder / PAGE}.")
    return [path for path in folder.rglob("*") if path.suffix in CONTENT_TYPES]


if __name__ == "__main__":
    try:
        upload(Stage(sys.argv[1]), template.TEMPLATE.parent / "console")
    except (NoConsole, NoStage) as error:
        sys.exit(str(error))
