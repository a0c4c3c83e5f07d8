"""What several test modules share: Snakemake, and one run of the whole study for the tests."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import ROOT, snakemake_command

# before numba is imported anywhere: the kernels of `cuda_kernels` run without a device
os.environ.setdefault("NUMBA_ENABLE_CUDASIM", "1")

KINDS = {
    "workflow": {
        "archive",
        "checkpoint",
        "cli",
        "compile",
        "costs",
        "equilibria",
        "failures",
        "module",
        "report",
        "reruns",
        "terminal",
        "wheel",
        "workflow",
    },
    "docs": {"contributing", "docs", "readme", "theory", "tutorial"},
    "peers": {"benchmarks", "cuda", "freud", "gamma_c", "lammps"},
}
"""Modules of tests by kind: of the whole workflow, its jobs and the command; of the documents; and
against other codes, the device's simulator and synthetic ensembles. All others are unit tests."""

STUDY = {"results", "snakemake", "study"}
"""Fixtures that run the workflow."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test gets its kind for a marker: `pytest -m unit`."""
    for item in items:
        name = item.path.stem.removeprefix("test_")
        kinds = [kind for kind, names in KINDS.items() if name in names]
        if not kinds and STUDY & set(getattr(item, "fixturenames", ())):
            kinds = ["workflow"]
        item.add_marker(*kinds or ["unit"])


def run_snakemake(
    folder: Path, configuration: Path, *arguments: str
) -> subprocess.CompletedProcess:
    """Run this repository's workflow in a folder of its own; its output is one text, `stdout`."""
    return subprocess.run(
        snakemake_command(folder, configuration, *arguments),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="session")
def snakemake() -> Callable[..., subprocess.CompletedProcess]:
    """`run_snakemake`."""
    return run_snakemake


@pytest.fixture(scope="session")
def study(tmp_path_factory, worker_id) -> Path:
    """Folder in which the workflow ran config/test.yaml on one core; its results are not to be
    changed. One worker runs it, each gets a copy."""
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent
    made, folder = shared / "made", own / "study"
    with (shared / "made.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            making = tmp_path_factory.mktemp("making")
            done = run_snakemake(making, ROOT / "config" / "test.yaml", "--cores=1")
            assert done.returncode == 0, done.stdout
            making.rename(made)
    return shutil.copytree(made, folder)


@pytest.fixture(scope="session")
def results(study) -> Path:
    """The results in that folder."""
    return study / "results" / "test"
