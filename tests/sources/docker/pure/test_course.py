"""What is done to a project's containers, and what is left."""

import pytest

from custom_components.homelab.source import BadAnswer, CannotConnect, SourceError
from custom_components.homelab.sources.docker.course import Course, Step
from custom_components.homelab.sources.docker.models import Container


def service(name: str, *needs: str) -> Container:
    return Container(
        id=name,
        resource=f"shop/{name}/1",
        name=name,
        title=name,
        service=name,
        depends_on=frozenset(needs),
    )


def go(course: Course, step: Step, *each: Container, **errors: SourceError) -> None:
    course.begin(step)
    for container in each:
        if not course.blocks(container):
            with course.taking(container):
                if container.title in errors:
                    raise errors[container.title]


DB, WEB, JOB = service("db", "db"), service("web", "db"), service("job", "web")
MAIL = service("mail")


def test_all_goes_well() -> None:
    course = Course()
    go(course, Step.STOPPED, WEB, DB)
    go(course, Step.STARTED, DB, WEB)
    assert course.result() == "stopped web, db; started db, web"
    course = Course()
    go(course, Step.STARTED)
    assert course.result() == "started nothing"


def test_what_needs_what_failed_is_left_and_the_rest_is_not() -> None:
    course = Course()
    go(course, Step.STARTED, DB, WEB, JOB, MAIL, db=BadAnswer("broken"))
    with pytest.raises(BadAnswer) as caught:
        course.result()
    assert str(caught.value) == "db: broken; started mail; left web, job"
    assert not caught.value.sent


def test_nothing_more_is_stopped_after_a_failure() -> None:
    course = Course()
    go(course, Step.STOPPED, JOB, WEB, DB, web=BadAnswer("busy"))
    assert [course.has_stopped(each) for each in (JOB, WEB, DB)] == [True, False, False]
    # what could not be stopped runs: whoever needs it is started
    go(course, Step.STARTED, JOB)
    with pytest.raises(BadAnswer, match=r"^web: busy; stopped job; started job; left"):
        course.result()


def test_what_may_have_been_stopped_is_started_again() -> None:
    course = Course()
    lost = CannotConnect("no answer", reason="too_slow", sent=True)
    go(course, Step.STOPPED, WEB, DB, web=lost)
    assert course.has_stopped(WEB)
    go(course, Step.STARTED, WEB, web=BadAnswer("broken"))
    with pytest.raises(CannotConnect) as caught:
        course.result()
    assert (caught.value.reason, caught.value.sent) == ("too_slow", True)
    assert "web: broken" in str(caught.value)
