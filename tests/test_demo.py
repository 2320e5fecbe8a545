"""The demo's own parts: its report, and the way through a config flow."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
import json
from pathlib import Path
from threading import Thread
from typing import Any, Literal, override

from _steps import Missing
import pytest

from demo.far_end import reachable
from demo.flow import prove_that_it_loads, walk
from demo.onboarding import onboard
from demo.report import Census, Row, complaints, summary, table
from demo.rest import Refused, Rest

ROW = Row(
    title="Rack",
    kind="rack",
    state="loaded",
    far_end="real",
    devices=2,
    entities=9,
    unavailable=1,
)
MENU = {"type": "menu", "flow_id": "f", "step_id": "user"}
FORM = {"type": "form", "flow_id": "f", "step_id": "rack", "errors": {}}
ENTRY = {"type": "create_entry", "flow_id": "f", "result": {"entry_id": "e1"}}
RECORD = "2026-11-20 04:50:20.509+00:00 {} (MainThread) [{}] {}"


@pytest.fixture(autouse=True)
def _no_complaints() -> None:
    """Let tests block: they run no Home Assistant."""


@dataclass(kw_only=True)
class Machine:
    """A far end that notes what is done to it."""

    title: str
    done: list[str]
    fails: bool = False
    kind: str = "rack"

    @property
    def reality(self) -> Literal["real", "simulated"]:
        return "simulated"

    @property
    def answers(self) -> Sequence[tuple[str, Mapping[str, Any]]]:
        return (("rack", {"address": "far"}),)

    def start(self, folder: Path) -> None:
        self.done.append(f"start {folder.name}")
        if self.fails:
            raise Missing("no rack")

    def stop(self) -> None:
        self.done.append(f"stop {self.title}")


class StandIn:
    """A server that gives the answers that it was told to, and notes the questions."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.asked: list[tuple[str, str]] = []
        far = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                far.asked.append((self.path, body.decode()))
                status, answer = far.answers.pop(0)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            do_POST = do_GET  # noqa: N815

            @override
            def log_message(self, *_: Any) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Answer)
        self.rest = Rest(port=self.server.server_port)

    def says(self, *answers: Any, status: int = 200) -> Rest:
        """Answer the next questions so."""
        self.answers += [(status, answer) for answer in answers]
        return self.rest


@pytest.fixture
def far(socket_enabled: None) -> Generator[StandIn]:
    """Return a stand-in for Home Assistant."""
    stand_in = StandIn()
    thread = Thread(target=stand_in.server.serve_forever, args=(0.01,))
    thread.start()
    yield stand_in
    stand_in.server.shutdown()
    thread.join()
    stand_in.server.server_close()


def test_the_table_has_columns() -> None:
    assert table([ROW]).splitlines() == [
        "entry  state   far end  devices  entities  unavailable",
        "Rack   loaded  real     2        9         1",
    ]


def test_the_last_line_is_compact() -> None:
    assert summary([], ok=True) == '{"entries":[],"ok":true}'
    line = summary([ROW], ok=False)
    assert line.startswith('{"entries":[{"title":"Rack","kind":"rack","state":"loaded"')
    assert json.loads(line)["entries"][0]["far_end"] == "real"


def test_only_what_says_something_is_counted() -> None:
    entity = {"config_entry_id": "e1", "disabled_by": None}
    census = Census.of(
        [{"config_entry_id": "e1"}, {"config_entry_id": "e1"}],
        [
            {**entity, "entity_id": "sensor.a"},
            {**entity, "entity_id": "sensor.b"},
            {**entity, "entity_id": "sensor.c"},
            {**entity, "entity_id": "sensor.d", "disabled_by": "integration"},
        ],
        [
            {"entity_id": "sensor.a", "state": "1"},
            {"entity_id": "sensor.b", "state": "unavailable"},
        ],
    )
    counts = (census.devices, census.entities, census.unavailable)
    assert [each["e1"] for each in counts] == [2, 3, 2]


def test_the_log_is_searched_for_faults_of_ours() -> None:
    ours = "custom_components.homelab.coordinator"
    through = '  File "/config/custom_components/homelab/host.py", line 1'
    records = [
        RECORD.format("ERROR", "homeassistant.setup", "Setup failed for 'stream'"),
        '  File "/config/stream.py", line 1',
        RECORD.format("WARNING", ours, "The host is slow"),
        RECORD.format("ERROR", ours, "Something broke"),
        RECORD.format("WARNING", "homeassistant.core", "Something else broke"),
        through,
        RECORD.format(
            "ERROR",
            "homeassistant.setup",
            "Setup failed for custom integration 'homelab'",
        ),
    ]
    assert complaints("\n".join(records)) == [
        records[3],
        f"{records[4]}\n{through}",
        records[6],
    ]


def test_far_ends_stop_in_reverse(tmp_path: Path) -> None:
    done: list[str] = []
    machines = [Machine(title=title, done=done) for title in "ab"]
    with reachable(machines, tmp_path):
        assert done == ["start a", "start b"]
    assert done[2:] == ["stop b", "stop a"]


def test_far_ends_stop_when_one_does_not_start(tmp_path: Path) -> None:
    done: list[str] = []
    machines = [
        Machine(title="a", done=done),
        Machine(title="b", done=done, fails=True),
    ]
    with pytest.raises(Missing, match="no rack"), reachable(machines, tmp_path):
        pass
    assert done == ["start a", "start b", "stop b", "stop a"]


def test_a_flow_is_walked_to_its_entry(far: StandIn) -> None:
    rest = far.says(MENU, FORM, ENTRY)
    assert walk(rest, Machine(title="Rack", done=[])) == "e1"
    assert [json.loads(body) for _, body in far.asked] == [
        {"handler": "homelab"},
        {"next_step_id": "rack"},
        {"address": "far"},
    ]


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ([{"type": "abort", "flow_id": "f", "reason": "no_sources"}], "no_sources"),
        ([MENU, {**FORM, "step_id": "other"}], "the form other"),
        (
            [MENU, FORM, {**FORM, "errors": {"base": "cannot_connect"}}],
            "cannot_connect",
        ),
        (
            [MENU, FORM, {"type": "abort", "reason": "already_configured"}],
            "already_con",
        ),
    ],
)
def test_a_flow_that_fails_says_where(
    far: StandIn, answers: list[Any], sentence: str
) -> None:
    with pytest.raises(Missing, match=f"Rack: no .*{sentence}"):
        walk(far.says(*answers), Machine(title="Rack", done=[]))


def test_the_integration_has_to_load(far: StandIn) -> None:
    prove_that_it_loads(far.says(MENU))
    prove_that_it_loads(far.says({"type": "abort", "reason": "no_sources"}))
    with pytest.raises(Missing, match="began with abort"):
        prove_that_it_loads(far.says({"type": "abort", "reason": "other"}))
    with pytest.raises(Missing, match="Invalid handler"):
        prove_that_it_loads(far.says({"message": "Invalid handler"}, status=404))


def test_onboarding_does_what_is_left(far: StandIn) -> None:
    steps = [{"step": "user", "done": True}, {"step": "analytics", "done": False}]
    code = {"type": "create_entry", "result": "code"}
    rest = far.says(steps, {"flow_id": "f"}, code, {"access_token": "t"}, {})
    assert onboard(rest).token == "t"
    assert [path for path, _ in far.asked] == [
        "/api/onboarding",
        "/auth/login_flow",
        "/auth/login_flow/f",
        "/auth/token",
        "/api/onboarding/analytics",
    ]


def test_who_cannot_log_in_is_told_so(far: StandIn) -> None:
    far.says({}, status=404)
    far.says({"flow_id": "f"}, {"type": "form"})
    with pytest.raises(Refused, match="cannot log in"):
        onboard(far.rest)


def test_no_answer_is_refused(far: StandIn) -> None:
    with pytest.raises(Refused, match="did not answer"):
        Rest(port=1).get("/api/config")
