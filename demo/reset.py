"""`make demo-reset`: an empty database in the place of the embedded one, so that the next `make demo` begins anew.

The ledger is append-only, so no row can be taken back by itself. A database that `DATABASE_URL` names is left alone.
"""

import os
import sys

from pg8000.native import DatabaseError, identifier

from billing.database.session import server_message
from local import postgres
from local.databases import connect


def main() -> None:
    if os.environ.get("DATABASE_URL"):
        sys.exit("make demo-reset empties the embedded database only. Give make demo an empty one with DATABASE_URL.")
    with postgres.running() as url:
        admin = connect(url.rpartition("/")[0] + "/postgres")
        name = identifier(postgres.DATABASE)
        try:
            admin.run(f"DROP DATABASE {name}")
        except DatabaseError as error:
            sys.exit(f"Nothing was changed: {server_message(error)}. Stop make serve and make demo first.")
        admin.run(f"CREATE DATABASE {name}")
        admin.close()
    print("The embedded database is empty; make demo begins anew.")


if __name__ == "__main__":
    try:
        main()
    except postgres.ServerFailed as error:
        sys.exit(str(error))
