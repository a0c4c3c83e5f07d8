"""What a run tells: figures worked out by hand, a terminal emulated, and runs on a real one."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from commands import ROOT, snakemake_command

from softmodes.study import terminal
from softmodes.study.job_log import TIME_FORMAT
from softmodes.study.terminal import Follower, Run, Screen, Task, result

TEST = ROOT / "config" / "test.yaml"
NOON = 1_700_000_000.0
"""When the runs below begin."""


class Clock:
    """A time that is set by hand, in seconds after noon."""

    seconds = 0.0

    def __call__(self) -> float:
        return NOON + self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def write(log: Path, *lines: tuple[float, str]) -> Path:
    """A job's log, whose lines have times in seconds after noon."""
    stamps = [time.strftime(TIME_FORMAT, time.localtime(NOON + seconds)) for seconds, _ in lines]
    words = [f"{stamp} INFO {text}\n" for stamp, (_, text) in zip(stamps, lines, strict=True)]
    log.write_text("".join(words), encoding="utf-8")
    return log


def chain(folder: Path) -> dict[int, Task]:
    """An equilibration of an hour, a quench after it of half an hour, and what gathers them."""
    return {
        7: Task("equilibrate", 3600, log=folder / "equilibrate.log"),
        8: Task("quench", 1800, log=folder / "quench.log", after=frozenset({7})),
        9: Task("all", 0, after=frozenset({7, 8, 99})),
    }


def test_a_run_begins_with_its_longest_chain_left(tmp_path: Path, clock: Clock) -> None:
    run = Run(chain(tmp_path), cores=2, clock=clock)
    assert run.line() == "0 of 3 jobs, 0 % of 1.5 core hours, 1 h 30 min left"


def test_or_with_all_work_spread_evenly(tmp_path: Path, clock: Clock) -> None:
    alone = {number: Task("quench", 1000, cores=3) for number in range(18)}
    # of two cores each job can have two
    assert Run(alone, 2, clock).line().endswith("5 h 00 min left")
    assert Run(alone, 9, clock).line().endswith("1 h 40 min left")


def test_the_time_left_goes_by_what_the_logs_tell(tmp_path: Path, clock: Clock) -> None:
    tasks = chain(tmp_path)
    run = Run(tasks, 2, clock)
    write(tasks[7].log, (-500, "started"), (-90, "75.0 % done after 1 s, about 1 s left"))
    run.start([7])
    # of an earlier run
    assert run.line() == "0 of 3 jobs, 0 % of 1.5 core hours, 1 h 30 min left"
    lines = [(0, "started"), (720, "10.0 % done after 12 min 00 s, about 1 h left")]
    write(tasks[7].log, *lines, (1800, "25.0 % done after 30 min 00 s, about 1 h left"))
    clock.seconds = 1800
    # 15 % in 1080 s, the whole in 7200 s; three quarters of it, and the quench, which is as slow
    slowness = (60 + 7200) / (60 + 3600)
    left = 0.75 * 3600 * slowness + 1800 * slowness
    assert (left // 3600, left % 3600 // 60) == (2, 28)
    assert run.line() == ("0 of 3 jobs, 17 % of 1.5 core hours, 2 h 28 min left, now 1 equilibrate")
    clock.seconds = 5400
    write(tasks[7].log, (0, "started"), (5400, "finished after 1 h 30 min"))
    run.finish(7)
    slowness = (60 + 5400) / (60 + 3600)
    assert round(1800 * slowness) == 2685
    assert run.line() == "1 of 3 jobs, 67 % of 1.5 core hours, 44 min 45 s left"


def test_a_job_that_went_on_is_not_taken_for_a_fast_one(tmp_path: Path, clock: Clock) -> None:
    tasks = chain(tmp_path)
    run = Run(tasks, 1, clock)
    run.start([7])
    begun = [(0, "started"), (1, "going on from state.npz")]
    half = (10, "50.0 % done after 10.0 s, unknown time left")
    write(tasks[7].log, *begun, half)
    clock.seconds = 10
    assert "1 h 00 min left" in run.line()
    more = (370, "60.0 % done after 6 min 10 s, 24 min 00 s left")
    write(tasks[7].log, *begun, half, more, (1800, "finished after 30 min 00 s"))
    run.finish(7)
    # a tenth in 360 s, as expected
    assert "30 min 00 s left" in run.line()


def test_compilation_is_shown_and_says_nothing_about_the_others(
    tmp_path: Path, clock: Clock
) -> None:
    tasks = {
        1: Task("compile", 60, cores=2, log=tmp_path / "compile.log"),
        2: Task("quench", 3600, log=tmp_path / "quench.log", after=frozenset({1})),
    }
    run = Run(tasks, 2, clock)
    run.start([1])
    write(tasks[1].log, (0, "started"))
    clock.seconds = 30
    assert run.line() == ("0 of 2 jobs, 1 % of 1 core hours, 1 h 00 min left, now 1 compile")
    clock.seconds = 6000
    # it takes long, and is not done for that
    assert "0 of 2 jobs, 1 % of 1 core hours" in run.line()
    write(tasks[1].log, (0, "started"), (6000, "finished after 1 h 40 min"))
    run.finish(1)
    assert run.line() == "1 of 2 jobs, 2 % of 1 core hours, 1 h 00 min left"


def test_a_cluster_has_as_many_cores_as_jobs_ran_at_a_time(tmp_path: Path, clock: Clock) -> None:
    tasks = {n: Task("quench", 3600, log=tmp_path / f"{n}.log") for n in range(10)}
    kernels = {10: Task("compile", 0, log=tmp_path / "compile.log")}
    run = Run(tasks | kernels, None, clock)
    run.start(tasks | kernels)
    # submitted
    assert run.line() == "0 of 11 jobs, 0 % of 10 core hours"
    write(kernels[10].log, (0, "started"))
    # alone, while the others wait for it
    assert run.line() == "0 of 11 jobs, 0 % of 10 core hours, now 1 compile"
    run.finish(10)
    for number in range(5):
        write(tasks[number].log, (0, "started"))
    assert run.line().endswith(", 2 h 00 min left, now 5 quench")
    for number in range(4):
        write(tasks[number].log, (0, "started"), (3600, "finished after 1 h 00 min"))
        run.finish(number)
    assert run.line().startswith("5 of 11 jobs, 40 % of 10 core hours, 1 h 12 min left")


def test_runs_that_cost_nothing_have_no_line(clock: Clock) -> None:
    assert Run({1: Task("estimate", 0)}, 2, clock).line() == ""


def test_failures_are_told_by_their_last_words(tmp_path: Path, clock: Clock) -> None:
    tasks = chain(tmp_path)
    run = Run(tasks, 2, clock)
    run.start([7, 8, 9])
    for number, error in ((7, "a.h5: cut short"), (8, "b.h5: cut short")):
        write(tasks[number].log, (0, "started"), (1, error))
        run.fail(number)
    tasks[8].log.write_text(
        f"{time.strftime(TIME_FORMAT, time.localtime(NOON))} ERROR failed after 1 s\n"
        "Traceback (most recent call last):\n  in a.py\nZeroDivisionError: a fault of ours\n"
    )
    run.start([8])
    run.fail(8)
    run.fail(9)
    assert "2 failed" not in run.line()
    assert "3 failed" in run.line()
    run.start([7])
    run.finish(7)
    assert run.failures() == [
        f"quench: ZeroDivisionError: a fault of ours\n    {tasks[8].log}",
        "all",
    ]


def rendered(written: str) -> list[str]:
    """The rows of a terminal, wide enough, after what was written to it; none above the first."""
    rows, column = [""], 0
    for piece in re.findall(r"\x1b\[K|\x1b\[\d*m|[^\x1b]", written):
        if piece == "\n":
            rows.append("")
        elif piece == "\r":
            column = 0
        elif piece == "\x1b[K":
            rows[-1] = rows[-1][:column]
        elif not piece.startswith("\x1b"):
            row = rows[-1].ljust(column)
            rows[-1] = row[:column] + piece + row[column + 1 :]
            column += 1
    return rows


class Reader:
    """The other end of a terminal of its own, whose rows have 80 columns."""

    def __init__(self) -> None:
        self._end, end = os.openpty()
        self.stream = os.fdopen(end, "w", encoding="utf-8")
        self._text = ""

    def text(self) -> str:
        """All that was written so far."""
        self.stream.flush()
        while select.select([self._end], [], [], 0)[0]:
            self._text += os.read(self._end, 65536).decode()
        return self._text


def test_the_line_stays_below_what_is_written() -> None:
    reader, choose = Reader(), random.Random(1)
    screen = Screen(reader.stream)
    expected, begun, line = [], "", ""
    for step in range(300):
        if choose.random() < 0.5:
            line = "" if choose.random() < 0.2 else f"{step} of 300" + choose.randrange(120) * "."
            screen.show(line)
        else:
            # Snakemake writes its lines in parts
            part = f"line {step}" + choose.choice(["", "", "\n", "\nanother\n", "\n\n"])
            screen.write(part)
            *whole, begun = (begun + part).split("\n")
            expected += whole
        below = begun or line[:79]
        assert rendered(reader.text()) == [*expected, below], step


def test_elsewhere_a_line_comes_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "IN_FILE", 0.05)
    path, logger = tmp_path / "out.txt", logging.Logger("run")
    with path.open("w", encoding="utf-8") as stream:
        run = Run({1: Task("quench", 60), 2: Task("all", 0)}, 2)
        follower = Follower(run, Screen(stream))
        logger.addHandler(follower)

        def wait_for(words: str) -> None:
            end = time.monotonic() + 60
            while path.read_text(encoding="utf-8").splitlines()[-1:] != [words]:
                assert time.monotonic() < end, path.read_text(encoding="utf-8")
                time.sleep(0.01)

        wait_for("0 of 2 jobs, 0 % of 0.017 core hours, 1 min 00 s left")
        logger.info("Execute 1 jobs...", extra={"event": "job_started", "jobs": [1]})
        # of another Snakemake
        logger.info("Finished", extra={"event": "job_finished", "job": 1})
        logger.info("Finished", extra={"event": "job_finished", "job_id": "of a group"})
        logger.info("Finished", extra={"event": "job_finished", "job_id": 1})
        wait_for("1 of 2 jobs, 100 % of 0.017 core hours, less than 1 min left")
        logger.error("Error", extra={"event": "job_error", "jobid": 2})
        assert run.failures() == ["all"]
        follower.close()
        size = path.stat().st_size
        time.sleep(0.2)
        assert path.stat().st_size == size
    assert "\x1b" not in path.read_text(encoding="utf-8")


def test_the_end_tells_where_everything_is(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text(json.dumps({"headline": "γ_c = 0.07"}), "utf-8")
    assert result("glass", tmp_path, "snakemake --report r.html") == (
        "The study glass is complete.\nγ_c = 0.07\n"
        f"    Figures: {tmp_path}/figures\n    Summary: {tmp_path}/summary.md\n"
        "    Report: snakemake --report r.html"
    )
    (tmp_path / "summary.json").write_text("{}")
    assert result("glass", tmp_path, "").startswith("The study glass is complete.\n    Figures: ")


def on_terminal(command: Iterable[str], folder: Path = ROOT) -> str:
    """What a terminal gets from a command that ends well."""
    process, end = os.forkpty()
    if not process:
        os.chdir(folder)
        os.execv(sys.executable, list(command))
    shown = b""
    with contextlib.suppress(OSError):  # when the last process has left the terminal
        while part := os.read(end, 65536):
            shown += part
    os.close(end)
    _, status = os.waitpid(process, 0)
    assert status == 0, shown.decode()
    return shown.decode()


@pytest.fixture
def folder(study: Path, tmp_path: Path) -> Path:
    """A copy of the study, with a headline."""
    shutil.copytree(study, tmp_path / "study")
    path = tmp_path / "study/results/test/summary.json"
    times = path.stat()
    summary = json.loads(path.read_text("utf-8")) | {"headline": "It yields at γ_c = 0.07."}
    path.write_text(json.dumps(summary), "utf-8")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    return tmp_path / "study"


AGAIN = ("--cores=1", "--forcerun=figure1")
ENDING = """The study test is complete.
It yields at γ_c = 0.07.
    Figures: results/test/figures
    Summary: results/test/summary.md
    Report: """


def test_a_run_on_a_terminal(folder: Path) -> None:
    written = on_terminal(snakemake_command(folder, TEST, *AGAIN))
    lines = set(re.findall(r"\d of 3 jobs, \d+ % of [\d.]+ core hours.*? left[^\r\x1b]*", written))
    assert any("now 1 figure1" in line for line in lines), written
    shown = "\n".join(rendered(written))
    assert ENDING in shown
    assert "core hours" not in shown
    assert "Reason:" not in shown
    assert " steps (" not in shown
    # in one piece
    assert re.search(r"^Select jobs to execute\.\.\.$", shown, re.M)
    assert re.search(r"^Job \d+: The study test is complete\.$", shown, re.M)
    (command,) = re.findall(r"Report: (.*)", shown)
    assert "--report report.html" in command
    done = subprocess.run([sys.executable, "-m", *command.split()], cwd=ROOT, capture_output=True)
    assert done.returncode == 0
    # taken for the run's folder
    assert (folder / "report.html").stat().st_size > 100_000


@pytest.mark.parametrize("arguments", [(*AGAIN, "--quiet"), ("--dry-run", "--forceall")])
def test_a_quiet_or_a_dry_run_shows_no_line(folder: Path, arguments: tuple[str, ...]) -> None:
    written = on_terminal(snakemake_command(folder, TEST, *arguments))
    assert "core hours" not in written
    assert (ENDING in "\n".join(rendered(written))) == ("--quiet" in arguments)


def test_a_run_in_a_pipe_has_no_escapes(folder: Path, snakemake: Callable) -> None:
    done = snakemake(folder, TEST, *AGAIN)
    assert done.returncode == 0
    assert ENDING in done.stdout
    assert "\x1b" not in done.stdout


def test_another_snakemake_runs_without_the_line(folder: Path) -> None:
    """One that lacks what the line is made of."""
    program = (
        "from snakemake.cli import main; from snakemake.workflow import Workflow; "
        "del Workflow.nodes; main()"
    )
    _, _, _, *arguments = snakemake_command(folder, TEST, *AGAIN)
    written = on_terminal([sys.executable, "-c", program, *arguments])
    assert "core hours" not in written
    assert "The study test is complete." in written
