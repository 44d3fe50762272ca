"""The database of env.json, which `make db` makes for `sam local`."""

import json
from urllib.parse import urlsplit

from local.artefacts import sam_database
from local.databases import connect


def test_it_holds_what_the_sample_events_speak_of_and_is_gone_afterwards(database_url: str) -> None:
    url = urlsplit(json.loads(sam_database.ENVIRONMENT.read_text())["Parameters"]["DATABASE_URL"])
    server = urlsplit(database_url)
    local = url._replace(netloc=f"{url.username}:{url.password}@{server.hostname}:{server.port}").geturl()
    event = json.loads((sam_database.ENVIRONMENT.parent / "events" / "track_usage.json").read_text())
    campaign = json.loads(event["body"])["events"][0]["campaignId"]

    with sam_database.database(database_url, url):
        inside = connect(local)
        found = inside.run("SELECT count(*) FROM campaigns WHERE id = :id", id=campaign)
        inside.close()

    admin = connect(database_url)
    left = admin.run("SELECT count(*) FROM pg_roles WHERE rolname = :name", name=url.username)
    admin.close()
    assert (found, left) == ([[1]], [[0]])
