"""The workflow as a module of another one, whose configuration is its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from softmodes.study import config, costs

ROOT = Path(__file__).parents[1]
TEST = ROOT / "config" / "test.yaml"

OUTER = """
configfile: "outer.yaml"

module softmodes:
    snakefile: {snakefile!r}
    config: config["glass"]
{prefix}

use rule * from softmodes as softmodes_*

rule paper:
    default_target: True
    input:
        rules.softmodes_all.input,
"""


def run(folder: Path, prefix: str, *arguments: str, **changes: object) -> str:
    """What the outer workflow prints."""
    study = yaml.safe_load(TEST.read_text()) | changes
    # a key of the study's name, and one that it doesn't know
    outer = {"glass": study, "samples": "many", "title": "Soft glasses"}
    (folder / "outer.yaml").write_text(yaml.safe_dump(outer))
    line = f"    prefix: {prefix!r}" if prefix else ""
    text = OUTER.format(snakefile=str(ROOT / "Snakefile"), prefix=line)
    (folder / "Snakefile").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("prefix", ["", "glasses"])
def test_another_workflow_takes_the_study_in(prefix: str, tmp_path: Path) -> None:
    planned = run(tmp_path, prefix, "--dry-run", "paper", "softmodes_archive", "softmodes_verify")
    jobs = {rule: int(count) for rule, count in re.findall(r"^(\w+)\s+(\d+)$", planned, re.M)}
    for rule in ("equilibrate", "isoconfigurational", "quench", "diagonalise"):
        assert jobs[f"softmodes_{rule}"] == 4
    assert jobs["paper"] == jobs["softmodes_archive"] == jobs["softmodes_verify"] == 1
    paths = set(re.findall(r"[^\s,:]*results/test/[^\s,:]+", planned))
    assert len(paths) > 50
    expected = f"{prefix}/results/test" if prefix else "results/test"
    assert all(re.match(rf"{expected}/", path) for path in paths)


def test_its_jobs_get_its_configuration_and_folder(tmp_path: Path) -> None:
    printed = run(
        tmp_path, "glasses", "--cores=1", "softmodes_estimate", "softmodes_pack_equilibria"
    )
    assert costs.table(costs.estimate(config.load(TEST), 1)) in printed
    logs = {path.name for path in (tmp_path / "glasses/results/test/logs").iterdir()}
    assert logs == {"estimate.log", "pack_equilibria.log"}


def test_published_equilibria_stay_where_they_are(tmp_path: Path) -> None:
    """They are no results: a prefix does not move them."""
    published = ROOT / "results/published/letter/equilibria"
    (tmp_path / "published").symlink_to(published)
    letter = yaml.safe_load((ROOT / "config" / "letter.yaml").read_text())
    hottest = letter["temperatures"][:1]
    taken = {"equilibria": "published", "samples": 1, "n_particles": [2000]}
    taken |= {"temperatures": hottest}
    for block in ("variants", *config.BLOCKS):
        del letter[block]
    target = "glasses/results/letter/equilibrium/N2000_T2.000_s000.h5"
    planned = run(tmp_path, "glasses", "--dry-run", "--", target, **(letter | taken))
    assert re.search(r"softmodes_equilibrate +1", planned)
