"""A client of freno, the cooperative throttler for MySQL writers.

    from freno_client import FrenoClient

    with FrenoClient("http://freno.example.com:8087", app="nightly-archive", store="main") as freno:
        for batch in freno.throttle(batches):
            write(batch)  # one small batch, each after a yes

One file, Python 3.8 or newer, the standard library only: copy it beside your program. Any number of
threads may use one client at once, and a client may be used after a fork. Times are in seconds.

Only a whole answer of freno's own is ever a yes. That freno says no, or does not respond, is an
answer and no error; a FrenoError is raised when asking again is of no use. docs/clients.md of freno
says how clients should behave, and why.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import enum
import http.client
import io
import json
import math
import os
import random
import re
import socket
import ssl
import threading
import time
from typing import (
    Any,
    Callable,
    Deque,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
    Union,
)
from urllib.parse import quote, urlsplit

__all__ = [
    "BadRequestError",
    "ForbiddenError",
    "CheckAnswer",
    "CheckEvent",
    "Explanation",
    "FrenoClient",
    "FrenoError",
    "NotFrenoError",
    "Permission",
    "Reason",
    "UnknownStoreError",
    "UnreachableError",
    "WaitCancelledError",
    "WaitSummary",
    "WaitTimeoutError",
    "WaitingReport",
]
__version__ = "0.1.0"

Batch = TypeVar("Batch")

# freno has a newer value every 50 ms.
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
# How long a server holds a response at most; shorter where the caller may cancel its wait.
_HOLD_SECONDS_MAX = 10
_HOLD_SECONDS_CANCELLABLE = 1
# A server, or a balancer before it, that did not hold a response is not asked to for so long.
_NO_HOLD = 30.0
# A server that does not explain is asked again after that: it may have been upgraded.
_NO_EXPLANATION = 60.0
# A leader has its first values within a second. One that does not have the store for so long, and
# cannot explain itself, is of a release that says "No such metric" of unknown stores too.
_UNKNOWN_STORE_AFTER = 2.0
# Between reports of one wait, after the first.
_REPORT_EVERY = 60.0
# While a client goes on without freno, it asks only so often.
_PROCEED = 1.0
# Not longer than that before its end, a wait asks once why it must go on.
_EXPLAIN_BEFORE_END = 2.5
# No lag is above it: a check-read with it is a yes whenever the value is known.
_ANY_LAG = 1e9
# Answers to checks and explanations are far smaller; /aggregated-metrics of the largest
# configuration is not.
_BODY_BYTES_MAX = 64 * 1024
_LIST_BYTES_MAX = 1024 * 1024
_MESSAGE_LENGTH_MAX = 1000
# freno refuses longer ones.
_NAME_LENGTH_MAX = 1024
_SERVERS_MAX = 16
_SHARE_MAX = 1.0
_INQUIRIES_MAX = 1000
_IDLE_CONNECTIONS_MAX = 8
# Statuses by which a balancer, or a proxy that limits rates, says: not now.
_NOT_NOW = frozenset({408, 425, 429, 502, 503, 504})


class FrenoError(Exception):
    """Asking again is of no use."""


class UnknownStoreError(FrenoError):
    """freno has no store, or no metric, of that name."""


class NotFrenoError(FrenoError):
    """The address belongs to another service."""


class BadRequestError(FrenoError):
    """freno refuses the request as malformed."""


class ForbiddenError(FrenoError):
    """freno does not know the token, or it may not check as this app on this store."""


class WaitTimeoutError(FrenoError):
    """No permission within max_wait."""


class WaitCancelledError(FrenoError):
    """The caller's event `cancel` was set."""


class UnreachableError(FrenoError):
    """No freno responds: for unreachable_after, with when_unreachable="raise"."""


class Reason(str, enum.Enum):
    """Why a caller may go on, or must wait."""

    PERMITTED = "permitted"
    # 417: an operator throttles the app, or apps of normal priority go first.
    APP_DENIED = "app-denied"
    # 429: a metric is above its threshold.
    THRESHOLD_EXCEEDED = "threshold-exceeded"
    # 500: a host cannot be read, or there is none.
    METRIC_ERROR = "metric-error"
    # 404: the leader has measured nothing yet.
    NO_METRIC_YET = "no-metric-yet"
    # 404: of the nodes that respond none leads.
    NOT_LEADER = "not-leader"
    # 404 of a release that has one text for the two above and for a store that it does not have.
    NO_SUCH_METRIC = "no-such-metric"
    # No freno responds.
    UNREACHABLE = "unreachable"

    def __str__(self) -> str:
        return self.value


# Refusals for which a server holds its response; it answers others at once.
_MAY_CHANGE_SOON = frozenset({Reason.THRESHOLD_EXCEEDED, Reason.METRIC_ERROR, Reason.NO_METRIC_YET})
_NOT_MEASURED = {
    "Not the leader": Reason.NOT_LEADER,
    "No metric yet": Reason.NO_METRIC_YET,
    "No such metric": Reason.NO_SUCH_METRIC,
}
_REFUSALS = {
    417: Reason.APP_DENIED,
    429: Reason.THRESHOLD_EXCEEDED,
    500: Reason.METRIC_ERROR,
}


@dataclasses.dataclass(frozen=True)
class CheckAnswer:
    """The answer to a check; false in a condition unless it is a yes."""

    reason: Reason
    # 0: no response.
    status: int
    # In the unit of the metric: seconds of lag, unless the store is configured otherwise. None: the
    # answer has none.
    value: Optional[float]
    threshold: Optional[float]
    # freno's own words, or why there is no response.
    message: str
    # The metric that decided, of a store that has several.
    metric: Optional[str]
    # The server that answered.
    server: Optional[str]

    @property
    def permitted(self) -> bool:
        return self.reason is Reason.PERMITTED

    def __bool__(self) -> bool:
        return self.permitted

    @property
    def because(self) -> str:
        """Why it is not a yes, for a log."""
        where = f" ({self.metric})" if self.metric is not None else ""
        if self.reason is Reason.THRESHOLD_EXCEEDED:
            return f"{self.value:g} is above the threshold {self.threshold:g}{where}"
        if self.reason is Reason.UNREACHABLE:
            return f"freno is unreachable: {self.message}"
        return f"freno answers {self.status}: {self.message}{where}"


@dataclasses.dataclass(frozen=True)
class Explanation:
    """Why an app may write, or must wait. What freno does not say is None, or empty."""

    permitted: bool
    # As a check would have it; 0: no freno responds.
    status: int
    # One plain sentence.
    text: str
    message: str
    metric: Optional[str]
    # Whose value decided.
    host: Optional[str]
    # Since when the answer would have been the same.
    since: Optional[datetime.datetime]
    # The throttle, exemption or threshold that decided, as freno has it.
    rule: Optional[Mapping[str, Any]]
    # Each metric of the store, as freno has it.
    metrics: Sequence[Mapping[str, Any]]
    server: Optional[str]


@dataclasses.dataclass(frozen=True)
class Permission:
    waited: float
    # The yes; None: no freno responds, and when_unreachable is "proceed".
    answer: Optional[CheckAnswer]


@dataclasses.dataclass(frozen=True)
class CheckEvent:
    """One request to one server, for metrics."""

    server: str
    # 0: no response.
    status: int
    reason: Reason
    duration: float
    # The server was asked to hold its response until it is a yes.
    held: bool


@dataclasses.dataclass(frozen=True)
class WaitingReport:
    """A wait that takes long, for the log of the job."""

    app: str
    # As mysql/main.
    store: str
    waited: float
    # From freno's own explanation where it gives one.
    because: str
    answer: CheckAnswer


@dataclasses.dataclass(frozen=True)
class WaitSummary:
    """A wait that has ended: "permitted", "proceeded" (without freno) or "failed"."""

    app: str
    store: str
    waited: float
    outcome: str


class FrenoClient:
    """A client of one freno: of a load balancer, or of all nodes, of which it finds the leader.

    servers: an address such as "http://freno.example.com:8087", or several.
    app: the name of the job, by which operators throttle it: "nightly-archive", not "python".
    store: "main", which is short for "mysql/main".
    priority: "low": wait while checks of normal priority are refused; "normal". Unless given, by
        the rule that freno's configuration has for the app, or else normal.
    metrics: only these metrics of the store count; all that apply unless given.
    request_timeout: for one request, to the end of its response. Names are looked up in the
        system's own time, which may be longer.
    max_wait: after it wait_for raises WaitTimeoutError; math.inf waits for ever.
    share: threads share a yes that is at most this old, 1 at most, and wait together; 0: each asks
        by itself. The replicas may lag by that much more.
    when_unreachable: what wait_for does when no freno has responded for unreachable_after: "wait"
        on, until max_wait; "raise" an UnreachableError; or "proceed" WITHOUT freno, and ask again
        each second. A fail-over takes about a second: keep unreachable_after well above that.
    on_waiting: called when a wait takes longer than report_after, and then every minute.
    on_waited, on_check: called when a wait, or a request, has ended.
    token: by which freno knows the caller: sent as "Authorization: Bearer", in the place of that
        header.
    headers: sent with each request, for example to a proxy that authenticates clients.
    ssl_context: for https, instead of the default one.

    What a callback raises is raised by the method that called it.
    """

    def __init__(
        self,
        servers: Union[str, Sequence[str]],
        *,
        app: Optional[str] = None,
        store: Optional[str] = None,
        priority: Optional[str] = None,
        metrics: Sequence[str] = (),
        request_timeout: float = 2.0,
        max_wait: float = 3600.0,
        share: float = 0.0,
        when_unreachable: str = "wait",
        unreachable_after: float = 60.0,
        report_after: float = 10.0,
        on_waiting: Optional[Callable[[WaitingReport], None]] = None,
        on_waited: Optional[Callable[[WaitSummary], None]] = None,
        on_check: Optional[Callable[[CheckEvent], None]] = None,
        token: Optional[str] = None,
        headers: Optional[Mapping[str, str]] = None,
        ssl_context: Optional[ssl.SSLContext] = None,
    ) -> None:
        if when_unreachable not in ("wait", "raise", "proceed"):
            raise ValueError(
                f"when_unreachable: must be wait, raise or proceed, got {when_unreachable!r}"
            )
        self._addresses = _addresses(servers)
        self._app = app
        self._store = store
        self._priority = priority
        self._metrics = metrics
        self._request_timeout = _within("request_timeout", request_timeout, 0.001)
        self._max_wait = _within("max_wait", max_wait, 0.001)
        self._share = _within("share", share, 0, _SHARE_MAX)
        self._when_unreachable = when_unreachable
        self._unreachable_after = _within("unreachable_after", unreachable_after, 0)
        self._report_after = _within("report_after", report_after, 0)
        self._on_waiting = on_waiting
        self._on_waited = on_waited
        self._on_check = on_check
        self._headers = _headers(token, headers or {})
        self._ssl_context = ssl_context
        self._shared = self._new_state()

    def __enter__(self) -> FrenoClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the idle connections. A client that is used again opens new ones."""
        self._state().servers.close()

    def check(
        self,
        *,
        app: Optional[str] = None,
        store: Optional[str] = None,
        priority: Optional[str] = None,
        metrics: Optional[Sequence[str]] = None,
    ) -> CheckAnswer:
        """May the app write to the store now?"""
        question = self._question(app, store, priority, metrics)
        return self._state().inquiry(question).ask(math.inf)

    def check_read(
        self,
        threshold: float,
        *,
        app: Optional[str] = None,
        store: Optional[str] = None,
        priority: Optional[str] = None,
        metrics: Optional[Sequence[str]] = None,
    ) -> CheckAnswer:
        """Is the store's value (its lag) at or below the threshold? Never a shared answer."""
        question = self._question(app, store, priority, metrics, threshold)
        return self._state().servers.ask(question, math.inf)

    def replication_delay(
        self, *, app: Optional[str] = None, store: Optional[str] = None
    ) -> Optional[float]:
        """The store's own metric: its lag. None: not known now."""
        servers = self._state().servers
        question = self._question(app, store, None, (), _ANY_LAG)
        answer = servers.ask(question, math.inf)
        if answer.permitted:
            return answer.value
        # Refused for another reason than this value, as an app that is throttled.
        return servers.listed_value(question.store)

    def why(
        self,
        *,
        app: Optional[str] = None,
        store: Optional[str] = None,
        priority: Optional[str] = None,
        metrics: Optional[Sequence[str]] = None,
    ) -> Explanation:
        """Why the app may write, or must wait.

        Not counted as a check by a freno that explains itself.
        """
        servers = self._state().servers
        question = self._question(app, store, priority, metrics)
        explanation = servers.explain(question, math.inf)
        return explanation or _explanation_from(servers.ask(question, math.inf))

    def wait_for(
        self,
        *,
        max_wait: Optional[float] = None,
        cancel: Optional[threading.Event] = None,
        app: Optional[str] = None,
        store: Optional[str] = None,
        priority: Optional[str] = None,
        metrics: Optional[Sequence[str]] = None,
    ) -> Permission:
        """Returns when the app may write.

        cancel: ends the wait with a WaitCancelledError, within a second or the time of a request.
        """
        limit = self._max_wait if max_wait is None else _within("max_wait", max_wait, 0.001)
        state = self._state()
        inquiry = state.inquiry(self._question(app, store, priority, metrics))
        return _Wait(self, state, inquiry, limit, cancel).run()

    def throttle(
        self,
        batches: Iterable[Batch],
        *,
        max_wait: Optional[float] = None,
        cancel: Optional[threading.Event] = None,
        app: Optional[str] = None,
        store: Optional[str] = None,
        priority: Optional[str] = None,
        metrics: Optional[Sequence[str]] = None,
    ) -> Iterator[Batch]:
        """The same batches, each when the app may write it. Keep them small.

        The permission is asked for when the batch is there.
        """
        for batch in batches:
            self.wait_for(
                max_wait=max_wait,
                cancel=cancel,
                app=app,
                store=store,
                priority=priority,
                metrics=metrics,
            )
            yield batch

    def _question(
        self,
        app: Optional[str],
        store: Optional[str],
        priority: Optional[str],
        metrics: Optional[Sequence[str]],
        threshold: Optional[float] = None,
    ) -> _Question:
        return _question_of(
            self._app if app is None else app,
            self._store if store is None else store,
            self._priority if priority is None else priority,
            self._metrics if metrics is None else metrics,
            threshold,
        )

    def _new_state(self) -> _State:
        http_client = _Http(self._headers, self._ssl_context)
        servers = _Servers(self._addresses, http_client, self._request_timeout, self._on_check)
        return _State(servers, self._share)

    def _state(self) -> _State:
        # The parent of a fork goes on with its connections and locks; this closes the copies.
        if self._shared.pid != os.getpid():
            self._shared.servers.close()
            self._shared = self._new_state()
        return self._shared


class _State:
    """What the threads of one process share."""

    def __init__(self, servers: _Servers, share: float) -> None:
        self.pid = os.getpid()
        self.servers = servers
        self.proceed_until = 0.0
        self._share = share
        self._lock = threading.Lock()
        self._inquiries: Dict[str, _Inquiry] = {}

    def inquiry(self, question: _Question) -> _Inquiry:
        if self._share == 0:
            return _Inquiry(question, self.servers, 0)
        with self._lock:
            inquiry = self._inquiries.get(question.path)
            if inquiry is None:
                inquiry = _Inquiry(question, self.servers, self._share)
                if len(self._inquiries) >= _INQUIRIES_MAX:
                    self._inquiries.clear()
                self._inquiries[question.path] = inquiry
            return inquiry


class _Question:
    """Who asks for what, as the paths of requests."""

    def __init__(self, app: str, store: str, path: str, why_path: str) -> None:
        self.app = app
        self.store = store
        self.path = path
        self.why_path = why_path


def _question_of(
    app: Optional[str],
    store: Optional[str],
    priority: Optional[str],
    metrics: Sequence[str],
    threshold: Optional[float],
) -> _Question:
    app = _name("app", app)
    store_type, slash, store_name = (store or "").partition("/")
    if not slash:
        store_type, store_name = "mysql", store_type
    _name("store", store_type)
    _name("store", store_name)
    if priority not in (None, "normal", "low"):
        raise ValueError(f"priority: must be normal or low, got {priority!r}")
    if isinstance(metrics, str):
        raise TypeError("metrics: must be a sequence of names, got a string")
    parts = [] if priority is None else [f"p={priority}"]
    if metrics:
        parts.append("metric=" + ",".join(quote(name, safe="") for name in metrics))
    query = "?" + "&".join(parts) if parts else ""
    target = "/".join(quote(name, safe="") for name in (app, store_type, store_name))
    if threshold is None:
        check = f"/check/{target}"
    elif abs(threshold) <= 1e15:
        # Without an exponent, which freno does not read.
        check = f"/check-read/{target}/{threshold:.6f}"
    else:
        raise ValueError(f"threshold: must be a number up to 1e15, got {threshold}")
    return _Question(app, f"{store_type}/{store_name}", check + query, f"/why/{target}{query}")


def _name(option: str, name: Optional[str]) -> str:
    if not name:
        raise ValueError(f"{option}: must be given")
    # Dot segments would change the path, however they are encoded.
    if "/" in name or name in (".", "..") or len(name) > _NAME_LENGTH_MAX:
        raise ValueError(f"{option}: {name[:100]!r} is not a valid name")
    return name


def _within(option: str, value: float, least: float, most: float = math.inf) -> float:
    if least <= value <= most:
        return value
    raise ValueError(f"{option}: must be from {least:g} to {most:g}, got {value}")


def _headers(token: Optional[str], headers: Mapping[str, str]) -> Dict[str, str]:
    if token is None:
        return dict(headers)
    # RFC 6750, section 2.1; no error shows the token.
    if re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", token) is None:
        raise ValueError("token: has characters that a token has not")
    others = {name: value for name, value in headers.items() if name.lower() != "authorization"}
    return {**others, "Authorization": f"Bearer {token}"}


class _Address:
    def __init__(self, text: str) -> None:
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(
                f"servers: {text!r} is not an address such as http://freno.example.com:8087"
            )
        if parts.username is not None or parts.password is not None:
            raise ValueError("servers: an address has a password: put it in headers")
        if parts.query or parts.fragment:
            raise ValueError(f"servers: {text!r} must have no ? and no #")
        self.host = parts.hostname
        self.port = parts.port
        self.is_tls = parts.scheme == "https"
        self.path = parts.path.rstrip("/")
        self.url = text.rstrip("/")


def _addresses(servers: Union[str, Sequence[str]]) -> List[_Address]:
    given = [servers] if isinstance(servers, str) else list(servers)
    if not 1 <= len(given) <= _SERVERS_MAX:
        raise ValueError(f"servers: must be 1 to {_SERVERS_MAX} addresses, got {len(given)}")
    return [_Address(text) for text in given]


class _Reply:
    """A response; body None: longer than allowed."""

    def __init__(self, status: int, body: Optional[bytes], location: Optional[str]) -> None:
        self.status = status
        self.location = location
        self.body = body
        self.json: Dict[str, Any] = {}
        try:
            # Whole numbers may have any number of digits.
            parsed = None if body is None else json.loads(body, parse_int=float)
        except (ValueError, RecursionError):
            parsed = None
        if isinstance(parsed, dict):
            self.json = parsed

    @property
    def failure_message(self) -> Optional[str]:
        """The text of freno's failures that are no answers to a check."""
        message = self.json.get("Message")
        if self.json.get("StatusCode") != self.status or not isinstance(message, str):
            return None
        return message[:_MESSAGE_LENGTH_MAX]

    @property
    def is_check(self) -> bool:
        return (
            self.failure_message is not None
            and _is_number(self.json.get("Value"))
            and _is_number(self.json.get("Threshold"))
        )


def _is_number(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)


class _Failure:
    """No whole response."""

    def __init__(self, text: str) -> None:
        self.text = text


class _Http:
    """Requests with a bound on their time and size, on connections that are kept."""

    def __init__(self, headers: Mapping[str, str], ssl_context: Optional[ssl.SSLContext]) -> None:
        self._headers = headers
        self._ssl_context = ssl_context
        self._idle: Dict[str, Deque[_Connection]] = collections.defaultdict(collections.deque)

    def close(self) -> None:
        for idle in list(self._idle.values()):
            while True:
                try:
                    idle.pop().close()
                except IndexError:
                    break

    def get(
        self, address: _Address, path: str, timeout: float, body_bytes_max: int
    ) -> Union[_Reply, _Failure]:
        deadline = time.monotonic() + timeout
        idle = self._idle[address.url]
        while True:
            try:
                connection, is_kept = idle.pop(), True
            except IndexError:
                connection, is_kept = self._new_connection(address), False
            try:
                reply = self._exchange(connection, address.path + path, deadline, body_bytes_max)
            except (OSError, http.client.HTTPException, ValueError) as error:
                if time.monotonic() >= deadline:
                    break
                # Servers close idle connections, which shows only at the next request.
                if is_kept:
                    continue
                return _Failure(str(error) or type(error).__name__)
            # A process that was paused finds the response late: it is as old as the pause.
            if time.monotonic() > deadline:
                connection.close()
                break
            if connection.may_be_kept and len(idle) < _IDLE_CONNECTIONS_MAX:
                idle.append(connection)
            else:
                connection.close()
            return reply
        return _Failure(f"no response within {timeout:g} s")

    def _exchange(
        self, connection: _Connection, path: str, deadline: float, body_bytes_max: int
    ) -> _Reply:
        is_whole = False
        try:
            connection.deadline = deadline
            connection.may_be_kept = False
            if connection.sock is not None:
                connection.sock.settimeout(_seconds_until(deadline))
            connection.request("GET", path, headers=dict(self._headers))
            response = connection.getresponse()
            body = self._body(response, body_bytes_max)
            connection.may_be_kept = body is not None and connection.sock is not None
            is_whole = True
            return _Reply(response.status, body, response.getheader("location"))
        finally:
            if not is_whole:
                connection.close()

    @staticmethod
    def _body(response: http.client.HTTPResponse, bytes_max: int) -> Optional[bytes]:
        """None: longer than allowed."""
        body = b""
        while len(body) <= bytes_max:
            data = response.read(bytes_max + 1 - len(body))
            if not data:
                if response.length:
                    raise http.client.IncompleteRead(body, response.length)
                return body
            body += data
        return None

    def _new_connection(self, address: _Address) -> _Connection:
        if address.is_tls and self._ssl_context is None:
            self._ssl_context = ssl.create_default_context()
        context = self._ssl_context if address.is_tls else None
        return _Connection(address.host, address.port, context)


class _Connection(http.client.HTTPConnection):
    """A connection on which each request has a deadline, however slowly the bytes arrive."""

    def __init__(self, host: str, port: Optional[int], context: Optional[ssl.SSLContext]) -> None:
        if context is not None:
            self.default_port = 443
        super().__init__(host, port)
        self._tls = context
        self.deadline = 0.0
        self.may_be_kept = False

    def connect(self) -> None:
        error: OSError = OSError(f"{self.host} has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(
            self.host, self.port, 0, socket.SOCK_STREAM
        ):
            connected = socket.socket(family, kind, protocol)
            try:
                connected.settimeout(_seconds_until(self.deadline))
                connected.connect(address)
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connected.settimeout(_seconds_until(self.deadline))
                if self._tls is not None:
                    connected = self._tls.wrap_socket(connected, server_hostname=self.host)
                self.sock = connected
                return
            except OSError as caught:
                connected.close()
                error = caught
        raise error

    def response_class(self, sock, *args, **kwargs):  # type: ignore[no-untyped-def, override]
        bounded: Any = _BoundedSocket(sock, self.deadline)
        return http.client.HTTPResponse(bounded, *args, **kwargs)


class _BoundedSocket:
    """What an HTTPResponse needs of a socket."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(_BoundedReader(self._sock, self._deadline))


class _BoundedReader(io.RawIOBase):
    """Reads a socket until a deadline: a time-out of the socket would count from byte to byte."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline
        # Keeps the socket open for the rest of the response.
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Optional[int]:
        self._sock.settimeout(_seconds_until(self._deadline))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _seconds_until(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise socket.timeout("timed out")
    return seconds


class _Server:
    def __init__(self, address: _Address) -> None:
        self.address = address
        self.url = address.url
        # It has answered as freno does.
        self.is_freno = False
        self.no_hold_until = 0.0
        self.no_explanation_until = 0.0


class _Servers:
    """The servers of a client: which one answers, and for how long none has."""

    def __init__(
        self,
        addresses: Sequence[_Address],
        http_client: _Http,
        request_timeout: float,
        on_check: Optional[Callable[[CheckEvent], None]],
    ) -> None:
        self._servers = [_Server(address) for address in addresses]
        self._http = http_client
        self._request_timeout = request_timeout
        self._on_check = on_check
        # The one that answered last, which is asked first.
        self._current = 0
        self._unreachable_since: Optional[float] = None

    def close(self) -> None:
        self._http.close()

    @property
    def unreachable_for(self) -> float:
        """For how long no freno has responded; 0 while one does."""
        since = self._unreachable_since
        return 0.0 if since is None else time.monotonic() - since

    def ask(self, question: _Question, deadline: float) -> CheckAnswer:
        """Asks each server in turn until one judges the store.

        Returns an answer also when none does. The deadline bounds the time of each request.
        """
        elsewhere: Optional[CheckAnswer] = None
        failures: List[str] = []
        for server in self._in_order():
            answer, is_judged, text = self._verdict(server, question, 0, deadline)
            if answer is not None and is_judged:
                self._current = self._servers.index(server)
                self._unreachable_since = None
                return answer
            if answer is None:
                failures.append(f"{server.url}: {text}")
            # A server that does not know the store may be a follower, of a release that does not
            # say so.
            elif elsewhere is None or answer.reason is Reason.NO_SUCH_METRIC:
                elsewhere = answer
        if elsewhere is None:
            if self._unreachable_since is None:
                self._unreachable_since = time.monotonic()
            return _unreachable("; ".join(failures))
        self._unreachable_since = None
        if elsewhere.reason is Reason.NO_SUCH_METRIC:
            self._refuse_unknown(question, elsewhere.message, deadline)
        return elsewhere

    def hold_seconds(self, answer: CheckAnswer) -> int:
        """For how many seconds the server may be asked to hold its response; 0: do not ask."""
        server = self._find(answer)
        if server is None or time.monotonic() < server.no_hold_until:
            return 0
        return _HOLD_SECONDS_MAX

    def hold(
        self, question: _Question, refusal: CheckAnswer, seconds: int, deadline: float
    ) -> Optional[CheckAnswer]:
        """Asks the server of that refusal again, and to hold its response until it is a yes.

        None: it has not. It is of another release, has too many waiters, or is gone.
        """
        server = self._find(refusal)
        if server is None:
            return None
        asked_at = time.monotonic()
        answer, is_judged, _ = self._verdict(server, question, seconds, deadline)
        if answer is not None and not is_judged:
            return None
        if answer is not None:
            self._unreachable_since = None
            # The clocks of two machines differ a little.
            was_held = time.monotonic() - asked_at > 0.9 * seconds
            if answer.permitted or was_held or answer.reason is Reason.APP_DENIED:
                return answer
        server.no_hold_until = time.monotonic() + _NO_HOLD
        return None

    def explain(self, question: _Question, deadline: float) -> Optional[Explanation]:
        """freno's own explanation; None when no server gives one."""
        second: Optional[Explanation] = None
        for server in self._in_order():
            if time.monotonic() < server.no_explanation_until:
                continue
            reply = self._get(server, question.why_path, _BODY_BYTES_MAX, 0, deadline)
            if isinstance(reply, _Failure) or reply.status >= 502:
                continue
            explanation = _explanation_of(reply, server.url)
            if explanation is None:
                server.no_explanation_until = time.monotonic() + _NO_EXPLANATION
            elif explanation.message != "Not the leader":
                return explanation
            second = second or explanation
        return second

    def listed_value(self, store: str) -> Optional[float]:
        server = self._servers[self._current]
        reply = self._get(server, "/aggregated-metrics", _LIST_BYTES_MAX, 0, math.inf)
        if isinstance(reply, _Failure) or reply.status != 200:
            return None
        try:
            return float(reply.json[store])
        except (KeyError, TypeError, ValueError):
            return None

    def have_leader(self, deadline: float) -> bool:
        """Whether a server says that it leads."""
        for server in self._in_order():
            reply = self._get(server, "/leader-check", _BODY_BYTES_MAX, 0, deadline)
            if isinstance(reply, _Failure) or reply.status != 200:
                continue
            if (reply.body or b"").strip() == b'"HTTP 200"':
                return True
        return False

    def _find(self, answer: CheckAnswer) -> Optional[_Server]:
        return next((each for each in self._servers if each.url == answer.server), None)

    def _in_order(self) -> List[_Server]:
        current = self._current
        return self._servers[current:] + self._servers[:current]

    def _refuse_unknown(self, question: _Question, message: str, deadline: float) -> None:
        """Raises if freno's own explanation is of that message: it names what there is instead.

        A release that explains itself says "No such metric" only of stores it does not have.
        """
        explanation = self.explain(question, deadline)
        if explanation is not None and explanation.message == message:
            raise UnknownStoreError(f"{explanation.server}: {explanation.text}")

    def _verdict(
        self, server: _Server, question: _Question, held_seconds: int, deadline: float
    ) -> Tuple[Optional[CheckAnswer], bool, str]:
        """The answer, if it is one; whether the node judges the store; or why there is none."""
        asked_at = time.monotonic()
        path = question.path
        if held_seconds > 0:
            path += f"{'&' if '?' in path else '?'}wait={held_seconds}"
        reply = self._get(server, path, _BODY_BYTES_MAX, held_seconds, deadline)
        answer = None if isinstance(reply, _Failure) else _answer_of(reply, server.url)
        if self._on_check is not None:
            self._on_check(
                CheckEvent(
                    server=server.url,
                    status=0 if isinstance(reply, _Failure) else reply.status,
                    reason=Reason.UNREACHABLE if answer is None else answer.reason,
                    duration=time.monotonic() - asked_at,
                    held=held_seconds > 0,
                )
            )
        if answer is not None:
            server.is_freno = True
            return answer, answer.reason not in (Reason.NOT_LEADER, Reason.NO_SUCH_METRIC), ""
        if isinstance(reply, _Failure):
            return None, False, reply.text
        return None, False, self._transient(server, question, reply, deadline)

    def _transient(
        self, server: _Server, question: _Question, reply: _Reply, deadline: float
    ) -> str:
        """The text of a response that is no answer, and may be one later; raises otherwise."""
        message = reply.failure_message
        if reply.status == 400 and message is not None:
            raise BadRequestError(f"{server.url}: {message}")
        if reply.status in (401, 403) and message is not None:
            raise ForbiddenError(f"{server.url}: {message}")
        # Only a metric that the request names has a text of its own.
        if reply.status == 404 and reply.is_check:
            self._refuse_unknown(question, message or "", deadline)
            raise UnknownStoreError(f"{server.url}: {message}")
        text = f"HTTP status {reply.status}" + (f": {message}" if message else "")
        # A page in front of a freno that has answered before will go away again.
        if reply.status >= 500 or reply.status in _NOT_NOW or server.is_freno:
            return text
        if reply.location is not None:
            text += f", a redirect to {reply.location}"
        raise NotFrenoError(f"{server.url} is no freno: {text}")

    def _get(
        self, server: _Server, path: str, body_bytes_max: int, held_seconds: int, deadline: float
    ) -> Union[_Reply, _Failure]:
        timeout = min(self._request_timeout + held_seconds, deadline - time.monotonic())
        reply = self._http.get(server.address, path, timeout, body_bytes_max)
        if isinstance(reply, _Failure) and time.monotonic() >= deadline:
            raise _DeadlinePassed
        return reply


def _answer_of(reply: _Reply, server: str) -> Optional[CheckAnswer]:
    """None: not an answer to a check."""
    if not reply.is_check:
        return None
    body = reply.json
    if reply.status == 200:
        reason: Optional[Reason] = Reason.PERMITTED
    elif reply.status == 404:
        reason = _NOT_MEASURED.get(body["Message"])
    else:
        reason = _REFUSALS.get(reply.status)
    if reason is None:
        return None
    is_measured = reason in (Reason.PERMITTED, Reason.THRESHOLD_EXCEEDED)
    threshold = float(body["Threshold"])
    return CheckAnswer(
        reason=reason,
        status=reply.status,
        # freno answers 0 where there is no value, and no threshold.
        value=float(body["Value"]) if is_measured else None,
        threshold=threshold if is_measured or threshold != 0 else None,
        message=body["Message"][:_MESSAGE_LENGTH_MAX],
        metric=_text(body.get("Metric")),
        server=server,
    )


def _unreachable(message: str) -> CheckAnswer:
    return CheckAnswer(Reason.UNREACHABLE, 0, None, None, message, None, None)


def _explanation_of(reply: _Reply, server: str) -> Optional[Explanation]:
    """None: the response explains nothing."""
    body = reply.json
    status, text = body.get("StatusCode"), body.get("Why")
    if not isinstance(status, float) or not isinstance(text, str):
        return None
    rule, metrics = body.get("Rule"), body.get("Metrics")
    return Explanation(
        permitted=status == 200,
        status=int(status),
        text=text,
        message=_text(body.get("Message")) or "",
        metric=_text(body.get("Metric")),
        host=_text(body.get("Host")),
        since=_time(body.get("Since")),
        rule=rule if isinstance(rule, dict) else None,
        metrics=[each for each in metrics if isinstance(each, dict)]
        if isinstance(metrics, list)
        else [],
        server=server,
    )


def _explanation_from(answer: CheckAnswer) -> Explanation:
    """For a server that does not explain itself."""
    text = "passes" if answer.permitted else f"waits: {answer.because}"
    return Explanation(
        permitted=answer.permitted,
        status=answer.status,
        text=text,
        message=answer.message,
        metric=answer.metric,
        host=None,
        since=None,
        rule=None,
        metrics=[],
        server=answer.server,
    )


def _text(value: object) -> Optional[str]:
    return value if isinstance(value, str) and value else None


def _time(value: object) -> Optional[datetime.datetime]:
    """A time of RFC 3339: before Python 3.11 fromisoformat reads neither Z nor other fractions."""
    match = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$", str(value))
    if match is None:
        return None
    seconds, fraction, zone = match.groups(default="")
    micros = (fraction[1:7] + "000000")[:6]
    try:
        return datetime.datetime.fromisoformat(
            f"{seconds}.{micros}{'+00:00' if zone == 'Z' else zone}"
        )
    except ValueError:
        return None


class _Dated:
    """An answer, and when freno judged at the earliest."""

    def __init__(self, answer: CheckAnswer, judged_at: float) -> None:
        self.answer = answer
        self.judged_at = judged_at


class _SharedRequest:
    """At most one request at a time; the threads that come meanwhile wait for its answer."""

    def __init__(self, condition: threading.Condition) -> None:
        self._condition = condition
        self.is_running = False
        self._number = 0
        self._latest: Optional[_Dated] = None

    def join(
        self, send: Callable[[], _Dated], give_up: Callable[[], Optional[float]]
    ) -> Tuple[Optional[_Dated], bool]:
        """The answer, and whether this thread asked for it.

        None: the thread that asked has failed, which another one may try again. The lock of the
        condition is held by the caller, and free during the request.
        """
        if not self.is_running:
            return self._run(send), True
        number = self._number
        while self._number == number and self.is_running:
            self._condition.wait(give_up())
        return self._latest, False

    def _run(self, send: Callable[[], _Dated]) -> _Dated:
        self.is_running = True
        dated: Optional[_Dated] = None
        self._condition.release()
        try:
            dated = send()
            return dated
        finally:
            self._condition.acquire()
            self.is_running = False
            self._number += 1
            self._latest = dated
            self._condition.notify_all()


class _Inquiry:
    """One question, asked for one thread or for many.

    Threads share a fresh yes and what is in flight, and those that wait share one schedule, so that
    a hundred writers ask as one does.
    """

    def __init__(self, question: _Question, servers: _Servers, share: float) -> None:
        self.question = question
        self._servers = servers
        self._share = share
        self._condition = threading.Condition(threading.Lock())
        self._asking = _SharedRequest(self._condition)
        self._holding = _SharedRequest(self._condition)
        self._yes: Optional[_Dated] = None
        # The latest refusal while threads wait, and when to ask again.
        self._refusal: Optional[CheckAnswer] = None
        self._ask_again_at = 0.0
        self._failures = 0
        self._waiting = 0

    def ask(
        self, deadline: float, give_up: Callable[[], Optional[float]] = lambda: None
    ) -> CheckAnswer:
        """The answer of now, or a yes that is young enough."""
        with self._condition:
            while True:
                yes = self._fresh_yes()
                if yes is not None:
                    return yes
                dated, is_own = self._asking.join(lambda: self._ask(deadline), give_up)
                if dated is None:
                    continue
                if is_own or not dated.answer.permitted or self._is_fresh(dated):
                    return dated.answer

    def enter(self) -> None:
        """A thread begins to wait."""
        with self._condition:
            self._waiting += 1

    def leave(self) -> None:
        with self._condition:
            self._waiting -= 1
            if self._waiting == 0:
                self._reset_schedule()

    def next(self, wait: _Wait) -> CheckAnswer:
        """The next answer for a thread that waits, as soon as it is time to ask."""
        while True:
            with self._condition:
                answer = self._fresh_yes() or self._hold(wait)
                pause = self._ask_again_at - time.monotonic()
            if answer is not None:
                return answer
            if pause <= 0:
                return self.ask(wait.deadline, wait.give_up)
            wait.pause(pause)

    def _ask(self, deadline: float) -> _Dated:
        sent_at = time.monotonic()
        answer = self._servers.ask(self.question, deadline)
        with self._condition:
            if answer.permitted:
                return self._permit(answer, sent_at)
            if self._waiting > 0:
                self._refusal = answer
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self._failures, 10))
                self._failures += 1
                # Jobs that were refused together do not ask again together.
                self._ask_again_at = time.monotonic() + pause * (1 - 0.5 * random.random())
        return _Dated(answer, sent_at)

    def _hold(self, wait: _Wait) -> Optional[CheckAnswer]:
        """None: no server holds its response, so it is time for the schedule."""
        refusal = self._refusal
        if refusal is None or refusal.reason not in _MAY_CHANGE_SOON:
            return None
        seconds = min(self._servers.hold_seconds(refusal), wait.hold_seconds_max)
        if seconds < 1 and not self._holding.is_running:
            return None

        def send() -> _Dated:
            held = self._servers.hold(self.question, refusal, seconds, wait.deadline)
            with self._condition:
                if held is not None and held.permitted:
                    # freno responds when it judges; the response was in transit since.
                    return self._permit(held, time.monotonic())
                self._refusal = held
            return _Dated(held or refusal, time.monotonic())

        dated, _ = self._holding.join(send, wait.give_up)
        return None if dated is None or dated.answer is refusal else dated.answer

    def _permit(self, answer: CheckAnswer, judged_at: float) -> _Dated:
        self._yes = _Dated(answer, judged_at)
        self._reset_schedule()
        return self._yes

    def _reset_schedule(self) -> None:
        self._refusal = None
        self._ask_again_at = 0.0
        self._failures = 0

    def _fresh_yes(self) -> Optional[CheckAnswer]:
        return self._yes.answer if self._yes is not None and self._is_fresh(self._yes) else None

    def _is_fresh(self, dated: _Dated) -> bool:
        return self._share > 0 and time.monotonic() - dated.judged_at <= self._share


class _DeadlinePassed(Exception):
    """The time of a wait is over."""


class _Wait:
    """The wait of one caller."""

    def __init__(
        self,
        client: FrenoClient,
        state: _State,
        inquiry: _Inquiry,
        limit: float,
        cancel: Optional[threading.Event],
    ) -> None:
        self._client = client
        self._state = state
        self._inquiry = inquiry
        self._limit = limit
        self._cancel = cancel
        self._started_at = time.monotonic()
        self.deadline = self._started_at + limit
        self._report_at = self._started_at + client._report_after
        self._latest: Optional[CheckAnswer] = None
        # freno's own, from shortly before the end: an answer does not name the host.
        self._is_explained = False
        self._explanation: Optional[Explanation] = None
        # Since when a leader has not had the store.
        self._unknown_since: Optional[float] = None

    def run(self) -> Permission:
        outcome = "failed"
        self._inquiry.enter()
        try:
            answer = self._yes()
            outcome = "proceeded" if answer is None else "permitted"
            return Permission(self._waited, answer)
        except _DeadlinePassed:
            question = self._inquiry.question
            raise WaitTimeoutError(
                f"{question.app} may not write to {question.store} within {self._limit:g} s: "
                f"{self._because}"
            ) from None
        finally:
            self._inquiry.leave()
            if self._client._on_waited is not None:
                question = self._inquiry.question
                self._client._on_waited(
                    WaitSummary(question.app, question.store, self._waited, outcome)
                )

    @property
    def hold_seconds_max(self) -> int:
        """While a response is held, this thread neither reports nor sees that it is cancelled."""
        if self._cancel is not None:
            return _HOLD_SECONDS_CANCELLABLE
        now = time.monotonic()
        until = self.deadline
        if self._client._on_waiting is not None:
            until = min(until, max(self._report_at, now + 1))
        return int(min(_HOLD_SECONDS_MAX, until - now))

    def give_up(self) -> Optional[float]:
        """Raises when the wait is over; otherwise for how many seconds it may sleep."""
        if self._cancel is not None and self._cancel.is_set():
            raise WaitCancelledError("the wait was cancelled")
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise _DeadlinePassed
        return min(left, _LONGEST_PAUSE if self._cancel is None else 0.2)

    def pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while True:
            bound = self.give_up()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, bound or left))

    @property
    def _because(self) -> str:
        latest, explanation = self._latest, self._explanation
        if latest is None:
            return "no answer yet"
        if explanation is not None and explanation.status == latest.status:
            return explanation.text
        return latest.because

    @property
    def _waited(self) -> float:
        return time.monotonic() - self._started_at

    def _yes(self) -> Optional[CheckAnswer]:
        """None: go on without freno."""
        client, state = self._client, self._state
        while True:
            self.give_up()
            if time.monotonic() < state.proceed_until:
                return None
            answer = self._inquiry.next(self)
            if answer.permitted:
                return answer
            self._latest = answer
            if answer.reason is not Reason.UNREACHABLE:
                self._explain_before_end()
            if answer.reason is Reason.NO_SUCH_METRIC:
                self._refuse_unknown(answer)
            else:
                self._unknown_since = None
            if answer.reason is Reason.UNREACHABLE and self._must_decide():
                if client._when_unreachable == "raise":
                    raise UnreachableError(answer.because)
                state.proceed_until = time.monotonic() + _PROCEED
                return None
            self._report_if_due(answer)

    def _explain_before_end(self) -> None:
        if self._is_explained or self.deadline - time.monotonic() > _EXPLAIN_BEFORE_END:
            return
        self._is_explained = True
        self._explanation = self._state.servers.explain(self._inquiry.question, self.deadline)

    def _must_decide(self) -> bool:
        client = self._client
        unreachable_for = self._state.servers.unreachable_for
        return client._when_unreachable != "wait" and unreachable_for >= client._unreachable_after

    def _refuse_unknown(self, answer: CheckAnswer) -> None:
        """Without a leader no store is known: only the time with one counts."""
        since = self._unknown_since
        now = time.monotonic()
        if since is not None and now - since < _UNKNOWN_STORE_AFTER:
            return
        is_led = self._state.servers.have_leader(self.deadline)
        if is_led and since is not None:
            # Of a release that does not explain itself.
            store = self._inquiry.question.store
            raise UnknownStoreError(f"{answer.server} has no store {store}")
        self._unknown_since = now if is_led else None

    def _report_if_due(self, answer: CheckAnswer) -> None:
        on_waiting = self._client._on_waiting
        if on_waiting is None or time.monotonic() < self._report_at:
            return
        question = self._inquiry.question
        explanation = self._state.servers.explain(question, self.deadline)
        because = answer.because
        if explanation is not None and not explanation.permitted:
            because = explanation.text
        on_waiting(WaitingReport(question.app, question.store, self._waited, because, answer))
        self._report_at = time.monotonic() + _REPORT_EVERY
