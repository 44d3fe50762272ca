"""The one connection of an execution environment, and the transactions on it.

A connection is used again for as long as it is known to be in step with the server. Whatever goes wrong inside the
driver, other than an error that the server reported, may leave a response unread, and the next query would get it: such a
connection is closed and never used again.

Every transaction sets all of its own state (role, company, time zone), so that a proxy may lend the connection to another
client between two transactions.
"""

import json
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

from pg8000.converters import array_out, make_params
from pg8000.core import BIND, EXECUTE_MSG, FLUSH_MSG, SYNC_MSG, Context
from pg8000.native import Connection, DatabaseError, InterfaceError, PreparedStatement, literal

from billing import settings
from billing.database.login import Login, login, login_with_token
from billing.errors import DatabaseUnavailable

ALL_COMPANIES = "*"
SNAPSHOT = "ISOLATION LEVEL REPEATABLE READ READ ONLY"
APP, READER, JOBS, OWNER = "billing_app", "billing_reader", "billing_jobs", "billing_owner"
"""The roles of the API's functions, of those that only read and of the jobs, and the tables' owner (migrations 0004, 0017)."""

CONNECT_TIMEOUT_SECONDS = 3
"""The time to reach an address of the database; a proxy has one in each availability zone."""

BEGIN_TIMEOUT_SECONDS = 5
"""The time for the database to accept a login, or to begin a transaction: more than a proxy waits for a free connection."""

_ENTER = "SELECT enter_transaction(:role, :company, :seconds)"

_LOGIN_REFUSED = "28"
"""The class of SQLSTATE for a user, password or token that the server does not accept."""

Row = dict[str, Any]
Shaped = TypeVar("Shaped")
Done = TypeVar("Done")

# SQLSTATE classes of a statement that is wrong whenever it is sent; everything else may pass, so it is worth a retry.
_OUR_FAULT = ("22", "23", "P0")
# Classes after which the connection is of no more use: lost, shut down, or its prepared statements no longer fit the tables.
_CONNECTION_LOST = ("08", "25P04", "57P", "0A", "26")


class Session:
    """A connection and the statements prepared on it."""

    def __init__(self, target: settings.Database) -> None:
        self.target = target
        self.connection = _connect(target)
        self.connection.register_out_adapter(list, _array)
        self.usable = True
        self._prepared: dict[str, PreparedStatement] = {}

    def rows(self, sql: str, **parameters: Any) -> list[Row]:
        """The rows of a query, each a dict by column name. The statement is prepared once and kept."""
        with self._in_step():
            statement = self._statement(sql)
            values = statement.run(**parameters)
        return _rows(statement, values)

    def rows_alone(self, company: str, role: str, seconds: int, sql: str, /, **parameters: Any) -> list[Row]:
        """The rows of a query that is a transaction by itself, in one round trip: what is sent before a Sync is committed as a
        whole when the server comes to it, or nothing of it is."""
        with self._in_step():
            self.wait_for(BEGIN_TIMEOUT_SECONDS)
            entered, statement = self._statement(_ENTER), self._statement(sql)
            channel = self.connection._sock
            channel.write(self._execution(entered, role=role, company=company, seconds=seconds) + FLUSH_MSG)
            channel.write(self._execution(statement, **parameters) + SYNC_MSG)
            channel.flush()
            channel.peek(1)  # the Flush lets the server say that the transaction has begun
            self.wait_for(seconds + BEGIN_TIMEOUT_SECONDS)
            context = Context(sql, columns=statement.cols, input_funcs=statement.input_funcs)
            self.connection.handle_messages(context)
        return _rows(statement, context.rows)

    def all(self, shape: Callable[..., Shaped], sql: str, **parameters: Any) -> list[Shaped]:
        """The rows of a query, each as the `NamedTuple` that has its columns."""
        return [shape(**row) for row in self.rows(sql, **parameters)]

    def one(self, shape: Callable[..., Shaped], sql: str, **parameters: Any) -> Shaped | None:
        """The first row as the `NamedTuple` that has its columns, or None."""
        return next(iter(self.all(shape, sql, **parameters)), None)

    def row(self, sql: str, **parameters: Any) -> Row | None:
        """The first row, or None."""
        return next(iter(self.rows(sql, **parameters)), None)

    def table(self, shape: Callable[..., Shaped], sql: str, **parameters: Any) -> list[Shaped]:
        """The rows of a query that returns them as one JSON text: the driver takes longer for each row than what is done with
        it."""
        return table(shape, self.value(sql, **parameters))

    def values(self, sql: str, **parameters: Any) -> list[Any]:
        """The only column of a query."""
        return [value for (value,) in (row.values() for row in self.rows(sql, **parameters))]

    def value(self, sql: str, **parameters: Any) -> Any:
        """The first column of the first row; a query that returns one row always has it."""
        return next(iter(self.rows(sql, **parameters)[0].values()))

    def script(self, sql: str) -> None:
        """Run statements that take no parameters, in one round trip."""
        with self._in_step():
            self.connection.run(sql)

    def begin(self, company: str, role: str | None, seconds: int, isolation: str = "") -> None:
        """Begin a transaction that takes at most this many seconds."""
        self.wait_for(BEGIN_TIMEOUT_SECONDS)
        try:
            self.script(_begin_sql(company, role, seconds, isolation))
        except DatabaseError:  # the transaction may have begun
            self.close()
            raise
        # The server itself ends what takes too long; this is for a server that has gone.
        self.wait_for(seconds + BEGIN_TIMEOUT_SECONDS)

    def wait_for(self, seconds: int) -> None:
        """Give the server this many seconds to send something; then the connection is lost."""
        # The driver wraps the socket for TLS, and offers no other way to it.
        self.connection._usock.settimeout(seconds)

    def close(self) -> None:
        self.usable = False
        with suppress(Exception):
            self.connection.close()

    def _statement(self, sql: str) -> PreparedStatement:
        if sql not in self._prepared:
            self._prepared[sql] = self.connection.prepare(sql)
        return self._prepared[sql]

    def _execution(self, statement: PreparedStatement, /, **parameters: Any) -> bytes:
        """The messages Bind and Execute. The driver's own are each followed by a Flush, for which the server sends a packet."""
        values = make_params(self.connection.py_types, statement.make_vals(parameters))
        encoded = [None if value is None else value.encode() for value in values]
        sizes = [struct.pack("!i", -1 if value is None else len(value)) for value in encoded]
        body = b"".join(
            [b"\0", statement.name_bin, struct.pack("!HH", 0, len(values))]
            + [size + (value or b"") for size, value in zip(sizes, encoded, strict=True)]
            + [struct.pack("!H", 0)]
        )
        return b"".join([BIND, struct.pack("!i", len(body) + 4), body, EXECUTE_MSG])

    @contextmanager
    def _in_step(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            if sqlstate(error).startswith(_CONNECTION_LOST):
                self.close()
            raise
        except BaseException:
            self.close()
            raise


_session: Session | None = None


def snapshot(company: str, role: str | None = APP) -> AbstractContextManager[Session]:
    """A transaction that sees the database as it is at one instant, and writes nothing."""
    return transaction(company, role, SNAPSHOT)


@contextmanager
def transaction(company: str, role: str | None = APP, isolation: str = "") -> Iterator[Session]:
    """A transaction that sees one company, or `ALL_COMPANIES`; committed when the block ends, rolled back if it raises.

    It takes a role of its own, so that row-level security holds whoever logged in; None keeps the login's. `APP` is `READER`
    in a function that only reads.

    Raises `DatabaseUnavailable` where the database cannot be reached, or where a statement failed for a reason that may pass.
    """
    session = None
    with _translated_errors():
        try:
            session = _begin(company, READER if role == APP and settings.only_reads() else role, isolation)
            yield session
            session.script("COMMIT")
        except BaseException:
            _roll_back(session)
            raise


def rows_alone(company: str, sql: str, /, **parameters: Any) -> list[Row]:
    """The rows of a query of the API that is a transaction by itself, in one round trip. It must be one that may be sent twice:
    where the kept connection is lost, it is sent again on a new one, and whether it was committed before is not known.

    Raises as `transaction` does.
    """
    with _translated_errors():
        return _on_connection(lambda session, seconds: session.rows_alone(company, APP, seconds, sql, **parameters))


@contextmanager
def own_connection() -> Iterator[Session]:
    """A connection for the block alone, with no transaction begun: the migrations begin their own, and no proxy is between.

    Raises `DatabaseUnavailable` as `transaction` does.
    """
    with _translated_errors():
        session = Session(settings.database())
        try:
            session.script(f"SET timezone = 'UTC'; SET statement_timeout = '{settings.statement_timeout()}s'")
            session.wait_for(settings.statement_timeout() + BEGIN_TIMEOUT_SECONDS)
            yield session
        finally:
            session.close()


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        if sqlstate(error).startswith(_OUR_FAULT):
            raise
        raise DatabaseUnavailable("The database cannot do the work now. Retry the same request.") from error
    except (InterfaceError, OSError) as error:
        raise DatabaseUnavailable("The database cannot be reached. Retry the same request.") from error


def disconnect() -> None:
    """Close the connection; the next transaction opens another."""
    global _session
    if _session is not None:
        _session.close()
    _session = None


def _begin(company: str, role: str | None, isolation: str) -> Session:
    def begin(session: Session, seconds: int) -> Session:
        session.begin(company, role, seconds, isolation)
        return session

    return _on_connection(begin)


def _on_connection(work: Callable[[Session, int], Done]) -> Done:
    """Do what a transaction begins with, in at most so many seconds, on the kept connection; one that died unnoticed is
    replaced, once, unless it took so long to notice that no time is left."""
    global _session
    started = time.monotonic()
    target = settings.database()
    if _session is not None and _session.usable and _session.target == target:
        try:
            return work(_session, settings.statement_timeout())
        except (DatabaseError, InterfaceError, OSError):
            if _session.usable or time.monotonic() - started > BEGIN_TIMEOUT_SECONDS + 1:
                raise
    disconnect()
    _session = Session(target)
    # What it took to get here is not there for the work, or the function would end before it responds to the caller.
    return work(_session, max(1, settings.statement_timeout() - int(time.monotonic() - started)))


def _begin_sql(company: str, role: str | None, seconds: int, isolation: str = "") -> str:
    if role is None:  # a script with the rights of whoever logged in; no proxy is between
        return f"BEGIN; SET LOCAL timezone = 'UTC'; SET LOCAL statement_timeout = '{seconds}s'"
    return f"BEGIN {isolation}; SELECT enter_transaction({literal(role)}, {literal(company)}, {seconds})"


def _roll_back(session: Session | None) -> None:
    if session is not None and session.usable:
        with suppress(Exception):
            session.script("ROLLBACK")


def server_message(error: DatabaseError) -> str:
    """What the server said, without the statement."""
    return _field(error, "M")


def violated_constraint(error: DatabaseError) -> str:
    """The name of the constraint that a statement broke, or an empty text."""
    return _field(error, "n")


def timed_out(error: BaseException) -> bool:
    """Whether what failed is a statement that took longer than it may."""
    cause = error.__cause__
    return isinstance(cause, DatabaseError) and sqlstate(cause) == "57014"


def load_json(text: str) -> Any:
    """A JSON text of the database, in which no number becomes a double."""
    return json.loads(text, parse_float=Decimal)


def table(shape: Callable[..., Shaped], text: str | None) -> list[Shaped]:
    """The rows of a JSON text, an array of arrays or null, each as the `NamedTuple` that has its columns in their order. An
    instant is a text, a whole number an int."""
    return [shape(*row) for row in load_json(text or "[]")]


def _rows(statement: PreparedStatement, values: list[Any] | None) -> list[Row]:
    names = [column["name"] for column in statement.cols or []]
    return [dict(zip(names, row, strict=True)) for row in values or []]


def _array(values: list[Any]) -> str:
    """A list as an array of Postgres; pg8000 looks at each character of a text, which takes as long as the query."""
    if set(map(type, values)) != {str}:
        return str(array_out(values))
    quoted = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
    return '{"' + '","'.join(quoted) + '"}'


def sqlstate(error: DatabaseError) -> str:
    """The five characters by which Postgres names a kind of error."""
    return _field(error, "C")


def _field(error: DatabaseError, code: str) -> str:
    fields = error.args[0] if error.args else None
    return str(fields.get(code, "")) if isinstance(fields, dict) else ""


def _connect(target: settings.Database) -> Connection:
    try:
        return _log_in(target, login(target))
    except DatabaseError as error:
        if target.secret_arn is None or not sqlstate(error).startswith(_LOGIN_REFUSED):
            raise
    # On RDS the master user administers roles that log in with a token, and RDS may take it for one of them.
    return _log_in(target, login_with_token(target))


def _log_in(target: settings.Database, credentials: Login) -> Connection:
    channel = socket.create_connection((target.host, target.port), timeout=CONNECT_TIMEOUT_SECONDS)
    # Without this, small messages to a TLS server wait for the acknowledgement of the one before.
    channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # A host that vanished (a failover, while this environment was frozen) acknowledges nothing: soon noticed, and replaced.
    channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, BEGIN_TIMEOUT_SECONDS * 1000)
    channel.settimeout(BEGIN_TIMEOUT_SECONDS)
    try:
        return Connection(
            credentials.user,
            host=target.host,
            password=credentials.password,
            database=target.name,
            sock=channel,
            application_name="campaign-billing",
            ssl_context=_tls_context() if target.verified_tls else False,
        )
    except BaseException:
        channel.close()
        raise


@cache
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.ca_bundle())
