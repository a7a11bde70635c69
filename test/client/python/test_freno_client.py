"""Tests of freno_client.py, run by test/client/python.test.ts.

FRENO_NODES: JSON of three nodes, each with "url" and "pid": one leads, and their store "main"
permits and "busy" does not.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
import signal
import socket
import socketserver
import threading
import time
import unittest
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import freno_client
from freno_client import (
    BadRequestError,
    ForbiddenError,
    FrenoClient,
    NotFrenoError,
    Reason,
    UnknownStoreError,
    UnreachableError,
    WaitCancelledError,
    WaitTimeoutError,
)

Response = Tuple[int, str]
Respond = Callable[[str], Response]

CHECK = "/check/job/mysql/main"
HELD = CHECK + "?wait=10"
WHY = "/why/job/mysql/main"
PAGE = "<!doctype html><title>Welcome</title>"
REQUEST_TIMEOUT = 0.3


def check_body(
    status: int, value: float = 0.0, threshold: float = 1, message: str = ""
) -> Response:
    body = {"StatusCode": status, "Value": value, "Threshold": threshold, "Message": message}
    return status, json.dumps(body) + "\n"


YES = check_body(200, 0.43)
NO = check_body(429, 8.2, 1, "Threshold exceeded")
DENIED = check_body(417, 0, 0, "App denied")
UNKNOWN = check_body(404, 0, 0, "No such metric")
FOLLOWER = check_body(404, 0, 1, "Not the leader")


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Clients close connections with responses that they do not want."""


class ScriptedServer:
    """A server whose responses a test defines."""

    def __init__(self) -> None:
        self.respond: Respond = lambda path: YES
        self.paths: List[str] = []
        self.authorization: Optional[str] = None
        self.connections = 0
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                scripted.connections += 1

            def do_GET(self) -> None:
                scripted.paths.append(self.path)
                scripted.authorization = self.headers.get("authorization")
                if self.path.startswith("/why/"):
                    # As releases that do not explain themselves, unless the test says otherwise.
                    status, body = scripted.explain(self.path)
                else:
                    status, body = scripted.respond(self.path)
                if status == 0:
                    self.close_connection = True
                    return
                data = body.encode()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", body)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self.explain: Respond = lambda path: (404, "404 page not found\n")
        self._server = QuietServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def count(self, path: str) -> int:
        return self.paths.count(path)


def until(condition: Callable[[], Any]) -> None:
    """Returns when the condition holds, which no event announces."""
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("not within 30 s")
        time.sleep(0.002)


class Background:
    """A call in a thread of its own."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._outcome: Dict[str, Any] = {}
        self._thread = threading.Thread(target=self._run, args=(call,), daemon=True)
        self._thread.start()

    def _run(self, call: Callable[[], Any]) -> None:
        try:
            self._outcome["value"] = call()
        except BaseException as error:  # noqa: BLE001
            self._outcome["error"] = error

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def result(self) -> Any:
        self._thread.join(30)
        if "error" in self._outcome:
            raise self._outcome["error"]
        return self._outcome["value"]


class ScriptedTest(unittest.TestCase):
    def setUp(self) -> None:
        self.server = ScriptedServer()
        self.addCleanup(self.server.close)

    def client(self, **options: Any) -> FrenoClient:
        servers = options.pop("servers", self.server.url)
        options = {"app": "job", "store": "main", "request_timeout": REQUEST_TIMEOUT, **options}
        client = FrenoClient(servers, **options)
        self.addCleanup(client.close)
        return client


class Answers(ScriptedTest):
    def test_reads_each_answer(self) -> None:
        for response, reason, value, threshold in (
            (YES, Reason.PERMITTED, 0.43, 1),
            (NO, Reason.THRESHOLD_EXCEEDED, 8.2, 1),
            (DENIED, Reason.APP_DENIED, None, None),
            (FOLLOWER, Reason.NOT_LEADER, None, 1),
            (UNKNOWN, Reason.NO_SUCH_METRIC, None, None),
            (check_body(404, 0, 1, "No metric yet"), Reason.NO_METRIC_YET, None, 1),
            (check_body(500, 0, 1, "No hosts found"), Reason.METRIC_ERROR, None, 1),
        ):
            with self.subTest(reason):
                self.server.respond = lambda path, response=response: response
                answer = self.client().check()
                self.assertEqual(answer.reason, reason)
                self.assertEqual((answer.value, answer.threshold), (value, threshold))
                self.assertEqual(answer.status, response[0])
                self.assertEqual(bool(answer), reason is Reason.PERMITTED)

    def test_asks_by_encoded_names_with_priority_and_metrics(self) -> None:
        client = self.client(app="nightly archive?", store="mysql/käse", priority="low")
        client.check(metrics=["lag", "threads_running"])
        client.check(app="other", store="main", priority="normal")
        client.check_read(0.5, priority="normal")
        self.assertEqual(
            self.server.paths,
            [
                "/check/nightly%20archive%3F/mysql/k%C3%A4se?p=low&metric=lag,threads_running",
                "/check/other/mysql/main?p=normal",
                "/check-read/nightly%20archive%3F/mysql/k%C3%A4se/0.500000?p=normal",
            ],
        )

    def test_keeps_its_connection(self) -> None:
        with self.client() as client:
            for _ in range(10):
                client.check()
        self.assertEqual(self.server.connections, 1)

    def test_asks_again_at_once_when_an_idle_connection_is_closed(self) -> None:
        client = self.client()
        responses = iter([YES, (0, ""), YES])
        self.server.respond = lambda path: next(responses)
        self.assertTrue(client.check())
        self.assertTrue(client.check())

    def test_reads_the_replication_delay(self) -> None:
        self.server.respond = lambda path: check_body(200, 7.5)
        self.assertEqual(self.client().replication_delay(), 7.5)
        listed = (200, '{"mysql/main":"7.500000"}')
        self.server.respond = lambda path: listed if path == "/aggregated-metrics" else DENIED
        self.assertEqual(self.client().replication_delay(), 7.5)
        self.server.respond = lambda path: NO if path.startswith("/check") else (200, "{}")
        self.assertIsNone(self.client().replication_delay())

    def test_explains_by_what_the_server_says(self) -> None:
        why = {
            "StatusCode": 429,
            "Message": "Threshold exceeded",
            "Metric": "lag",
            "Host": "db7:3306",
            "Since": "2026-11-27T10:00:00.123456789Z",
            "Why": "waits: lag on db7:3306 is 8.2 s, above 1 s, for 40 s",
        }
        self.server.explain = lambda path: (429, json.dumps(why))
        explanation = self.client().why()
        self.assertEqual(explanation.text, why["Why"])
        self.assertEqual((explanation.metric, explanation.host), ("lag", "db7:3306"))
        self.assertEqual(
            explanation.since,
            datetime.datetime(2026, 11, 27, 10, 0, 0, 123456, datetime.timezone.utc),
        )

    def test_explains_by_a_check_where_the_server_does_not(self) -> None:
        self.server.respond = lambda path: NO
        explanation = self.client().why()
        self.assertEqual(explanation.text, "waits: 8.2 is above the threshold 1")
        self.assertEqual(explanation.status, 429)

    def test_reports_each_request(self) -> None:
        events: List[freno_client.CheckEvent] = []
        self.server.respond = lambda path: NO
        self.client(on_check=events.append).check()
        self.assertEqual(
            [(e.server, e.status, e.reason, e.held) for e in events],
            [(self.server.url, 429, Reason.THRESHOLD_EXCEEDED, False)],
        )

    def test_reports_a_malformed_request_and_an_unknown_metric(self) -> None:
        self.server.respond = lambda path: (400, '{"StatusCode":400,"Message":"invalid"}')
        with self.assertRaisesRegex(BadRequestError, "invalid"):
            self.client().check()
        self.server.respond = lambda path: check_body(404, 0, 0, "No such metric: threads")
        with self.assertRaisesRegex(UnknownStoreError, ": No such metric: threads$"):
            self.client(metrics=["threads"]).check()
        why = "mysql/main has no metric threads; it has lag, queue"
        body = {"StatusCode": 404, "Message": "No such metric: threads", "Why": why}
        self.server.explain = lambda path: (404, json.dumps(body))
        with self.assertRaisesRegex(UnknownStoreError, f"^{self.server.url}: {why}$"):
            self.client(metrics=["threads"]).check()

    def test_sends_its_token_and_reports_at_once_that_it_is_not_enough(self) -> None:
        for status in (401, 403):
            body = f'{{"StatusCode":{status},"Message":"the role"}}'
            self.server.respond = lambda path, reply=(status, body): reply
            client = self.client(token="freno_a-b", headers={"authorization": "Basic eDp5"})
            with self.assertRaisesRegex(ForbiddenError, "the role"):
                client.check()
            self.assertEqual(self.server.authorization, "Bearer freno_a-b")
        with self.assertRaisesRegex(ValueError, "^token: (?!.*secret)"):
            self.client(token="secret\n")

    def test_refuses_malformed_options(self) -> None:
        for options, message in (
            ({"servers": "freno:8087"}, "servers: .* is not an address"),
            ({"servers": []}, "servers: must be 1 to 16"),
            ({"servers": "http://a:b@freno"}, "servers: .* password"),
            ({"share": 5}, "share: must be from 0 to 1"),
            ({"max_wait": float("nan")}, "max_wait"),
            ({"when_unreachable": "pray"}, "when_unreachable"),
        ):
            with self.subTest(options), self.assertRaisesRegex(ValueError, message):
                self.client(**options)
        for subject in ({"app": "a/b"}, {"store": ".."}, {"app": ""}, {"priority": "high"}):
            with self.subTest(subject), self.assertRaisesRegex(ValueError, next(iter(subject))):
                self.client().check(**subject)
        self.assertEqual(self.server.paths, [])


class HostileServers(ScriptedTest):
    def test_takes_no_yes_from_another_service(self) -> None:
        for name, response in {
            "page": (200, PAGE),
            "empty": (200, ""),
            "json": (200, '{"ok":true}'),
            "list": (200, "[200]"),
            "contradiction": (200, NO[1]),
            "text for a number": (200, YES[1].replace("0.43", '"0.43"')),
            "no number": (200, YES[1].replace("0.43", "NaN")),
            "huge number": (200, YES[1].replace("0.43", "9" * 5000)),
            "half": (200, YES[1][:20]),
            "nested": (200, "[" * 60000),
            "too long": (200, YES[1] + " " * 2**20),
            "login": (401, PAGE),
            "not found": (404, "404 page not found\n"),
            "redirect": (302, CHECK),
        }.items():
            with self.subTest(name):
                self.server.respond = lambda path, response=response: response
                with self.assertRaisesRegex(NotFrenoError, re.escape(self.server.url)):
                    self.client().wait_for()

    def test_asks_a_balancer_without_a_freno_again(self) -> None:
        for status in (429, 502, 503, 504):
            with self.subTest(status):
                self.server.respond = lambda path, status=status: (status, PAGE)
                self.assertEqual(self.client().check().reason, Reason.UNREACHABLE)

    def test_asks_again_when_a_page_is_in_front_of_a_freno(self) -> None:
        client = self.client()
        self.assertTrue(client.check())
        self.server.respond = lambda path: (200, PAGE)
        self.assertEqual(client.check().reason, Reason.UNREACHABLE)

    def test_bounds_the_time_of_slow_servers(self) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"

        class Dripping(socketserver.BaseRequestHandler):
            prefix = b""

            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    self.request.sendall(self.prefix)
                    while self.prefix != b"silent":
                        self.request.sendall(b" ")
                        time.sleep(0.02)

        for prefix in (head, b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1."):
            with self.subTest(prefix):
                handler = type("Handler", (Dripping,), {"prefix": prefix})
                with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
                    server.daemon_threads = True
                    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
                    answer = self.client(
                        servers=f"http://127.0.0.1:{server.server_address[1]}"
                    ).check()
                    server.shutdown()
                self.assertEqual(answer.reason, Reason.UNREACHABLE)
                self.assertIn("no response within 0.3 s", answer.message)

    def test_bounds_the_time_of_silent_and_absent_servers(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            self.assertIn(
                "no response within",
                self.client(servers=f"http://127.0.0.1:{port}").check().message,
            )
        answer = self.client(servers=f"http://127.0.0.1:{port}").check()
        self.assertEqual(answer.reason, Reason.UNREACHABLE)


class Waiting(ScriptedTest):
    def test_lets_the_server_hold_the_response(self) -> None:
        release = threading.Event()

        def respond(path: str) -> Response:
            if path != HELD:
                return NO
            release.wait()
            return YES

        self.server.respond = respond
        wait = Background(self.client().wait_for)
        until(lambda: self.server.count(HELD) == 1)
        release.set()
        self.assertTrue(wait.result().answer)
        self.assertEqual(self.server.paths, [CHECK, HELD])

    def test_polls_where_the_response_is_not_held(self) -> None:
        for held in (NO, (504, "")):
            with self.subTest(held):
                self.server.paths.clear()
                self.server.respond = lambda path, held=held: held if path == HELD else NO
                wait = Background(self.client().wait_for)
                until(lambda: self.server.count(CHECK) >= 3)
                self.server.respond = lambda path: YES
                self.assertTrue(wait.result().answer)
                self.assertEqual(self.server.count(HELD), 1)

    def test_remembers_the_leader(self) -> None:
        leader = ScriptedServer()
        self.addCleanup(leader.close)
        self.server.respond = lambda path: FOLLOWER
        client = self.client(servers=[self.server.url, leader.url])
        for _ in range(3):
            self.assertEqual(client.wait_for().answer.server, leader.url)
        self.assertEqual(self.server.count(CHECK), 1)

    def test_ends_after_its_time(self) -> None:
        self.server.respond = lambda path: NO
        with self.assertRaisesRegex(
            WaitTimeoutError,
            "job may not write to mysql/main within 0.05 s: 8.2 is above the threshold 1",
        ):
            self.client(max_wait=0.05).wait_for()

    def test_ends_after_its_time_with_the_words_of_freno_and_the_host(self) -> None:
        why = "waits: lag on db7:3306 is 8.2 s, above 1 s"
        self.server.respond = lambda path: NO
        self.server.explain = lambda path: (429, json.dumps({"StatusCode": 429, "Why": why}))
        with self.assertRaisesRegex(WaitTimeoutError, f"within 0.5 s: {why}$"):
            self.client(max_wait=0.5).wait_for()
        self.assertEqual(self.server.count(WHY), 1)

    def test_ends_after_its_time_when_the_server_never_responds(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            client = self.client(servers=address, request_timeout=60)
            with self.assertRaises(WaitTimeoutError):
                client.wait_for(max_wait=0.05)

    def test_ends_when_it_is_cancelled(self) -> None:
        self.server.respond = lambda path: DENIED
        cancel = threading.Event()
        wait = Background(lambda: self.client().wait_for(cancel=cancel))
        until(lambda: self.server.count(CHECK) >= 2)
        cancel.set()
        with self.assertRaises(WaitCancelledError):
            wait.result()

    def test_ends_for_an_unknown_store(self) -> None:
        text = "no store mysql/main: the nearest is mysql/main1"
        self.server.respond = lambda path: UNKNOWN
        why = {"StatusCode": 404, "Message": "No such metric", "Why": text}
        self.server.explain = lambda path: (404, json.dumps(why))
        with self.assertRaisesRegex(UnknownStoreError, text):
            self.client().wait_for()

    def test_ends_for_a_store_that_a_leader_does_not_get_to_know(self) -> None:
        leads = (200, '"HTTP 200"\n')
        self.server.respond = lambda path: leads if path == "/leader-check" else UNKNOWN
        with self.assertRaises(UnknownStoreError):
            self.client().wait_for()
        self.assertGreater(self.server.count(CHECK), 2)

    def test_when_unreachable(self) -> None:
        self.server.respond = lambda path: (0, "")
        wait = Background(self.client(unreachable_after=0).wait_for)
        until(lambda: self.server.count(CHECK) >= 3)
        self.server.respond = lambda path: YES
        self.assertTrue(wait.result().answer)
        self.server.respond = lambda path: (0, "")
        with self.assertRaises(UnreachableError):
            self.client(when_unreachable="raise", unreachable_after=0.2).wait_for()
        outcomes: List[freno_client.WaitSummary] = []
        client = self.client(
            when_unreachable="proceed", unreachable_after=0.2, on_waited=outcomes.append
        )
        self.assertIsNone(client.wait_for().answer)
        asked = len(self.server.paths)
        self.assertIsNone(client.wait_for().answer)
        self.assertEqual(len(self.server.paths), asked)
        self.assertEqual([each.outcome for each in outcomes], ["proceeded", "proceeded"])

    def test_does_not_proceed_while_its_app_is_denied(self) -> None:
        self.server.respond = lambda path: DENIED
        client = self.client(when_unreachable="proceed", unreachable_after=0)
        with self.assertRaises(WaitTimeoutError):
            client.wait_for(max_wait=0.5)

    def test_reports_why_it_still_waits(self) -> None:
        text = "waits: lag on db7:3306 is 8.2 s, above 1 s, for 40 s"
        for explanation, expected in (
            ((429, json.dumps({"StatusCode": 429, "Why": text})), text),
            ((404, "404 page not found\n"), "8.2 is above the threshold 1"),
        ):
            with self.subTest(expected):
                reports: List[freno_client.WaitingReport] = []
                self.server.respond = lambda path: NO
                self.server.explain = lambda path, explanation=explanation: explanation
                client = self.client(report_after=0.05, on_waiting=reports.append)
                with self.assertRaises(WaitTimeoutError):
                    client.wait_for(max_wait=1)
                self.assertEqual([report.because for report in reports], [expected])

    def test_throttles_batches(self) -> None:
        events: List[str] = []

        def respond(path: str) -> Response:
            events.append("check")
            return YES

        def read() -> Iterator[str]:
            try:
                yield "a"
                yield "b"
                yield "c"
            finally:
                events.append("closed")

        self.server.respond = respond
        source = read()
        for batch in self.client().throttle(source):
            events.append(batch)
            if batch == "b":
                break
        source.close()
        self.assertEqual(events, ["check", "a", "check", "b", "closed"])


class Sharing(ScriptedTest):
    def test_threads_share_a_yes(self) -> None:
        client = self.client(share=1)
        waits = [Background(client.wait_for) for _ in range(20)]
        for wait in waits:
            self.assertTrue(wait.result().answer)
        self.assertEqual(self.server.paths, [CHECK])

    def test_threads_that_share_none_ask_for_themselves(self) -> None:
        client = self.client()
        for wait in [Background(client.wait_for) for _ in range(20)]:
            wait.result()
        self.assertEqual(len(self.server.paths), 20)

    def test_threads_do_not_share_a_yes_of_another_question(self) -> None:
        self.server.respond = lambda path: YES if path == CHECK else DENIED
        client = self.client(share=1)
        self.assertTrue(client.check())
        for subject in ({"app": "other"}, {"store": "other"}, {"priority": "low"}):
            self.assertFalse(client.check(**subject))

    def test_threads_wait_together_and_one_may_leave(self) -> None:
        release = threading.Event()

        def respond(path: str) -> Response:
            if "wait=" not in path:
                return NO
            release.wait()
            return YES

        self.server.respond = respond
        client = self.client(share=0.1)
        waits = [Background(client.wait_for) for _ in range(20)]
        until(lambda: self.server.count(HELD) == 1)
        leaving = Background(lambda: client.wait_for(max_wait=0.1))
        with self.assertRaises(WaitTimeoutError):
            leaving.result()
        release.set()
        for wait in waits:
            self.assertTrue(wait.result().answer)
        self.assertEqual(self.server.paths, [CHECK, HELD])

    def test_another_thread_takes_over_when_the_one_that_asks_leaves(self) -> None:
        self.server.respond = lambda path: NO
        client = self.client(share=0.1, request_timeout=30)
        silent = threading.Event()

        def respond(path: str) -> Response:
            if not silent.is_set():
                silent.set()
                time.sleep(1)
            return YES

        self.server.respond = respond
        leaving = Background(lambda: client.wait_for(max_wait=0.3))
        silent.wait()
        staying = Background(client.wait_for)
        with self.assertRaises(WaitTimeoutError):
            leaving.result()
        self.assertTrue(staying.result().answer)

    def test_a_child_process_uses_connections_of_its_own(self) -> None:
        client = self.client(share=1)
        client.check()
        pid = os.fork()
        if pid == 0:
            os._exit(0 if client.check() else 1)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        self.assertEqual(self.server.connections, 2)


class RealNodes(unittest.TestCase):
    """In this order: the last one kills the leader."""

    def setUp(self) -> None:
        self.nodes = json.loads(os.environ["FRENO_NODES"])
        self.urls = [node["url"] for node in self.nodes]
        self.events: List[freno_client.CheckEvent] = []

    def client(self, app: str) -> FrenoClient:
        client = FrenoClient(self.urls, app=app, store="main", on_check=self.events.append)
        self.addCleanup(client.close)
        return client

    def test_1_finds_the_leader(self) -> None:
        client = self.client("finder")
        answer = client.check()
        self.assertTrue(answer)
        self.assertEqual(client.replication_delay(), answer.value)
        self.assertEqual(client.check_read(answer.value / 2).status, 429)
        self.assertRegex(client.why().text, "^passes: lag ")
        self.assertEqual(client.check(store="busy").reason, Reason.THRESHOLD_EXCEEDED)

    def test_2_ends_early_for_an_unknown_store(self) -> None:
        with self.assertRaisesRegex(
            UnknownStoreError, ": no such store: mysql/mian; did you mean mysql/main"
        ):
            self.client("typo").wait_for(store="mian")

    def test_3_has_no_wrong_yes_through_kill_9_of_the_leader(self) -> None:
        self.command("/throttle-app/throttled/ttl/10")
        free = self.client("free")
        leader = free.wait_for().answer.server
        throttled, busy = self.client("throttled"), self.client("busy")
        answers: List[freno_client.CheckAnswer] = []
        over = threading.Event()

        def ask() -> None:
            while not over.is_set():
                answers.append(throttled.check())
                answers.append(busy.check(store="busy"))

        asking = Background(ask)
        waiting = Background(lambda: throttled.wait_for(max_wait=60))
        until(lambda: len(answers) > 10)
        os.kill(next(node["pid"] for node in self.nodes if node["url"] == leader), signal.SIGKILL)
        after = free.wait_for().answer
        self.assertNotEqual(after.server, leader)
        until(lambda: any(answer.server == after.server for answer in answers))
        self.assertFalse(waiting.is_over)
        over.set()
        asking.result()
        self.assertEqual([answer for answer in answers if answer.permitted], [])
        self.command("/unthrottle-app/throttled")
        self.assertTrue(waiting.result().answer)

    def command(self, path: str) -> None:
        """Sends it to a node that responds; they pass it on to the leader."""
        for url in self.urls:
            try:
                urllib.request.urlopen(url + path, timeout=15).close()
                return
            except urllib.error.URLError:
                continue
        raise AssertionError(f"no node takes {path}")


if __name__ == "__main__":
    unittest.main()
