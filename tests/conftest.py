"""What several test modules share: Snakemake, and one run of the whole study for the tests."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import ROOT, snakemake_command

# before numba is imported anywhere: the kernels of `cuda_kernels` run without a device
os.environ.setdefault("NUMBA_ENABLE_CUDASIM", "1")


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
def study(tmp_path_factory) -> Path:
    """Folder in which the workflow ran config/test.yaml on one core; its results are not to be
    changed."""
    folder = tmp_path_factory.mktemp("study")
    done = run_snakemake(folder, ROOT / "config" / "test.yaml", "--cores=1")
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture(scope="session")
def results(study) -> Path:
    """The results in that folder."""
    return study / "results" / "test"
