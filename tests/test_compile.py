"""The job that compiles the kernels makes nothing out of date."""

import re
import shutil
from pathlib import Path

import pytest

TEST = Path(__file__).parents[1] / "config" / "test.yaml"


@pytest.fixture
def folder(study, tmp_path):
    """A copy of the study."""
    return shutil.copytree(study, tmp_path / "copy")


def planned(snakemake, folder, *arguments):
    """Rules that a dry run would run."""
    done = snakemake(folder, TEST, "--dry-run", *arguments)
    assert done.returncode == 0, done.stdout
    return set(re.findall(r"^(\w+)\s+\d+$", done.stdout, re.M)) - {"all", "total"}


def test_kernels_compiled_again_are_nothing_new(folder, snakemake):
    (folder / "results" / "test" / ".compiled").touch()
    assert planned(snakemake, folder) == set()


def test_without_compiled_kernels_only_what_has_to_runs(folder, snakemake):
    (folder / "results" / "test" / ".compiled").unlink()
    assert planned(snakemake, folder) == {"compile"}
    rules = planned(snakemake, folder, "--forcerun=overlap")
    assert {"compile", "overlap", "aggregate"} <= rules
    assert not {"equilibrate", "isoconfigurational", "quench"} & rules
