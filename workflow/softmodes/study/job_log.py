"""The log of one job: time stamps, signs of life, warnings and errors, in one file.

    with job("equilibrate.log") as progress:
        for step in range(steps):
            ...
            progress.update(step / steps)

    read("equilibrate.log")    ->  what it tells, while the job runs and afterwards

An error inside the block ends the program with exit code 1 and lands in the log: a mistake of the
user (`InputError`) as its one message, anything else with its traceback. Ctrl-C leaves one line.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from softmodes.errors import InputError

HEARTBEAT = 10.0
"""Least time in seconds between two signs of life."""

TIME_FORMAT = "%Y-%m-%d %H:%M:%S%z"
_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4}) [A-Z]+ (.*)")
_FRACTION = re.compile(r"([\d.]+) % done after ")
_CORE_SECONDS = re.compile(r"finished after .*, ([\d.]+) core s")
_PART = 4096
"""Bytes at the start and at the end of a log, in which its first and latest lines are."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Told:
    """What the log of a job tells.

    Attributes:
        started: time of its first line in seconds since 1970, to one second.
        fraction: of the job that is done, from 0 to 1; None where it has not told yet.
        seconds: that the whole job takes; None where it has not told.
        core_seconds: that the job took of a core, and its processes; None where it has not told.
        last: its last line, without time and level; of a traceback the error itself.
        finished: whether it ended well.
    """

    started: float
    fraction: float | None
    seconds: float | None
    core_seconds: float | None
    last: str
    finished: bool


class Progress:
    """Logs how far a job has come, at most every `HEARTBEAT` seconds.

    Args:
        clock: gives the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = self._logged = clock()
        self._first: tuple[float, float] | None = None

    def update(self, fraction: float) -> None:
        """Tell the fraction of the job that is done, from 0 to 1; cheap to call often."""
        now = self._clock()
        if self._first is None:
            self._first = fraction, now
        if now - self._logged < HEARTBEAT:
            return
        self._logged = now
        elapsed = now - self._started
        # a job that goes on from a checkpoint is half done when it begins
        before, then = self._first if fraction > self._first[0] else (0.0, self._started)
        to_go = (1.0 - fraction) * (now - then) / (fraction - before) if fraction > before else None
        left = "unknown time" if to_go is None else f"about {duration(to_go)}"
        logger.info("%.1f %% done after %s, %s left", 100 * fraction, duration(elapsed), left)


@contextmanager
def job(log: str | Path) -> Iterator[Progress]:
    """Send everything logged and warned about inside the block to the file `log`.

    Raises:
        SystemExit: with code 1, after an exception in the block has been logged; with 130 after
            Ctrl-C.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(log, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", TIME_FORMAT))
    root, library = logging.getLogger(), logging.getLogger("softmodes")
    level = library.level
    root.addHandler(handler)
    library.setLevel(logging.INFO)
    logging.captureWarnings(True)
    started = time.monotonic()
    try:
        logger.info("started")
        yield Progress()
        cores = sum(os.times()[:4])
        logger.info("finished after %s, %.1f core s", duration(time.monotonic() - started), cores)
    except InputError as error:
        logger.error("%s", error)
        raise SystemExit(1) from error
    except KeyboardInterrupt:
        logger.error("interrupted after %s", duration(time.monotonic() - started))
        raise SystemExit(128 + signal.SIGINT) from None
    except Exception as error:
        logger.exception("failed after %s", duration(time.monotonic() - started))
        raise SystemExit(1) from error
    finally:
        logging.captureWarnings(False)
        library.setLevel(level)
        root.removeHandler(handler)
        handler.close()


def read(log: str | Path) -> Told | None:
    """What the log of a job tells; None where there is none with a line in it."""
    try:
        with Path(log).open("rb") as file:
            head = file.read(_PART)
            file.seek(max(0, file.seek(0, os.SEEK_END) - _PART))
            text = (head + b"\n" + file.read()).decode(errors="replace")
    except FileNotFoundError:
        return None
    lines = [(_seconds(time), words) for time, words in _LINE.findall(text)]
    if not lines:
        return None
    last = _LINE.sub(r"\2", text.rstrip().rpartition("\n")[2])
    told = [
        (time, float(part[1]) / 100) for time, words in lines if (part := _FRACTION.match(words))
    ]
    finished = last.startswith("finished after ")
    seconds, core_seconds = None, None
    if finished and "going on from" not in text:
        seconds = lines[-1][0] - lines[0][0]
        if cores := _CORE_SECONDS.fullmatch(last):
            core_seconds = float(cores[1])
    elif told and told[-1][1] > told[0][1]:
        # a job that goes on from a checkpoint is half done when it begins
        seconds = (told[-1][0] - told[0][0]) / (told[-1][1] - told[0][1])
    fraction = 1.0 if finished else told[-1][1] if told else None
    return Told(lines[0][0], fraction, seconds, core_seconds, last, finished)


def _seconds(time: str) -> float:
    return datetime.strptime(time, TIME_FORMAT).timestamp()


def duration(seconds: float) -> str:
    """A time span in words: 8.4 s, 3 min 05 s, 2 h 07 min, 4 d 03 h."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes:02d} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours:02d} h"
