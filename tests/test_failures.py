"""Jobs that cannot go on end in one message, a non-zero exit and no damaged file; killed ones are
made up for."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml
from commands import ROOT, snakemake_command

from softmodes.study import storage
from softmodes.study.checkpoint import Checkpoint

TEST = ROOT / "config" / "test.yaml"
NAME = "N120_T0.600_s001"
EQUILIBRIUM = f"results/test/equilibrium/{NAME}.h5"
QUENCH = f"results/test/quench/{NAME}.h5"


@pytest.fixture
def folder(study: Path, tmp_path: Path) -> Path:
    """A copy of the study that may be damaged."""
    shutil.copytree(study, tmp_path, dirs_exist_ok=True)
    return tmp_path


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): storage.digest(path)
        for path in folder.rglob("*.h5")
        if ".snakemake" not in path.parts
    }


def assert_one_message(done: subprocess.CompletedProcess, message: str) -> None:
    """The workflow failed, and the job's log, which it shows, has one error and no traceback."""
    assert done.returncode != 0
    errors = [line for line in done.stdout.splitlines() if re.search(r"\d ERROR ", line)]
    assert len(set(errors)) == 1, done.stdout
    assert re.search(message, errors[0]), done.stdout
    assert "Traceback" not in "".join(done.stdout.partition(errors[0])[:1]), done.stdout


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:2000])


def other_version(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 99


def not_a_number(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["positions"][3, 1] = np.nan


def garbled(path: Path) -> None:
    path.write_bytes(np.random.default_rng(1).bytes(path.stat().st_size))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (cut_short, "no readable HDF5, perhaps cut short; make it again"),
        (garbled, "no readable HDF5"),
        (other_version, "format_version is 99, expected 1"),
        (not_a_number, "'positions' holds NaN or infinity"),
    ],
)
def test_a_damaged_input_is_named(
    damage: Callable[[Path], None], message: str, folder: Path, snakemake: Callable
) -> None:
    before = digests(folder)
    damage(folder / EQUILIBRIUM)
    done = snakemake(folder, TEST, "--cores=1", QUENCH)
    assert_one_message(done, rf"{NAME}\.h5: .*{message}")
    assert not (folder / QUENCH).exists()
    (folder / EQUILIBRIUM).unlink()
    left = digests(folder)
    assert left == {name: before[name] for name in left}


def test_a_folder_that_is_a_file_is_named(folder: Path, snakemake: Callable) -> None:
    shutil.rmtree(folder / "results" / "test" / "checkpoints", ignore_errors=True)
    (folder / "results" / "test" / "checkpoints").write_text("in the way")
    (folder / EQUILIBRIUM).unlink()
    done = snakemake(folder, often_kept(folder), "--cores=1", EQUILIBRIUM)
    assert_one_message(done, r"checkpoints/equilibrium/.*: not written, ")
    assert not (folder / EQUILIBRIUM).exists()


def test_a_full_disk_is_told(folder: Path) -> None:
    """On a file system of its own, in which all but one file of the study fit."""
    if not shutil.which("unshare"):
        pytest.skip("needs unshare, of util-linux, to have a small disk")
    small = folder / "small"
    small.mkdir()
    (folder / QUENCH).unlink()
    command = f"""
        mount -t tmpfs -o size=10m none {small}
        cp -a {folder}/results {folder}/.snakemake {small}
        dd if=/dev/zero of={small}/filler bs=4096 2>/dev/null
        truncate -s -$((40 * 1024)) {small}/filler
        {sys.executable} -m snakemake --snakefile {ROOT}/Snakefile --directory {small} \\
            --configfile {TEST} --cores 1 --nolock {QUENCH} 2>&1
        code=$?
        ls -A {small}/results/test/quench
        exit $code
    """
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert_one_message(done, rf"{NAME}\.h5: not written, No space left on device")
    listed = done.stdout.splitlines()[-3:]
    assert all(re.fullmatch(r"N120_T[\d.]+_s00\d\.h5", name) for name in listed)
    assert f"{NAME}.h5" not in listed


def often_kept(folder: Path, **changes: object) -> Path:
    """The configuration with many checkpoints."""
    path = folder / "often.yaml"
    kept = yaml.safe_load(TEST.read_text()) | {"checkpoint_interval": 0.05} | changes
    path.write_text(yaml.safe_dump(kept))
    return path


def longer(entry: dict, time: float) -> dict:
    return entry | {"equilibration_time": time}


def test_a_killed_job_goes_on_and_ends_in_the_same_bits(
    tmp_path: Path, snakemake: Callable
) -> None:
    """SIGKILL and SIGTERM, each in the midst of an equilibration of some seconds."""
    entries = yaml.safe_load(TEST.read_text())["temperatures"]
    long = [longer(entries[0], 2000), entries[1]]
    target = "results/test/equilibrium/N120_T1.000_s000.h5"
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
    configuration = often_kept(tmp_path, temperatures=long)
    done = snakemake(whole, configuration, "--cores=1", target)
    assert done.returncode == 0, done.stdout
    assert not list((whole / "results/test/checkpoints").rglob("*.npz"))

    for number in (signal.SIGKILL, signal.SIGTERM):
        process = started(killed, configuration, target)
        kept = wait_for_new_checkpoint(killed, process)
        os.killpg(process.pid, number)
        process.wait()
        assert kept.exists()
        assert not (killed / target).exists()
        snakemake(killed, configuration, "--unlock")
    done = snakemake(killed, configuration, "--cores=1", target)
    assert done.returncode == 0, done.stdout
    log = (killed / "results/test/logs/equilibrate/N120_T1.000_s000.log").read_text()
    assert "going on from" in log
    assert storage.digest(killed / target) == storage.digest(whole / target)
    assert not list((killed / "results/test/checkpoints").rglob("*.npz"))


def test_ctrl_c_in_a_terminal_keeps_the_state(tmp_path: Path, snakemake: Callable) -> None:
    """SIGINT, which a terminal sends to all processes in its foreground, in an equilibration."""
    entries = yaml.safe_load(TEST.read_text())["temperatures"]
    long = [longer(entries[0], 6000), entries[1]]
    configuration = often_kept(tmp_path, temperatures=long, checkpoint_interval=1000)
    target = "results/test/equilibrium/N120_T1.000_s000.h5"
    log = tmp_path / "results/test/logs/equilibrate/N120_T1.000_s000.log"
    process, terminal = os.forkpty()
    if not process:
        os.chdir(ROOT)
        os.execv(sys.executable, snakemake_command(tmp_path, configuration, "--cores=1", target))
    shown, pressed = b"", None
    with contextlib.suppress(OSError):  # when the last process has left the terminal
        while True:
            if select.select([terminal], [], [], 0.1)[0]:
                shown += os.read(terminal, 4096)
            if pressed is None and log.exists() and "started" in log.read_text():
                pressed = time.monotonic() + 1.0
            if pressed is not None and time.monotonic() > pressed:
                os.write(terminal, b"\x03")
                pressed = np.inf
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    assert status != 0
    assert b"Traceback" not in shown, shown.decode()
    lines = log.read_text().splitlines()
    assert "asked to stop; the next run goes on from" in lines[-1]
    assert len(list((tmp_path / "results/test/checkpoints").rglob("[!.]*.npz"))) == 1
    done = snakemake(tmp_path, configuration, "--cores=1", target)
    assert done.returncode == 0, done.stdout
    assert "going on from" in log.read_text()


def test_a_checkpoint_of_another_study_is_refused(tmp_path: Path, snakemake: Callable) -> None:
    entries = yaml.safe_load(TEST.read_text())["temperatures"]
    configuration = often_kept(tmp_path, temperatures=[longer(entries[0], 2000), entries[1]])
    target = "results/test/equilibrium/N120_T1.000_s000.h5"
    process = started(tmp_path, configuration, target)
    kept = wait_for_new_checkpoint(tmp_path, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    Checkpoint(kept, "another", 0.0).save(done=3)
    snakemake(tmp_path, configuration, "--unlock")
    done = snakemake(tmp_path, configuration, "--cores=1", target)
    assert_one_message(done, r"\.npz: checkpoint of another configuration or code; delete it")
    assert not (tmp_path / target).exists()


def started(folder: Path, configuration: Path, target: str) -> subprocess.Popen:
    """Snakemake in a process group of its own."""
    return subprocess.Popen(
        snakemake_command(folder, configuration, "--cores=1", target),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_for_new_checkpoint(folder: Path, process: subprocess.Popen) -> Path:
    """A checkpoint that was written after this call."""
    since = time.time()
    while process.poll() is None:
        for path in (folder / "results/test/checkpoints").rglob("[!.]*.npz"):
            if path.stat().st_mtime > since:
                return path
        time.sleep(0.01)
    raise AssertionError("the job ended without a checkpoint")
