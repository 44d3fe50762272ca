"""A connection that is cut, ended by the server, or whose process is killed, before its nth message to the server, or whose
answer to that message is lost."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import closing
from typing import Any, Literal

from billing.database import session as database
from local.databases import connect

Fault = Literal["kill", "cut", "end", "lose"]

END_OF_OTHERS = """
    SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
    WHERE application_name = 'campaign-billing' AND datname = current_database()
"""
"""What a failover or a restart of the server does to the functions' connections."""


class Faulty(database.Session):
    """Counts its messages to the server, and has the fault before the one whose number is `at`."""

    messages = 0
    fault: Fault = "kill"
    at = 0

    def rows(self, sql: str, **parameters: Any) -> list[database.Row]:
        self.strike()
        rows = super().rows(sql, **parameters)
        self.lose()
        return rows

    def rows_alone(self, company: str, role: str, seconds: int, sql: str, /, **parameters: Any) -> list[database.Row]:
        self.strike()
        rows = super().rows_alone(company, role, seconds, sql, **parameters)
        self.lose()
        return rows

    def script(self, sql: str) -> None:
        self.strike()
        super().script(sql)
        self.lose()

    def strike(self) -> None:
        Faulty.messages += 1
        if Faulty.messages == Faulty.at and self.fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if Faulty.messages == Faulty.at and self.fault == "cut":
            self.connection._usock.shutdown(2)
        if Faulty.messages == Faulty.at and self.fault == "end":
            with closing(connect(os.environ["DATABASE_URL"])) as other:
                other.run(END_OF_OTHERS)

    def lose(self) -> None:
        """The server has done what was asked, and nobody learns of it."""
        if Faulty.messages == Faulty.at and self.fault == "lose":
            self.close()
            raise ConnectionResetError


def strike(call: Callable[[], object], fault: Fault, at: int) -> int | None:
    """Call in a process of its own that has the fault before its nth message to the server; its exit code."""
    database.disconnect()
    process = multiprocessing.get_context("fork").Process(target=_struck, args=(call, fault, at))
    process.start()
    process.join()
    return process.exitcode


def _struck(call: Callable[[], object], fault: Fault, at: int) -> None:
    Faulty.messages, Faulty.fault, Faulty.at = 0, fault, at
    database.Session = Faulty  # type: ignore[misc]
    call()
