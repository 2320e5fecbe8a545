"""Why containers started and ended: what real engines told, and what they seldom tell."""

from collections import Counter
from time import perf_counter
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from .played import CASES, Asked, lines, moment, play
from custom_components.homelab.sources.docker.causes import (
    REMEMBERED,
    Cause,
    Causes,
    Happening,
    HappeningType,
)
from custom_components.homelab.sources.docker.happening import (
    signal_name,
    signal_number,
)
from custom_components.homelab.sources.docker.life import in_dockers_words

DEATHS = {
    HappeningType.STOPPED,
    HappeningType.EXITED,
    HappeningType.OOM_KILLED,
    HappeningType.RESTARTED_BY_POLICY,
    HappeningType.ENGINE_STOPPED,
}


def words(happening: Happening) -> str:
    """Write a happening as one line."""
    parts = [happening.resource, happening.type.value]
    parts += [happening.cause.value] if happening.cause else []
    parts += [str(happening.exit_code)] if happening.exit_code is not None else []
    return " ".join([*parts, *([happening.signal] if happening.signal else [])])


STARTED = "app started"
STOPPED = "app stopped signal 0 SIGTERM"
POLICY = "app restarted_by_policy policy 7"
REMOVED = "app removed"
EXPECTED = {
    "docker-28.5/stop": [STARTED, STOPPED],
    "docker-28.5/stop-alone": [STARTED, STOPPED],
    "docker-28.5/stop-deaf": [STARTED, "app stopped signal 137 SIGKILL"],
    "docker-28.5/stop-paused": [STARTED, "app paused", "app unpaused", STOPPED],
    "docker-28.5/stop-signal": [STARTED, "app stopped signal 0 SIGUSR1"],
    "docker-28.5/stop-all": [
        *(f"m{n} started" for n in range(4)),
        *(f"m{n} stopped signal 0 SIGTERM" for n in range(4)),
    ],
    "docker-28.5/kill": [STARTED, "app stopped signal 137 SIGKILL"],
    "docker-28.5/kill-hup": [STARTED, "app exited itself 3"],
    "docker-28.5/restart": [STARTED, STOPPED, STARTED],
    "docker-28.5/restart-always-stop": [STARTED, STOPPED],
    "docker-28.5/exit": [STARTED, "app exited itself 0"],
    "docker-28.5/exit-3": [STARTED, "app exited itself 3"],
    "docker-28.5/exit-removed": [STARTED, "app exited itself 3", REMOVED],
    "docker-28.5/rm-stopped": [STARTED, "app exited itself 0", REMOVED],
    "docker-28.5/prune": [STARTED, "app exited itself 0", REMOVED],
    "docker-28.5/rm-force": [STARTED, "app stopped removal 137 SIGKILL", REMOVED],
    "docker-28.5/rm-auto-stop": [STARTED, STOPPED, REMOVED],
    "docker-28.5/crash-loop": [STARTED, *[POLICY] * 3, "app exited itself 7"],
    "docker-28.5/policy-stopped": [STARTED, *[POLICY] * 5, "app exited itself 7"],
    "docker-28.5/policy-removed": [
        *(STARTED, *[POLICY] * 5),
        *("app stopped removal 137 SIGKILL", REMOVED),
    ],
    "docker-28.5/killed-from-host": [STARTED, "app restarted_by_policy policy 137"],
    "docker-28.5/oom": [STARTED, "app oom_killed oom 137"],
    "docker-28.5/oom-child": [STARTED, "app oom_killed oom 5"],
    "docker-28.5/oom-restart": [
        *(STARTED, "app oom_killed oom 137"),
        *("app started policy", "app oom_killed oom 137"),
    ],
    "docker-28.5/pause": [STARTED, "app paused", "app unpaused"],
    "docker-28.5/health": [
        *(STARTED, "app healthy", "app unhealthy", "app exited itself 0")
    ],
    "docker-28.5/start-fails": [],
    "docker-28.5/exec-rename": [STARTED],
    "docker-28.5/replace": [
        *(STARTED, "app stopped removal 137 SIGKILL", REMOVED, "app recreated")
    ],
    "docker-28.5/compose-recreate": [
        *("proj/web started", "proj/db started"),
        *("proj/db stopped signal 0 SIGTERM", "proj/web stopped signal 0 SIGTERM"),
        *("proj/web recreated", "proj/db recreated"),
    ],
    "docker-28.5/compose-restart-down": [
        *("proj/web stopped signal 0 SIGTERM", "proj/db stopped signal 0 SIGTERM"),
        *("proj/web started", "proj/db started"),
        *("proj/web stopped signal 0 SIGTERM", "proj/web removed"),
        *("proj/db stopped signal 0 SIGTERM", "proj/db removed"),
    ],
    "docker-28.5/engine-stop": [
        *("never engine_stopped engine 0", "never2 engine_stopped engine 0"),
        *("always engine_stopped engine 0", "unless engine_stopped engine 0"),
        *("unless started engine", "always started engine"),
    ],
    # the last of them died ten seconds after the others
    "docker-28.5/engine-stop-deaf": [
        *("always engine_stopped engine 0", "never engine_stopped engine 0"),
        *("unless engine_stopped engine 0", "deaf engine_stopped engine 137"),
        *("unless started engine", "always started engine"),
    ],
    # they outlived the engine that was killed: the next one ended them
    "docker-28.5/engine-killed": [
        *("unless engine_stopped engine 0", "always engine_stopped engine 0"),
        *("never engine_stopped engine 0", "never2 engine_stopped engine 0"),
        "always started engine",
    ],
    "docker-20.10/stop": [STARTED, STOPPED],
    "docker-20.10/restart": [STARTED, STOPPED, STARTED],
    "docker-20.10/rm-auto-stop": [STARTED, STOPPED, REMOVED],
    "docker-20.10/policy-removed": [
        *(STARTED, *[POLICY] * 5, "app exited itself 7", REMOVED)
    ],
    "docker-20.10/compose-recreate": [
        *("proj/db started", "proj/web started"),
        *("proj/db stopped signal 0 SIGTERM", "proj/web stopped signal 0 SIGTERM"),
        *("proj/db recreated", "proj/web recreated"),
    ],
    "docker-20.10/compose-down": [
        *("proj/db started", "proj/web started"),
        *("proj/db stopped signal 0 SIGTERM", "proj/db removed"),
        *("proj/web stopped signal 0 SIGTERM", "proj/web removed"),
    ],
    "docker-20.10/engine-stop": [
        *("never engine_stopped engine 0", "always engine_stopped engine 0"),
        *("unless engine_stopped engine 0", "never2 engine_stopped engine 0"),
        *("always started engine", "unless started engine"),
    ],
    "docker-20.10/engine-stop-deaf": [
        *("always engine_stopped engine 0", "never engine_stopped engine 0"),
        *("unless engine_stopped engine 0", "deaf engine_stopped engine 137"),
        *("unless started engine", "always started engine"),
    ],
    "docker-20.10/engine-killed": [
        *("unless engine_stopped engine 0", "never engine_stopped engine 0"),
        *("always engine_stopped engine 0", "never2 engine_stopped engine 0"),
        "always started engine",
    ],
    "podman-5.8/stop": [STARTED, "app stopped signal 0"],
    "podman-5.8/stop-deaf": [STARTED, "app stopped signal 137"],
    "podman-5.8/kill": [STARTED, "app stopped signal 137"],
    # Podman does not say which signal
    "podman-5.8/kill-hup": [STARTED, "app stopped signal 3"],
    "podman-5.8/restart": [STARTED, "app stopped signal 137", STARTED],
    "podman-5.8/exit": [STARTED, "app exited itself 3"],
    "podman-5.8/crash-loop": [STARTED, POLICY, POLICY, "app exited itself 7"],
    "podman-5.8/rm-force": [STARTED, "app stopped removal 0", REMOVED],
    "podman-5.8/auto-remove": [STARTED, "app exited itself 3", REMOVED],
    "podman-5.8/pause": [STARTED, "app paused", "app unpaused"],
    "podman-5.8/oom": [STARTED, "app oom_killed oom 137"],
    "podman-5.8/service-restart": ["busy stopped signal 137"],
}


@pytest.mark.parametrize("case", EXPECTED)
def test_what_a_real_engine_told(case: str) -> None:
    said = play(case, podman=case.startswith("podman"))
    assert [words(each) for each in said] == EXPECTED[case]


@pytest.mark.parametrize("case", [case for case in EXPECTED if "/engine-" in case])
def test_what_a_real_engine_told_that_says_which_run_it_is(case: str) -> None:
    assert [words(each) for each in play(case, runs=True)] == EXPECTED[case]


def test_every_capture_is_used() -> None:
    found = {f"{path.parent.name}/{path.stem}" for path in CASES.glob("*/*.jsonl")}
    assert found == set(EXPECTED)


@pytest.mark.parametrize("case", ["docker-28.5/crash-loop", "docker-28.5/restart"])
def test_happenings_have_the_engines_time(case: str) -> None:
    times = {
        at for at, raw in lines(case) if raw.get("Action") in {"start", "die", "stop"}
    }
    assert {each.at for each in play(case)} <= times


class Bench:
    """Three containers that run since long, and what is said of them."""

    def __init__(self, *names: str, met: bool = True) -> None:
        self.causes = Causes()
        self.said: list[Happening] = []
        if met:
            seen = [self.seen(name) for name in names or ("a", "b", "c")]
            assert self.causes.listed(seen, 0.0) == []

    def seen(self, name: str, **more: Any) -> Asked:
        known: dict[str, Any] = {"id": name, "resource": name}
        return Asked(**{**known, "started_at": moment(-1000.0), **more})

    def tell(self, name: str, id_: str, at: float, **more: Any) -> list[str]:
        name, attributes = in_dockers_words(name, more.pop("attributes", {}))
        resource = more.pop("resource", id_)
        said = self.causes.event(name, id_, at, attributes, resource=resource, **more)
        return self._keep(said)

    def kill(self, id_: str, at: float, signal: int | str = 15) -> None:
        assert self.tell("kill", id_, at, attributes={"signal": str(signal)}) == []

    def die(self, id_: str, at: float, code: object = 0, **more: Any) -> list[str]:
        return self.tell("die", id_, at, attributes={"exitCode": str(code)}, **more)

    def inspect(self, id_: str, state: str | None = "exited", **more: Any) -> None:
        self.causes.inspected(self.seen(id_, state=state), **more)

    def due(self, now: float) -> list[str]:
        return self._keep(self.causes.due(now))

    def lost(self, at: float) -> list[str]:
        return self._keep(self.causes.lost(at))

    def listed(self, at: float, *seen: Asked | str) -> None:
        found = [self.seen(each) if isinstance(each, str) else each for each in seen]
        assert self.causes.listed(found, at) == []

    def _keep(self, said: list[Happening]) -> list[str]:
        self.said += said
        return [words(each) for each in said]


# when it is said


def test_our_own_operation_is_said_at_once() -> None:
    bench = Bench()
    bench.causes.operating("a", 100.0)
    assert bench.die("a", 50.0, 143) == ["a stopped operation 143"]
    assert bench.tell("start", "a", 51.0) == ["a started operation"]
    # what happens to it from then on is not ours
    bench.die("a", 52.0, 1)
    bench.inspect("a")
    assert bench.due(53.0) == ["a exited itself 1"]


def test_our_own_pause() -> None:
    bench = Bench()
    bench.causes.operating("a", 100.0)
    assert bench.tell("pause", "a", 50.0) == ["a paused operation"]
    assert bench.tell("unpause", "a", 51.0) == ["a unpaused"]


@pytest.mark.parametrize("name", ["start", "pause", "unpause"])
def test_an_answer_that_comes_after_its_event_explains_nothing_more(name: str) -> None:
    bench = Bench()
    if name == "start":
        bench.die("a", 40.0)
        bench.due(49.0)
    bench.causes.operating("a", 100.0)
    bench.tell(name, "a", 50.0)
    bench.causes.operated("a", 51.5)
    bench.die("a", 51.0, 1)
    bench.inspect("a")
    assert bench.due(52.0) == ["a exited itself 1"]


def test_an_answer_that_comes_before_its_event() -> None:
    bench = Bench()
    bench.causes.operating("a", 100.0)
    bench.causes.operated("a", 51.5)
    assert bench.die("a", 51.0) == ["a stopped operation 0"]
    bench.causes.operated("gone", 51.5)
    assert bench.tell("pause", "a", 51.6) == ["a paused"]


def test_a_list_that_comes_meanwhile_ends_no_operation_of_ours() -> None:
    bench = Bench(met=False)
    bench.causes.operating("a", 150.0, since=100.0)
    # it has run for long, but nobody knew
    bench.listed(100.1, bench.seen("a", started_at=moment(50.0)))
    bench.causes.operated("a", 101.0)
    assert bench.die("a", 100.2) == ["a stopped operation 0"]


def test_our_own_time_ends() -> None:
    bench = Bench()
    bench.causes.operating("a", 100.0)
    assert bench.die("a", 100.5) == []


def test_a_lack_of_memory_is_said_at_once() -> None:
    bench = Bench()
    assert bench.tell("oom", "a", 9.5) == []
    assert bench.die("a", 10.0, 137) == ["a oom_killed oom 137"]


@pytest.mark.parametrize(("oom", "kill"), [(9.0, 9.5), (-5.0, None)])
def test_a_lack_of_memory_that_was_survived(oom: float, kill: float | None) -> None:
    bench = Bench()
    bench.tell("oom", "a", oom)
    if kill:
        bench.kill("a", kill)
    assert bench.die("a", 10.0, 0) == []
    bench.inspect("a")
    assert bench.due(11.0) == [
        "a stopped signal 0 SIGTERM" if kill else "a exited itself 0"
    ]


def test_while_another_runs_it_is_not_the_engine() -> None:
    bench = Bench()
    bench.kill("a", 9.0)
    assert bench.die("a", 10.0) == []
    assert bench.causes.next_due() == 11.0
    assert bench.due(10.9) == []
    assert bench.due(11.0) == ["a stopped signal 0 SIGTERM"]
    assert bench.causes.next_due() is None


def test_the_last_one_may_be_the_engine() -> None:
    bench = Bench("a")
    bench.kill("a", 9.0)
    bench.die("a", 10.0)
    assert bench.causes.next_due() == 20.0
    assert bench.due(19.9) == []
    assert bench.due(20.0) == ["a stopped signal 0 SIGTERM"]
    assert bench.lost(20.5) == []


def test_what_an_engine_ends_that_goes_down() -> None:
    bench = Bench("a", "b")
    bench.kill("a", 9.0)
    bench.kill("b", 9.1)
    bench.die("a", 10.0)
    bench.die("b", 10.1, 137)
    assert bench.lost(19.0) == [
        "a engine_stopped engine 0",
        "b engine_stopped engine 137",
    ]
    assert bench.lost(19.5) == []


def test_one_may_die_before_the_others_are_signalled() -> None:
    bench = Bench("a", "b")
    bench.kill("a", 9.0)
    bench.die("a", 9.1)
    bench.kill("b", 9.5)
    assert bench.due(10.2) == []
    bench.die("b", 12.0)
    assert len(bench.lost(14.0)) == 2


def test_a_machine_that_goes_down_ends_them_without_a_word() -> None:
    bench = Bench("a", "b")
    bench.die("a", 9.1, 143)
    bench.inspect("a")
    bench.die("b", 9.9, 143)
    assert bench.due(10.2) == []
    assert len(bench.lost(11.0)) == 2


def test_an_engine_waits_for_who_does_not_hear() -> None:
    bench = Bench("a", "deaf")
    bench.kill("a", 9.0)
    bench.kill("deaf", 9.0)
    bench.die("a", 9.1)
    # its grace is over at 19, and the engine may need ten seconds more
    assert bench.causes.next_due() == 29.0
    bench.kill("deaf", 19.0, 9)
    bench.die("deaf", 19.1, 137)
    assert bench.due(29.05) == []
    assert len(bench.lost(29.09)) == 2


def test_who_outlives_its_signal_shows_that_the_engine_lives() -> None:
    bench = Bench("a", "b")
    bench.kill("b", 9.0)
    bench.kill("a", 40.0)
    bench.die("a", 40.5)
    assert bench.due(41.5) == ["a stopped signal 0 SIGTERM"]


def test_a_start_shows_that_the_engine_lives() -> None:
    bench = Bench("a", "b")
    for id_ in ("a", "b"):
        bench.kill(id_, 9.0)
        bench.die(id_, 10.0)
    assert bench.tell("start", "b", 10.5) == [
        "a stopped signal 0 SIGTERM",
        "b stopped signal 0 SIGTERM",
        "b started",
    ]


def test_a_creation_shows_that_the_engine_lives() -> None:
    bench = Bench("a")
    bench.kill("a", 9.0)
    bench.die("a", 10.0)
    assert bench.tell("create", "x", 10.5) == ["a stopped signal 0 SIGTERM"]


def test_the_policy_shows_that_the_engine_lives() -> None:
    bench = Bench("a")
    bench.die("a", 10.0, 7)
    bench.inspect("a", "restarting")
    assert bench.lost(10.1) == []
    bench.listed(11.0, "a")
    bench.tell("start", "a", 10.2)
    assert bench.due(12.0) == ["a restarted_by_policy policy 7"]


# what it was


@pytest.mark.parametrize("signal", ["15", "9", "2", "3", "TERM", "SIGKILL", "12"])
def test_signals_that_end(signal: str) -> None:
    bench = Bench()
    bench.causes.inspected(bench.seen("a", stop_signal="SIGUSR2"))
    bench.kill("a", 9.0, signal)
    bench.die("a", 10.0)
    assert bench.due(11.0)[0].startswith("a stopped signal 0 SIG")


@pytest.mark.parametrize("signal", ["1", "10", "HUP", "nonsense", "-3", "99"])
def test_signals_that_do_not(signal: str) -> None:
    bench = Bench()
    bench.kill("a", 9.0, signal)
    bench.die("a", 10.0)
    bench.inspect("a")
    assert bench.due(11.0) == ["a exited itself 0"]


@pytest.mark.parametrize(("died", "asked"), [(30.0, True), (30.1, False)])
def test_a_signal_counts_for_its_grace_and_ten_seconds(
    died: float, asked: bool
) -> None:
    bench = Bench()
    bench.kill("a", 10.0)
    bench.die("a", died)
    bench.inspect("a")
    assert ("stopped" in bench.due(died + 1)[0]) is asked


@pytest.mark.parametrize(("grace", "until"), [(60.0, 80.0), (-1.0, 3620.0)])
def test_a_longer_grace(grace: float, until: float) -> None:
    bench = Bench()
    bench.causes.inspected(bench.seen("a", grace=grace))
    bench.kill("a", 10.0)
    bench.die("a", until)
    assert bench.due(until + 1) == ["a stopped signal 0 SIGTERM"]


def test_a_stop_that_took_longer_than_the_grace() -> None:
    """`docker stop -t 60`: the engine says at the end that it was one."""
    bench = Bench()
    bench.kill("a", 10.0)
    bench.die("a", 50.0)
    bench.inspect("a")
    bench.tell("stop", "a", 50.01)
    assert bench.due(51.0) == ["a stopped signal 0 SIGTERM"]


def test_nobody_could_be_asked() -> None:
    bench = Bench()
    bench.die("a", 10.0, 1)
    assert bench.due(14.9) == []
    assert bench.due(15.0) == ["a exited itself 1"]


def test_the_engine_is_asked_but_says_no_state() -> None:
    bench = Bench()
    bench.die("a", 10.0, 1)
    bench.inspect("a", None)
    assert bench.causes.next_due() == 15.0


def test_the_policy_never_comes_to_it() -> None:
    bench = Bench()
    bench.die("a", 10.0, 1)
    bench.inspect("a", "restarting")
    assert bench.causes.next_due() == 85.0
    assert bench.due(85.0) == ["a exited itself 1"]
    assert bench.tell("start", "a", 90.0) == ["a started"]


def test_a_stop_while_the_policy_waits() -> None:
    bench = Bench()
    bench.die("a", 10.0, 1)
    bench.inspect("a", "restarting")
    assert bench.tell("stop", "a", 10.5) == ["a exited itself 1"]


def test_it_runs_again_before_the_engine_could_be_asked() -> None:
    bench = Bench()
    bench.die("a", 10.0, 1)
    bench.inspect("a", "running")
    assert bench.due(20.0) == []
    assert bench.tell("start", "a", 10.1) == ["a restarted_by_policy policy 1"]


def test_a_second_death_speaks_for_the_first() -> None:
    bench = Bench()
    bench.die("a", 10.0, 1)
    assert bench.die("a", 10.5, 2) == ["a exited itself 1"]


def test_one_that_never_ran_as_far_as_known() -> None:
    bench = Bench(met=False)
    bench.die("a", 10.0, "none")
    assert bench.due(100.0) == ["a exited itself"]


def test_two_claim_one_resource() -> None:
    bench = Bench("old")
    web = {"resource": "shop/web"}
    bench.tell("create", "old2", 5.0, **web)
    assert bench.tell("start", "old2", 6.0, **web) == ["shop/web started"]
    bench.tell("create", "new", 7.0, **web, owns=False)
    # it runs beside the one that stands for them both
    assert bench.tell("start", "new", 8.0, **web, owns=False) == []
    assert bench.die("new", 9.0, **web, owns=False) == []
    assert bench.tell("pause", "new", 9.1, **web, owns=False) == []
    assert bench.tell("destroy", "new", 9.5, **web, owns=False) == []
    bench.tell("create", "newer", 10.0, **web, owns=False)
    bench.kill("old2", 11.0)
    bench.die("old2", 11.5, **web)
    # whoever asks does not know yet that it is the new one that stands for them
    assert bench.tell("destroy", "old2", 11.6, **web) == [
        "shop/web stopped signal 0 SIGTERM"
    ]
    assert bench.tell("start", "newer", 12.0, **web, owns=False, replaces=True) == [
        "shop/web recreated"
    ]


def test_only_its_first_start_is_a_recreation() -> None:
    bench = Bench()
    assert bench.tell("start", "x", 1.0, replaces=True) == ["x recreated"]
    bench.kill("x", 2.0)
    bench.die("x", 3.0)
    assert bench.tell("start", "x", 3.1, replaces=True)[1:] == ["x started"]


def test_a_removal_without_a_death() -> None:
    bench = Bench()
    assert bench.tell("destroy", "a", 10.0) == ["a stopped removal", "a removed"]
    assert bench.tell("destroy", "nobody", 10.0) == ["nobody removed"]
    assert bench.tell("destroy", "gone", 10.0, owns=False) == []


def test_our_own_removal() -> None:
    bench = Bench()
    bench.causes.operating("a", 20.0)
    assert bench.die("a", 10.0) == ["a stopped operation 0"]
    assert bench.tell("destroy", "a", 11.0) == ["a removed operation"]


def test_an_engine_that_goes_down_removes_what_is_to_be_removed() -> None:
    bench = Bench("a", "b")
    bench.inspect("a", "running", auto_remove=True)
    for id_ in ("a", "b"):
        bench.kill(id_, 9.0)
        bench.die(id_, 9.5)
    assert bench.tell("destroy", "a", 9.6) == []
    assert bench.lost(12.0) == [
        "a engine_stopped engine 0",
        "a removed",
        "b engine_stopped engine 0",
    ]


def test_health_is_said_when_it_changes() -> None:
    bench = Bench("a")
    bench.causes.inspected(bench.seen("b", health="healthy"))
    sick = {"attributes": {"health_status": "unhealthy"}}
    assert bench.tell("health_status: healthy", "a", 1.0) == ["a healthy"]
    # Podman says it after each check
    assert bench.tell("health_status", "a", 2.0, **sick) == ["a unhealthy"]
    assert bench.tell("health_status", "a", 3.0, **sick) == []
    assert bench.tell("health_status: starting", "a", 4.0) == []
    assert bench.tell("health_status: healthy", "a", 5.0) == ["a healthy"]
    # known since it was asked
    assert bench.tell("health_status: healthy", "b", 6.0) == []
    assert bench.tell("health_status", "b", 7.0) == []


def test_health_is_known_from_the_list() -> None:
    bench = Bench(met=False)
    bench.listed(0.0, bench.seen("a", health="unhealthy"))
    assert bench.tell("health_status: unhealthy", "a", 1.0) == []
    assert bench.tell("health_status: healthy", "a", 2.0) == ["a healthy"]


def test_health_begins_anew_with_each_start() -> None:
    bench = Bench()
    bench.tell("health_status: healthy", "a", 1.0)
    bench.kill("a", 2.0)
    bench.die("a", 3.0)
    bench.tell("start", "a", 4.0)
    assert bench.tell("health_status: healthy", "a", 5.0) == ["a healthy"]


def test_what_nobody_needs_to_know() -> None:
    bench = Bench()
    for name in ("exec_start: sh", "attach", "rename", "top", "", "resize"):
        assert bench.tell(name, "a", 1.0) == []
    assert bench.tell("start", "a", 2.0) == []
    assert bench.tell("stop", "x", 2.0) == []


# what comes twice, late or not at all


def test_an_event_that_comes_twice_counts_once() -> None:
    bench = Bench()
    for _ in range(2):
        bench.kill("a", 9.0)
        bench.die("a", 10.0)
    assert bench.due(11.0) == ["a stopped signal 0 SIGTERM"]
    assert bench.die("a", 10.0) == []
    assert bench.due(1000.0) == []


def test_the_signal_may_be_heard_after_the_death() -> None:
    bench = Bench()
    bench.die("a", 10.0)
    bench.kill("a", 9.9)
    assert bench.due(11.0) == ["a stopped signal 0 SIGTERM"]


def test_events_are_wanted_from_the_last_one_on() -> None:
    bench = Bench(met=False)
    assert bench.causes.heard_at is None
    bench.listed(50.0, "a")
    assert bench.causes.heard_at == pytest.approx(50.0)
    bench.tell("pause", "a", 60.0)
    heard = bench.causes.heard_at
    assert heard is not None and 59.9999 < heard < 60.0


def test_after_a_gap_the_same_engine_tells_what_was_missed() -> None:
    bench = Bench("a", "b")
    bench.tell("pause", "a", 5.0)
    assert bench.lost(10.0) == []
    bench.tell("pause", "a", 5.0)
    for id_ in ("a", "b"):
        bench.kill(id_, 20.0)
        assert bench.die(id_, 21.0) == []
    bench.listed(22.0, bench.seen("a", state="exited"), bench.seen("b", state="exited"))
    assert bench.causes.next_due() == 23.0
    assert bench.due(22.9) == []
    assert bench.due(23.0) == [
        "a stopped signal 0 SIGTERM",
        "b stopped signal 0 SIGTERM",
    ]


def test_after_a_gap_another_run_of_the_engine_answers() -> None:
    bench = Bench("a", "b")
    bench.tell("pause", "a", 5.0)
    bench.lost(10.0)
    # it came back late, and ended what the one before had left behind
    bench.kill("a", 40.0)
    bench.die("a", 41.0)
    bench.tell("start", "a", 41.5)
    bench.listed(
        45.0, bench.seen("a", started_at=moment(41.5)), bench.seen("b", state="exited")
    )
    assert bench.due(46.0) == [
        "b engine_stopped engine",
        "a engine_stopped engine 0",
        "a started engine",
    ]
    assert [each.at for each in bench.said[1:]] == [10.0, 41.0, 41.5]


def stopped_in_a_gap(first: float, second: float, *runs: str | None) -> list[str]:
    """Have all that ran stopped while nobody listened; no event from before is left."""
    bench = Bench("a", "b")
    bench.causes.answered_by(runs[0])
    bench.tell("pause", "a", 5.0)
    bench.lost(10.0)
    bench.causes.answered_by(runs[1])
    for id_, at in (("a", first), ("b", second)):
        bench.kill(id_, at)
        bench.tell("stop", id_, at + 0.2)
        bench.die(id_, at + 0.3)
    bench.listed(80.0, *(bench.seen(each, state="exited") for each in "ab"))
    return bench.due(81.0)


BY_HAND = [f"{each} stopped signal 0 SIGTERM" for each in "ab"]
BY_ENGINE = [f"{each} engine_stopped engine 0" for each in "ab"]


def test_checks_have_taken_the_place_of_what_was_told_before_a_gap() -> None:
    assert stopped_in_a_gap(20.0, 20.1, "one", "one") == BY_HAND
    assert stopped_in_a_gap(20.0, 20.1, "one", "two") == BY_ENGINE
    assert stopped_in_a_gap(20.0, 40.0, "one", "two") == BY_ENGINE


@pytest.mark.parametrize("runs", [("one", None), (None, "two"), (None, None)])
def test_nobody_knows_which_run_of_the_engine_answers(
    runs: tuple[str | None, str | None],
) -> None:
    # an engine tells all whom it finds to end in one go
    assert stopped_in_a_gap(20.0, 20.1, *runs) == BY_ENGINE
    assert stopped_in_a_gap(20.0, 40.0, *runs) == BY_HAND


def test_a_stop_after_the_engine_has_come_back_says_nothing_of_its_end() -> None:
    bench = Bench("a", "b")
    bench.lost(10.0)
    for id_, at in (("a", 20.0), ("b", 40.0)):
        bench.tell("start", id_, 15.0)
        bench.kill(id_, at)
        bench.die(id_, at + 0.3)
    bench.listed(80.0, *(bench.seen(each, state="exited") for each in "ab"))
    assert Counter(bench.due(81.0)) == Counter(
        [f"{each} engine_stopped engine" for each in "ab"]
        + [f"{each} started engine" for each in "ab"]
        + BY_HAND
    )


def test_who_died_before_a_gap_in_which_the_engine_went_down() -> None:
    bench = Bench("a", "b")
    bench.kill("a", 9.0)
    bench.die("a", 9.5)
    assert bench.lost(10.0) == []
    bench.listed(15.0, *(bench.seen(each, state="exited") for each in "ab"))
    assert bench.due(16.0) == ["a engine_stopped engine 0", "b engine_stopped engine"]


def test_who_died_before_a_gap_in_which_the_engine_did_not() -> None:
    bench = Bench("a", "b")
    bench.kill("a", 9.0)
    bench.die("a", 9.5)
    bench.lost(10.0)
    bench.die("a", 9.5)
    bench.kill("b", 10.5)
    bench.die("b", 11.0)
    bench.listed(12.0, *(bench.seen(each, state="exited") for each in "ab"))
    assert bench.due(13.0) == [f"{each} stopped signal 0 SIGTERM" for each in "ab"]


def test_what_was_missed_may_come_in_any_order() -> None:
    bench = Bench("a", "b")
    bench.lost(10.0)
    bench.tell("start", "a", 12.0)
    bench.die("a", 11.0, 3)
    bench.listed(20.0, bench.seen("a", started_at=moment(12.0)), "b")
    assert bench.due(21.0) == ["a restarted_by_policy policy 3"]


def test_who_survived_a_gap_shows_that_the_engine_did() -> None:
    bench = Bench("a", "b", "c")
    bench.lost(10.0)
    bench.kill("a", 12.0)
    bench.die("a", 13.0)
    bench.listed(
        20.0, bench.seen("a", state="exited"), "b", bench.seen("c", state="exited")
    )
    # nobody knows why c has ended
    assert bench.due(21.0) == ["a stopped signal 0 SIGTERM", "c exited"]


def test_an_engine_that_remembers_nothing() -> None:
    bench = Bench("a", "b", "c", "d")
    bench.tell("create", "e", 1.0)
    bench.lost(10.0)
    bench.listed(
        20.0,
        bench.seen("a", state="exited"),
        bench.seen("b", started_at=moment(18.0)),
        bench.seen("c2", resource="c", started_at=moment(19.0)),
        bench.seen("new", started_at=None),
        bench.seen("off", state="created"),
    )
    assert bench.due(21.0) == [
        *(f"{each} engine_stopped engine" for each in "abcd"),
        *("b started engine", "c recreated", "d removed", "e removed", "new started"),
    ]
    assert [each.at for each in bench.said] == [10.0] * 4 + [18.0, 19.0] + [20.0] * 3


def test_a_gap_that_nobody_comes_back_from() -> None:
    bench = Bench("a", "b")
    bench.kill("a", 9.0)
    bench.die("a", 9.5)
    # b runs, for all that is known
    assert bench.lost(10.0) == []
    assert bench.due(15.0) == []
    assert bench.causes.next_due() == 20.0
    assert bench.due(20.0) == ["a engine_stopped engine 0"]


def test_contact_is_back_before_that() -> None:
    bench = Bench("a", "b")
    bench.kill("a", 9.0)
    bench.die("a", 9.5)
    bench.lost(10.0)
    bench.listed(19.5, bench.seen("a", state="exited"), "b")
    assert bench.due(20.0) == []
    assert bench.due(20.5) == ["a stopped signal 0 SIGTERM"]


def test_what_was_certain_before_the_loss_is_said() -> None:
    bench = Bench("a", "b")
    bench.kill("a", 5.0)
    bench.die("a", 6.0)
    assert bench.lost(10.0) == ["a stopped signal 0 SIGTERM"]


def test_more_was_missed_than_can_be_kept() -> None:
    bench = Bench("a")
    bench.lost(10.0)
    said: list[str] = []
    for number in range(REMEMBERED):
        name = ("pause", "unpause")[number % 2]
        said += bench.tell(name, "a", 11.0 + number)
    assert len(said) == REMEMBERED
    assert bench.tell("pause", "a", 5000.0) == ["a paused"]


def test_the_list_knows_of_what_no_event_told() -> None:
    bench = Bench("a", "b", "c")
    bench.tell("start", "d", 95.0)
    bench.listed(
        96.0,
        bench.seen("a", state="exited"),
        bench.seen("b", started_at=moment(50.0)),
        "c",
    )
    # d has changed too lately for a list to know better
    assert bench.due(96.5) == []
    assert bench.due(97.0) == ["b exited", "b started", "a exited"]
    assert "d" not in {each.resource for each in bench.said[1:]}


def test_an_answer_may_be_older_than_a_removal() -> None:
    bench = Bench("a", "b", "c")
    bench.listed(99.0, "a", "b", "c", "d")
    bench.die("b", 99.1)
    bench.tell("destroy", "b", 99.2)
    bench.tell("create", "d", 99.3)
    bench.tell("destroy", "d", 99.4)
    assert bench.due(100.5) == []
    bench.inspect("b")
    # nothing is left of it that would stand for its resource
    bench.tell("create", "b2", 200.0, resource="b")
    assert bench.tell("destroy", "b2", 201.0, resource="b") == ["b removed"]


def test_nobody_is_woken_for_nothing_while_a_list_is_looked_at() -> None:
    bench = Bench("a", "b")
    bench.die("a", 9.5)
    bench.lost(10.0)
    bench.listed(30.0, bench.seen("a", state="exited"), "b")
    assert bench.causes.next_due() == 31.0


def test_a_list_that_agrees_says_nothing() -> None:
    bench = Bench("a")
    bench.listed(100.0, bench.seen("a", started_at=moment(-999.0)))
    assert bench.due(101.0) == []
    assert bench.causes.next_due() is None


def test_contact_was_lost_before_it_was_there() -> None:
    bench = Bench(met=False)
    bench.lost(1.0)
    bench.tell("oom", "a", 1.5)
    bench.die("a", 2.0, 137)
    said = bench.causes.listed([bench.seen("a", state="exited")], 3.0)
    assert [words(each) for each in said] == ["a oom_killed oom 137"]


def test_podmans_containers_outlive_it() -> None:
    bench = Bench("a", "b")
    bench.causes.outlive(True)
    for id_ in ("a", "b"):
        bench.die(id_, 10.0)
        bench.inspect(id_, stopped_by_user=id_ == "a")
    assert bench.lost(10.5) == []
    bench.listed(12.0, *(bench.seen(id_, state="exited") for id_ in ("a", "b")))
    assert bench.due(13.0) == ["a stopped signal 0", "b exited itself 0"]


def test_podmans_containers_die_while_it_is_away() -> None:
    bench = Bench("a")
    bench.causes.outlive(True)
    bench.lost(10.0)
    bench.kill("a", 11.0)
    bench.die("a", 11.5)
    bench.listed(12.0, bench.seen("a", state="exited"))
    assert bench.due(13.0) == ["a stopped signal 0 SIGTERM"]


def test_podmans_machine_went_down() -> None:
    bench = Bench("a")
    bench.causes.outlive(True)
    bench.lost(10.0)
    bench.listed(90.0, bench.seen("a", state="exited"))
    assert bench.due(91.0) == ["a engine_stopped engine"]


def test_podman_says_that_it_restarts_before_it_does() -> None:
    bench = Bench("a", "b")
    bench.causes.outlive(True)
    bench.tell("restart", "a", 10.0)
    bench.tell("died", "a", 10.1, attributes={"containerExitCode": "143"})
    assert bench.tell("start", "a", 10.3) == ["a stopped signal 143", "a started"]
    # Docker says it after the start: that is no wish for its end
    bench.tell("restart", "a", 10.3)
    bench.tell("died", "a", 11.0, attributes={"containerExitCode": "1"})
    bench.inspect("a")
    assert bench.due(12.0) == ["a exited itself 1"]
    assert bench.tell("remove", "a", 13.0) == ["a removed"]


# names of signals


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("SIGTERM", 15),
        ("term", 15),
        ("9", 9),
        (" SIGKILL ", 9),
        ("SIGRTMIN+3", 37),
        ("RTMIN", 34),
        ("37", 37),
        ("0", None),
        ("65", None),
        ("SIG", None),
        ("", None),
        (None, None),
        ("SIGRTMIN+x", None),
        ("TERM+1", None),
        ("²", None),
    ],
)
def test_signals_by_name_and_number(word: object, number: int | None) -> None:
    assert signal_number(word) == number


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (15, "SIGTERM"),
        (31, "SIGSYS"),
        (32, "32"),
        (34, "SIGRTMIN+0"),
        (37, "SIGRTMIN+3"),
    ],
)
def test_names_of_signals(number: int, name: str) -> None:
    assert signal_name(number) == name


# whatever comes

IDS = st.sampled_from(["a", "b", "c"])
TIMES = st.floats(-50, 200, allow_nan=False)


@st.composite
def anything(draw: st.DrawFn) -> tuple[str, tuple[Any, ...]]:
    """Make up one thing that an observer may do, or an engine say."""
    what = draw(
        st.sampled_from(
            ["event"] * 6 + ["inspect", "operating", "lost", "listed", "due"]
        )
    )
    if what == "event":
        names = ["create", "start", "die", "died", "kill", "stop", "restart", "oom"]
        names += ["destroy", "pause", "unpause", "health_status: healthy", "odd"]
        attributes = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "signal": st.sampled_from(["15", "9", "1", "x", ""]),
                    "exitCode": st.sampled_from(["0", "137", "-1", "x", "9" * 30]),
                    "health_status": st.sampled_from(["healthy", "unhealthy", "?"]),
                },
            )
        )
        event = (draw(st.sampled_from(names)), draw(IDS), draw(TIMES), attributes)
        return what, (*event, draw(st.booleans()), draw(st.booleans()))
    if what == "inspect":
        states = ["running", "exited", "restarting", "paused", None]
        facts = (draw(IDS), draw(st.sampled_from(states)), draw(st.booleans()))
        return what, facts
    if what == "listed":
        states = ["running", "exited", "restarting"]
        seen = draw(st.dictionaries(IDS, st.sampled_from(states)))
        return what, (seen, draw(TIMES))
    return what, (draw(IDS), draw(TIMES))


@settings(max_examples=400, deadline=None)
@given(st.lists(anything(), max_size=40), st.booleans())
def test_nothing_is_too_odd(
    story: list[tuple[str, tuple[Any, ...]]], outlived: bool
) -> None:
    bench = Bench("a", "b")
    causes = bench.causes
    causes.outlive(outlived)
    for what, facts in story:
        if what == "event":
            name, id_, at, attributes, owns, replaces = facts
            more: dict[str, Any] = {"owns": owns, "replaces": replaces}
            bench.tell(name, id_, at, attributes=attributes, **more)
        elif what == "inspect":
            id_, state, odd = facts
            seen = bench.seen(id_, state=state, oom_killed=odd)
            causes.inspected(seen, auto_remove=odd, stopped_by_user=odd)
        elif what == "operating":
            causes.operating(*facts)
        elif what == "lost":
            bench.lost(facts[1])
        elif what == "listed":
            states, at = facts
            bench.listed(at, *(bench.seen(i, state=s) for i, s in states.items()))
        else:
            bench.due(facts[1])
        if (due := causes.next_due()) is not None:
            # who comes when he is called has something to say, or is called later
            said, then = causes.due(due), causes.next_due()
            assert said or then is None or then > due
    bench.listed(400.0)
    for now in (401.0, 500.0, 5000.0, 50_000.0):
        bench.due(now)
    assert causes.next_due() is None


@st.composite
def truths(draw: st.DrawFn) -> list[tuple[str, str, float, dict[str, str]]]:
    """Let an engine with three containers tell the truth, twice or a bit late."""
    told: list[tuple[str, str, float, dict[str, str]]] = []
    running = {"a": True, "b": True, "c": True}
    now = 0.0
    for _ in range(draw(st.integers(1, 15))):
        now += draw(st.sampled_from([0.01, 0.5, 3.0, 30.0]))
        id_ = draw(IDS)
        if running[id_]:
            if draw(st.booleans()):
                word = draw(st.sampled_from(["kill", "oom", "stop"]))
                told.append((word, id_, now, {"signal": "15"}))
                now += draw(st.sampled_from([0.001, 1.0]))
            told.append(("die", id_, now, {"exitCode": str(len(told))}))
        else:
            told.append(("start", id_, now, {}))
        running[id_] = not running[id_]
    for _ in range(draw(st.integers(0, 3))):
        where = draw(st.integers(0, len(told) - 1))
        told.insert(draw(st.integers(where + 1, len(told))), told[where])
    return told


@settings(max_examples=300, deadline=None)
@given(truths(), st.none() | st.integers(0, 20), st.booleans(), st.booleans())
def test_every_death_is_told_once(
    told: list[tuple[str, str, float, dict[str, str]]],
    loss: int | None,
    asks: bool,
    in_time: bool,
) -> None:
    """Each in one word, whoever asks, and with or without a gap before it."""
    bench = Bench()
    running = {"a", "b", "c"}
    now = 0.0
    for number, (name, id_, at, attributes) in enumerate(told):
        now = max(now, at)
        if in_time:
            bench.due(now)
        if number == loss:
            bench.lost(now)
        bench.tell(name, id_, at, attributes=attributes)
        if name == "die" and at == now:
            running.discard(id_)
            if asks:
                bench.inspect(id_)
        elif name == "start" and at == now:
            running.add(id_)
    started = moment(-1000.0)
    bench.listed(
        now + 1000,
        *(
            bench.seen(
                i, state="running" if i in running else "exited", started_at=started
            )
            for i in "abc"
        ),
    )
    for wait in (1001, 1010, 1100, 2000):
        bench.due(now + wait)
    deaths = Counter(
        (each.resource, each.exit_code)
        for each in bench.said
        if each.type in DEATHS and each.exit_code is not None
    )
    real = {(id_, int(a["exitCode"])) for name, id_, _, a in told if name == "die"}
    assert deaths == dict.fromkeys(real, 1)


def test_a_storm_takes_little_time_and_memory() -> None:
    bench = Bench(*(str(n) for n in range(250)))
    begun = perf_counter()
    for number in range(10_000):
        id_, at = str(number % 250), 10.0 + number / 5000
        if number // 250 % 2:
            bench.tell("start", id_, at)
        else:
            bench.die(id_, at, 1)
        if number % 100 == 0:
            bench.causes.next_due()
    took = perf_counter() - begun
    # it takes some hundredths of a second: this is the order of magnitude
    assert took < 5
    assert len(bench.causes._known) <= REMEMBERED
    assert len(bench.causes._lives.by_id) == 250


def test_causes_are_words() -> None:
    assert {each.value for each in Cause} == {
        *("operation", "signal", "removal", "policy", "oom", "engine", "itself")
    }
    assert len(HappeningType) == 12
