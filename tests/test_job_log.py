"""The log of a job: heartbeats, warnings and errors."""

import logging
import os
import re
import signal
import time
import warnings
from datetime import datetime, timedelta

import pytest

from softmodes.errors import InputError
from softmodes.study.job_log import HEARTBEAT, TIME_FORMAT, Progress, duration, job, read


def test_every_line_carries_a_time_stamp_and_a_level(tmp_path):
    log = tmp_path / "deep" / "job.log"
    with job(log):
        logging.getLogger("softmodes.dynamics").info("a word")
    lines = log.read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4} INFO ", line) for line in lines)
    assert [line.split(maxsplit=3)[3] for line in lines[:2]] == ["started", "a word"]
    assert "finished after" in lines[-1]
    told = read(log)
    assert told.finished
    # of this process, which has imported a library
    assert 0.3 < told.core_seconds <= sum(os.times()[:4]) + 0.05


def test_heartbeats_keep_their_distance_and_tell_share_and_time_left(caplog):
    now = 0.0
    progress = Progress(clock=lambda: now)
    beats = []
    with caplog.at_level(logging.INFO, logger="softmodes"):
        for step in range(101):
            now = 0.5 * step
            before = len(caplog.records)
            progress.update(step / 200)
            beats += [now] * (len(caplog.records) - before)
    assert beats == [HEARTBEAT * beat for beat in range(1, 6)]
    assert caplog.messages[1] == "20.0 % done after 20.0 s, about 1 min 20 s left"


def test_a_job_that_goes_on_counts_from_there(caplog):
    now = 5.0
    progress = Progress(clock=lambda: now)
    progress.update(0.5)
    now = 25.0
    with caplog.at_level(logging.INFO, logger="softmodes"):
        progress.update(0.6)
    assert caplog.messages == ["60.0 % done after 20.0 s, about 1 min 20 s left"]


def test_a_start_without_progress_promises_no_end(caplog):
    now = 0.0
    progress = Progress(clock=lambda: now)
    now = 12.0
    with caplog.at_level(logging.INFO, logger="softmodes"):
        progress.update(0.0)
    assert caplog.messages == ["0.0 % done after 12.0 s, unknown time left"]


def test_warnings_land_in_the_log(tmp_path):
    with job(tmp_path / "job.log"):
        warnings.warn("the tail is thin", RuntimeWarning, stacklevel=1)
    line = next(line for line in (tmp_path / "job.log").read_text().splitlines() if "thin" in line)
    assert "WARNING" in line
    assert "RuntimeWarning" in line


def test_a_users_mistake_is_one_line_and_exit_code_1(tmp_path):
    with pytest.raises(SystemExit) as stop, job(tmp_path / "job.log"):
        raise InputError("samples: 0 given")
    text = (tmp_path / "job.log").read_text()
    assert stop.value.code == 1
    assert text.splitlines()[-1].endswith("ERROR samples: 0 given")
    assert "Traceback" not in text


def test_an_interrupt_is_one_line_and_its_exit_code(tmp_path):
    # a shell has its jobs in the background ignore it
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(SystemExit) as stop, job(tmp_path / "job.log"):  # noqa: PT012
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
    text = (tmp_path / "job.log").read_text()
    assert stop.value.code == 130
    assert "ERROR interrupted after" in text.splitlines()[-1]
    assert "Traceback" not in text
    assert stop.value.__suppress_context__


def test_any_other_error_leaves_its_traceback(tmp_path):
    with pytest.raises(SystemExit) as stop, job(tmp_path / "job.log"):
        raise ZeroDivisionError("a fault of ours")
    text = (tmp_path / "job.log").read_text()
    assert stop.value.code == 1
    assert "Traceback" in text
    assert "ZeroDivisionError: a fault of ours" in text
    assert "finished" not in text


def test_the_log_ends_with_the_job(tmp_path):
    with job(tmp_path / "first.log"):
        pass
    with job(tmp_path / "second.log"):
        logging.getLogger("softmodes").info("second only")
    assert "second only" not in (tmp_path / "first.log").read_text()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (8.44, "8.4 s"),
        (59.97, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3599.7, "1 h 00 min"),
        (2 * 3600 + 7 * 60, "2 h 07 min"),
        (4 * 86400 + 3 * 3600 + 120, "4 d 03 h"),
    ],
)
def test_time_spans_in_words(seconds, words):
    assert duration(seconds) == words


def test_what_a_log_tells_while_a_job_runs_and_afterwards(tmp_path):
    log = tmp_path / "job.log"
    assert read(log) is None
    log.touch()
    assert read(log) is None
    with job(log):
        before = int(time.time())
        assert read(log).fraction is read(log).seconds is None
        assert 0 <= before - read(log).started <= 1
        now = 0.0
        progress = Progress(clock=lambda: now)
        now = 12.0
        progress.update(0.25)
        assert read(log).fraction == 0.25
        assert read(log).last == "25.0 % done after 12.0 s, about 36.0 s left"
        assert not read(log).finished
    assert read(log).finished
    assert read(log).fraction == 1.0
    assert 0 <= read(log).seconds <= 1


def test_of_a_traceback_the_error_is_what_a_log_tells(tmp_path):
    log = tmp_path / "job.log"
    with pytest.raises(SystemExit), job(log):
        raise ZeroDivisionError("a fault of ours")
    assert read(log).last == "ZeroDivisionError: a fault of ours"
    assert not read(log).finished
    with pytest.raises(SystemExit), job(log):
        raise InputError("samples: 0 given")
    assert read(log).last == "samples: 0 given"


def beats(log, seconds, before=0.0):
    """A log of a job that takes so many seconds, the last thousand beats of it far from the first;
    `before` was done when it began."""
    begin = datetime.fromisoformat("2026-03-29T00:30:00+01:00")
    lines = [(0, "started")] + [(1, "going on from state.npz")] * (before > 0)
    for beat in range(1, int((1 - before) * seconds / 10)):
        fraction = 100 * before + 1000 * beat / seconds
        lines.append(
            (10 * beat, f"{fraction:.1f} % done after {duration(10 * beat)}, unknown left")
        )
    stamped = [f"{begin + timedelta(seconds=at):{TIME_FORMAT}} INFO {text}\n" for at, text in lines]
    log.write_text("".join(stamped))
    return begin.timestamp()


@pytest.mark.parametrize("before", [0.0, 0.6])
def test_how_long_a_job_takes_follows_from_a_long_log(tmp_path, before):
    log = tmp_path / "job.log"
    begin = beats(log, 40000, before)
    assert log.stat().st_size > 50000
    told = read(log)
    assert told.started == begin
    assert told.fraction == pytest.approx(1.0, abs=2e-3)
    assert told.seconds == pytest.approx(40000, rel=0.01)
    with log.open("a") as file:
        end = datetime.fromtimestamp(begin + 40000 * (1 - before)).astimezone()
        file.write(f"{end:{TIME_FORMAT}} INFO finished after a while\n")
    # what went before a stop counts
    assert read(log).seconds == pytest.approx(40000, rel=0.01)
