"""Samples of a second put together to those of an interval."""

from collections.abc import Iterable, Mapping

from .models import Sample, Work


def add_up(samples: list[Sample]) -> Sample:
    """Return what one sample over all of their time would have said."""
    last = samples[-1]
    return Sample(
        at=last.at,
        first=any(sample.first for sample in samples),
        reshaped=any(sample.reshaped for sample in samples),
        pools=_together([sample.pools for sample in samples]),
        vdevs=_together([sample.vdevs for sample in samples]),
    )


def _together(parts: list[Mapping[str, Work]]) -> Mapping[str, Work]:
    return {
        key: _mean([part[key] for part in parts])
        for key in parts[-1]
        if all(key in part for part in parts)
    }


def _mean(works: list[Work]) -> Work:
    return Work(
        read_operations=_average(work.read_operations for work in works),
        write_operations=_average(work.write_operations for work in works),
        read_rate=_average(work.read_rate for work in works),
        write_rate=_average(work.write_rate for work in works),
        read_latency=_weighted(
            (work.read_latency, work.read_operations) for work in works
        ),
        write_latency=_weighted(
            (work.write_latency, work.write_operations) for work in works
        ),
    )


def _average(numbers: Iterable[int | None]) -> int | None:
    found = [*numbers]
    known = [number for number in found if number is not None]
    # one that is not known may have been anything
    return round(sum(known) / len(found)) if len(known) == len(found) else None


def _weighted(pairs: Iterable[tuple[int | None, int | None]]) -> int | None:
    """Weigh what each operation took by how many there were."""
    known = [(took, max(times or 0, 1)) for took, times in pairs if took is not None]
    total = sum(times for _, times in known)
    return round(sum(took * times for took, times in known) / total) if total else None
