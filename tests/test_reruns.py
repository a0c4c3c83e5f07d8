"""A change reruns what depends on it, and nothing else: dry runs over a study that is complete."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = "workflow/softmodes"
TRAJECTORY = f"{LIBRARY}/dynamics/trajectory.py"

FIGURES = {"figure1", "figure2", "figure3", "figure4", "pages"}
ANALYSIS = {"overlap", "aggregate", "gamma_c", "checks", "maps", "summary"} | FIGURES
SIMULATIONS = {"equilibrate", "isoconfigurational", "quench", "diagonalise"}
ALL = SIMULATIONS | ANALYSIS | {"slowing_down"}


@pytest.fixture(scope="module")
def project(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code, beside it the complete study's results and Snakemake's records."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("workflow", "config", "envs", "profiles"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".numba*")
        )
    shutil.copy(ROOT / "Snakefile", folder)
    shutil.copytree(study, folder, dirs_exist_ok=True)
    return folder


def planned(project: Path) -> set[str]:
    """Rules that would run, but for the one that names the targets."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run", "--configfile=config/test.yaml"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    if "Nothing to be done" in done.stdout:
        return set()
    return set(re.findall(r"^(\w+)\s+\d+$", done.stdout, re.M)) - {"all", "total"}


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        (f"{LIBRARY}/system/tiles.py", "capacity = 2 * n_slots", "capacity = 3 * n_slots", ALL),
        ("envs/lock.txt", "numba==", "numba==9", ALL),
        (
            f"{LIBRARY}/dynamics/replicas.py",
            "SKIN = 0.3",
            "SKIN = 0.31",
            {"isoconfigurational"} | ANALYSIS,
        ),
        (
            f"{LIBRARY}/analysis/structure.py",
            "def first_peak(",
            "def _unused() -> None:\n    pass\n\n\ndef first_peak(",
            ALL,
        ),
        # the series of an equilibration has inherent structures, and these a Hessian
        (f"{LIBRARY}/landscape/hessian.py", "def hessian(", "ONE = 1\n\n\ndef hessian(", ALL),
        (
            f"{LIBRARY}/stages/diagonalise.py",
            "if quenched",
            "if 1 and quenched",
            {"diagonalise"} | ANALYSIS,
        ),
        (f"{LIBRARY}/report/drawing.py", "COLUMN_WIDTH = 3.4", "COLUMN_WIDTH = 3.5", FIGURES),
        (f"{LIBRARY}/report/letter.mplstyle", "font.size: 8", "font.size: 9", FIGURES),
        (f"{LIBRARY}/report/templates/summary.md", "# Study", "# The study", {"summary", "pages"}),
        (f"{LIBRARY}/report/templates/sample.html", "soft modes", "modes", {"pages"}),
    ],
)
def test_a_changed_module_reruns_what_uses_it(
    name: str, old: str, new: str, expected: set[str], project: Path
) -> None:
    path = project / name
    text = path.read_text()
    assert old in text
    try:
        path.write_text(text.replace(old, new, 1))
        assert planned(project) - {"compile"} == expected
    finally:
        path.write_text(text)


def test_words_rerun_nothing(project: Path) -> None:
    """Comments, docstrings, what is logged, and scripts whose time stamps are new."""
    for name, old, new in (
        (TRAJECTORY, '"""Molecular dynamics', '"""The molecular dynamics'),
        (TRAJECTORY, "# the half kicks", "# half kicks"),
        (
            f"{LIBRARY}/dynamics/equilibration.py",
            '"inherent structure of',
            '"the inherent structure of',
        ),
        (f"{LIBRARY}/study/job_log.py", "HEARTBEAT = 10.0", "HEARTBEAT = 20.0"),
        ("workflow/scripts/quench.py", "import json\n", "# reads and writes\nimport json\n"),
        ("workflow/rules/quench.smk", "Shear and quench", "Quench"),
        (f"{LIBRARY}/report/letter.mplstyle", "# The look", "# A look"),
    ):
        path = project / name
        text = path.read_text()
        assert old in text, name
        path.write_text(text.replace(old, new, 1))
    assert planned(project) == set()


def test_jobs_on_this_machine_wait_for_no_limit_of_jobs_in_time(project: Path) -> None:
    figures = [f"results/test/figures/fig{number}.png" for number in (1, 2)]
    for figure in figures:
        Path(project, figure).unlink()
    command = [sys.executable, "-m", "snakemake", "--configfile=config/test.yaml", "--cores=1"]
    command += ["--max-jobs-per-timespan=1/1h", "--", *figures]
    subprocess.run(command, cwd=project, check=True, timeout=300)
    assert all(Path(project, figure).exists() for figure in figures)
