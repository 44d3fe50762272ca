"""A connection that is cut, ended by the server or delayed, that swallows what is sent, or whose process is killed, before its
nth message to the server, or whose answer to that message is lost or never comes."""

import multiprocessing
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, Literal

from billing.database import session as database
from local.databases import connect

Fault = Literal["kill", "cut", "end", "lose", "delay", "swallow", "hush"]

DELAY_SECONDS = 0.1
"""By which a message is late, and its answer again."""

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
    open: tuple[socket.socket, ...] = ()

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
        if Faulty.messages == Faulty.at and self.fault == "swallow":
            self.detour()
        if Faulty.messages == Faulty.at and self.fault == "delay":
            threading.Thread(target=_relay, args=self.detour(), daemon=True).start()

    def lose(self) -> None:
        """The server has done what was asked, and nobody learns of it: the connection is gone, or silent."""
        if Faulty.messages == Faulty.at and self.fault == "lose":
            self.close()
            raise ConnectionResetError
        if Faulty.messages == Faulty.at and self.fault == "hush":
            self.detour()
            super().script("COMMIT")

    def detour(self) -> tuple[socket.socket, socket.socket]:
        """Lead the driver's socket to where nobody answers; that place, and the one to the server, which sees none of it."""
        driver = self.connection._usock
        server = driver.dup()
        here, there = socket.socketpair()
        os.dup2(there.fileno(), driver.fileno())
        there.close()
        Faulty.open += (here, server)
        return here, server


def _relay(driver: socket.socket, server: socket.socket) -> None:
    """Pass on what either of them sends, the first message and its answer late."""
    ways = {driver: server, server: driver}
    late = set(ways)
    while True:
        for sender in select.select(list(ways), [], [])[0]:
            time.sleep(DELAY_SECONDS if sender in late else 0)
            late.discard(sender)
            data = sender.recv(2**16)
            if not data:
                ways[sender].shutdown(socket.SHUT_RDWR)
                return
            ways[sender].sendall(data)


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
