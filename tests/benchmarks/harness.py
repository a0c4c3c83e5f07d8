"""What all benchmarks share: rows and their verdict, paired timing, the table and its file."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from softmodes.study.atomic import replacing

ALONE = 0.95
"""Share of a core that a benchmark has to have had for its times to count."""

RESOLVED = 1.0
"""Seconds over which that share is known well enough."""


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        name: what is compared; of quantities other than times, with their unit.
        ours, peer: seconds, or the unit in the name; less is better. None: not measured.
        bar: the least ratio that holds.
    """

    name: str
    ours: float | None
    peer: float | None
    bar: float

    @property
    def ratio(self) -> float | None:
        """How many times less ours is than the peer's."""
        return None if self.ours is None or self.peer is None else self.peer / self.ours

    @property
    def verdict(self) -> str:
        """held, not held or not measured."""
        if self.ratio is None:
            return "not measured"
        return "held" if self.ratio >= self.bar else "not held"


@dataclass(frozen=True)
class Point:
    """One point of the figure: `seconds` per `unit` ("particle-step" or "mode") of one code."""

    unit: str
    code: str
    n_particles: int
    seconds: float


@dataclass
class Outcome:
    """What a benchmark found: rows of the table and points of the figure."""

    rows: list[Row] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)


@dataclass(frozen=True)
class Benchmark:
    """A group of rows.

    Attributes:
        title: names the rows; words that select benchmarks are looked for in it.
        seconds: what it takes on one core of a Zen 4 server, for the estimate of the time left.
        run: measures.
    """

    title: str
    seconds: float
    run: Callable[[], Outcome]


def selected(benchmarks: Iterable[Benchmark], word: str) -> list[Benchmark]:
    """Those with the word in their title, in either case."""
    return [benchmark for benchmark in benchmarks if word.lower() in benchmark.title.lower()]


def timed(action: Callable[[], object]) -> float:
    """Seconds on the clock that an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def interleaved(actions: Sequence[Callable[[], object]], repetitions: int) -> list[float]:
    """Median seconds of actions that take turns, so that all see the machine's moods."""
    rounds = [[timed(action) for action in actions] for _ in range(repetitions)]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def cpu_seconds() -> float:
    """Used so far by this process and the children that it waited for."""
    return sum(os.times()[:4])


def run_all(benchmarks: Sequence[Benchmark], say: Callable[[str], None] = print) -> Outcome:
    """Run benchmarks one after the other; tell each one's title, the time left, and whether other
    programs had their share of the core."""
    total = Outcome()
    elapsed = 0.0
    for index, benchmark in enumerate(benchmarks):
        left = sum(later.seconds for later in benchmarks[index:])
        past = sum(earlier.seconds for earlier in benchmarks[:index])
        pace = elapsed / past if past else 1.0
        minutes = left * pace / 60.0
        say(f"[{index + 1}/{len(benchmarks)}] {benchmark.title}; {minutes:.1f} min left in all")
        start, used = time.perf_counter(), cpu_seconds()
        outcome = benchmark.run()
        taken = time.perf_counter() - start
        had = (cpu_seconds() - used) / max(taken, RESOLVED)
        if taken > RESOLVED and had < ALONE:
            say(
                f"    other programs ran on this core: it was ours for {100 * had:.0f}% of the time"
            )
        elapsed += taken
        for row in outcome.rows:
            say("    " + line(row))
        total.rows += outcome.rows
        total.points += outcome.points
    return total


def line(row: Row) -> str:
    """The row in one line of the table."""
    numbers = (_number(value) for value in (row.ours, row.peer, row.ratio, row.bar))
    ours, peer, ratio, bar = numbers
    return f"{row.name:<72} {ours:>10} {peer:>10} {ratio:>8} {bar:>8}  {row.verdict}"


def table(rows: Iterable[Row]) -> str:
    """All rows below a heading."""
    heading = f"{'what':<72} {'ours':>10} {'peer':>10} {'ratio':>8} {'bar':>8}"
    return "\n".join([heading, *map(line, rows)])


def write_json(path: str | Path, rows: Iterable[Row]) -> None:
    """A list of {"name", "ours_s", "peer_s", "ratio", "bar"}; null where not measured."""
    entries = [
        {
            "name": row.name,
            "ours_s": row.ours,
            "peer_s": row.peer,
            "ratio": row.ratio,
            "bar": row.bar,
        }
        for row in rows
    ]
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(entries, indent=2, ensure_ascii=False) + "\n")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
