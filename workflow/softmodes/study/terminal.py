"""What a run of the workflow tells: how far it is, how long it will take, and how it ended.

    run = Run(tasks, cores=2)
    screen = Screen(stream)                     # in place of `stream`, for all that is written
    logger.addHandler(Follower(run, screen))    # Snakemake's, of jobs that start, finish and fail
    run.failures()                              ->  the last words of every job that failed

How far a run is counts by what jobs cost, not by their number. The time left follows from how long
jobs take here beside what was expected: finished ones, and running ones as far as their logs tell.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, TextIO

from softmodes.study import job_log

ON_SCREEN, IN_FILE = 1.0, 60.0
"""Seconds between two lines, on a terminal and elsewhere."""
EXPECTED = 60.0
"""Core seconds that count as taken as expected, before jobs have told how long they take."""
MAX_FRACTION = 0.9
"""Fraction done of a running job whose log tells none, however long it takes."""
ERASE = "\r\x1b[K"


@dataclass(frozen=True)
class Task:
    """One job of a run.

    Attributes:
        stage: its rule.
        seconds: of one core, as `costs` expects; 0 where that does not tell.
        cores: that it holds.
        log: its log file, if it has one.
        after: numbers of the jobs that it waits for.
    """

    stage: str
    seconds: float
    cores: int = 1
    log: Path | None = None
    after: frozenset[int] = frozenset()


class Run:
    """The jobs of a run, and which have started, finished and failed.

    Args:
        tasks: by Snakemake's numbers.
        cores: that work at a time; None on a cluster, where as many count as jobs were ever seen to
            run at a time.
        clock: gives the time in seconds since 1970.

    Attributes:
        stages: of all jobs.
    """

    def __init__(
        self,
        tasks: Mapping[int, Task],
        cores: int | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.stages = {task.stage for task in tasks.values()}
        self._tasks = tasks
        self._cores = cores
        self._clock = clock
        self._most_running = 0
        self._started: dict[int, float] = {}
        self._finished: set[int] = set()
        self._took: dict[int, float] = {}
        self._failed: dict[int, str] = {}
        self._seconds = sum(task.seconds for task in tasks.values())
        before = {number: task.after & tasks.keys() for number, task in tasks.items()}
        self._order = tuple(TopologicalSorter(before).static_order())

    def start(self, numbers: Iterable[int]) -> None:
        """Jobs have been started, or submitted."""
        # a group of jobs has a number of its own
        self._started |= dict.fromkeys(self._tasks.keys() & numbers, self._clock())

    def finish(self, number: int) -> None:
        """A job has ended well."""
        if (told := self._told(number)) and told.seconds is not None:
            self._took[number] = told.seconds
        self._started.pop(number, None)
        self._failed.pop(number, None)
        self._finished.add(number)

    def fail(self, number: int) -> None:
        """A job has failed."""
        task, told = self._tasks[number], self._told(number)
        last = f": {told.last}" if told else ""
        where = f"\n    {task.log}" if task.log else ""
        self._started.pop(number, None)
        self._failed[number] = f"{task.stage}{last}{where}"

    def failures(self) -> list[str]:
        """Stage, last line of the log and its place, of every job that failed.

        One that ended well when it was tried again has not.
        """
        return list(self._failed.values())

    def line(self) -> str:
        """How far the run is; empty where no job has a cost."""
        if not self._seconds:
            return ""
        running = {number: told for number in self._started if (told := self._told(number))}
        stages = Counter(self._tasks[number].stage for number in running)
        self._most_running = max(self._most_running, stages.total() - stages["compile"])
        slowness = self._slowness(running)
        fractions = dict.fromkeys(self._finished, 1.0)
        fractions |= {
            number: self._fraction(number, told, slowness) for number, told in running.items()
        }
        done = sum(fraction * self._tasks[number].seconds for number, fraction in fractions.items())
        parts = [
            f"{len(self._finished)} of {len(self._tasks)} jobs",
            f"{100 * done / self._seconds:.0f} % of {self._seconds / 3600:.2g} core hours",
        ]
        if cores := self._cores or self._most_running:
            parts.append(_left(slowness * self._expected_left(fractions, cores)))
        if self._failed:
            parts.append(f"{len(self._failed)} failed")
        if running:
            counts = ", ".join(f"{number} {stage}" for stage, number in stages.items())
            parts.append(f"now {counts}")
        return ", ".join(parts)

    def _told(self, number: int) -> job_log.Told | None:
        """What a job's log tells, if it was written since the job was started."""
        log, started = self._tasks[number].log, self._started.get(number)
        if log is None or started is None:
            return None
        told = job_log.read(log)
        # which gives whole seconds
        return told if told and told.started >= int(started) else None

    def _slowness(self, running: Mapping[int, job_log.Told]) -> float:
        """Seconds that jobs take over those expected.

        Compilation tells nothing about the others: it takes as long as kernels are missing.
        """
        took = {number: told.seconds for number, told in running.items() if told.seconds}
        took |= self._took
        known = [n for n in took if self._tasks[n].stage != "compile" and self._tasks[n].seconds]
        expected = EXPECTED + sum(self._tasks[number].seconds for number in known)
        return (EXPECTED + sum(took[number] for number in known)) / expected

    def _fraction(self, number: int, told: job_log.Told, slowness: float) -> float:
        """Of a running job, what is done."""
        if told.fraction is not None:
            return told.fraction
        seconds = slowness * self._tasks[number].seconds
        return min(MAX_FRACTION, (self._clock() - told.started) / seconds) if seconds else 0.0

    def _expected_left(self, fractions: Mapping[int, float], cores: int) -> float:
        """Expected seconds to go.

        No fewer than the longest chain of jobs that wait for each other takes, nor all work spread
        evenly.
        """
        work, ends = 0.0, dict[int, float]()
        for number in self._order:
            task = self._tasks[number]
            left = (1.0 - fractions.get(number, 0.0)) * task.seconds
            work += min(task.cores, cores) * left
            before = (ends[other] for other in task.after if other in ends)
            ends[number] = left + max(before, default=0.0)
        return max(work / cores, *ends.values())


class Screen:
    """What a run writes to, and the line that tells how far it is.

    On a terminal one that stays below everything else, elsewhere one now and then.

    Attributes:
        pause: seconds between two lines.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        self.pause = ON_SCREEN if self._is_terminal else IN_FILE
        self._line = ""
        self._within_a_line = False
        self._lock = threading.RLock()

    def write(self, text: str) -> None:
        """Write above the line."""
        with self._lock:
            self._stream.write(ERASE + text if self._line and not self._within_a_line else text)
            self._within_a_line = not text.endswith("\n")
            self._draw()

    def show(self, line: str) -> None:
        """Show this line, from now on where that is a terminal."""
        with self._lock:
            if self._is_terminal:
                if self._line and not self._within_a_line:
                    self._stream.write(ERASE)
                self._line = line
                self._draw()
            elif line:
                self._stream.write(f"{line}\n")
            self._stream.flush()

    def _draw(self) -> None:
        if self._line and not self._within_a_line:
            # a terminal may not know how wide it is
            width = os.get_terminal_size(self._stream.fileno()).columns or 80
            self._stream.write(f"{self._line[: width - 1]}\r")

    def __getattr__(self, name: str) -> Any:
        """All else is as of what it writes to."""
        return getattr(self._stream, name)


class Follower(logging.Handler):
    """Follows a run by Snakemake's records, and shows how far it is until it is closed.

    Args:
        run: to follow.
        screen: where that is shown, if anywhere.
    """

    def __init__(self, run: Run, screen: Screen | None = None) -> None:
        super().__init__()
        self.run = run
        self._screen = screen
        self._stopped = threading.Event()
        self._changing = threading.Lock()
        if screen is not None:
            threading.Thread(target=self._keep_telling, args=(screen,), daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Take notice of a record; one that tells otherwise than expected counts for nothing."""
        with self._changing, suppress(AttributeError, KeyError):
            told = vars(record)
            match told.get("event"):
                case "job_started":
                    self.run.start(told["jobs"])
                case "job_finished":
                    self.run.finish(told["job_id"])
                case "job_error":
                    self.run.fail(told["jobid"])

    def close(self) -> None:
        """Show nothing any more."""
        with self._changing:
            self._stopped.set()
            if self._screen is not None:
                self._screen.show("")
        super().close()

    def _keep_telling(self, screen: Screen) -> None:
        pause = screen.pause
        while not self._stopped.wait(pause):
            began = time.monotonic()
            with self._changing:
                if not self._stopped.is_set():
                    screen.show(self.run.line())
            # many logs on a slow file system
            pause = max(screen.pause, 20 * (time.monotonic() - began))


def result(study: str, results: str | Path, report_command: str) -> str:
    """What a complete study ends with: its headline, and where everything is.

    Args:
        study: its name.
        results: its folder, with `summary.json`.
        report_command: makes the report.
    """
    headline = json.loads(Path(results, "summary.json").read_text("utf-8")).get("headline")
    lines = [
        f"The study {study} is complete.",
        headline,
        f"    Figures: {results}/figures",
        f"    Summary: {results}/summary.md",
        f"    Report: {report_command}",
    ]
    return "\n".join(filter(None, lines))


def _left(seconds: float) -> str:
    """In words, in steps that can be read."""
    if seconds < 60:
        return "less than 1 min left"
    return f"{job_log.duration(5 * round(seconds / 5))} left"
