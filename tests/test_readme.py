"""The README's ten lines of library use do what they say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_the_notebook_example_runs() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(example, names)
    assert 0.0 < names["soft_overlap"] < 1.0
    assert names["inherent"].converged


def test_what_checks_a_commit_takes_the_test_command() -> None:
    second = "awk '/^```/ { fence++; next } fence == 3' README.md"
    for name in (".ci/run", ".github/workflows/tests.yml"):
        assert second in (README.parent / name).read_text(encoding="utf-8"), name
    command = subprocess.check_output(second, shell=True, cwd=README.parent, text=True)
    assert command.endswith("&& pytest\n")
    assert command.count("\n") == 1


def commands(*words: str) -> list[str]:
    """Lines of the README's fenced blocks that begin with one of the words."""
    blocks = re.findall(r"```\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith(words)]


def test_the_commands_over_a_complete_study_work(study: Path, tmp_path: Path) -> None:
    """A changed configuration, estimate, packed equilibria, report, archive, verify, provenance,
    export and import, in the README's order."""
    root = README.parent
    for name in ("workflow", "config", "envs", "profiles"):
        shutil.copytree(root / name, tmp_path / name)
    for name in ("Snakefile", "LICENSE", "CITATION.cff"):
        shutil.copy(root / name, tmp_path)
    shutil.copytree(study, tmp_path, dirs_exist_ok=True)
    (tmp_path / "results" / "published").symlink_to(root / "results" / "published")
    told = commands(
        "cp ",
        "snakemake --cores all ",
        "snakemake --report",
        "snakemake --cores 1 ",
        "softmodes ",
    )
    assert len(told) == 11
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for command in told:
        done = subprocess.run(
            command.split(),
            cwd=tmp_path,
            env=os.environ | {"PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"
    assert (tmp_path / "report.html").stat().st_size > 100_000
    assert (tmp_path / "results/test/test.zip").exists()
    assert len(list((tmp_path / "results/test/equilibria").iterdir())) == 2
    assert list((tmp_path / "imported").rglob("*.xyz"))
