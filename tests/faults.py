"""A connection that is cut, or whose process is killed, before its nth message to the server."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any, Literal

from billing.database import session as database

Fault = Literal["kill", "cut"]


class Faulty(database.Session):
    """Counts its messages to the server, and has the fault before the one whose number is `at`."""

    messages = 0
    fault: Fault = "kill"
    at = 0

    def rows(self, sql: str, **parameters: Any) -> list[database.Row]:
        self.strike()
        return super().rows(sql, **parameters)

    def script(self, sql: str) -> None:
        self.strike()
        super().script(sql)

    def strike(self) -> None:
        Faulty.messages += 1
        if Faulty.messages == Faulty.at and self.fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if Faulty.messages == Faulty.at:
            self.connection._usock.shutdown(2)


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
