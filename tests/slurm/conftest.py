"""A Slurm cluster on this machine, for the tests of this folder.

These take minutes and root, so plain `pytest` leaves them out: pytest tests/slurm
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("cluster.sh")
NEEDED = ("slurmctld", "slurmd", "munged", "mungekey", "squeue")


def cannot_start() -> str | None:
    """Why no cluster can be started here; None where it can."""
    if lacking := [name for name in NEEDED if shutil.which(name) is None]:
        return f"{', '.join(lacking)} not installed"
    if os.geteuid() != 0:
        return "not root"
    if Path("/etc/slurm/slurm.conf").exists():
        return "this machine belongs to a cluster"
    return None


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """A running cluster of one node; skips where there can be none."""
    pytest.importorskip(
        "snakemake_executor_plugin_slurm", reason="Slurm's plugin for Snakemake is not installed"
    )
    if reason := cannot_start():
        pytest.skip(f"no Slurm can be started here: {reason}")
    folder = tmp_path_factory.mktemp("cluster")
    subprocess.run([SCRIPT, "start", folder], check=True)
    yield folder
    subprocess.run([SCRIPT, "stop", folder], check=True)
