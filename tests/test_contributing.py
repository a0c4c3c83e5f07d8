"""The worked example of CONTRIBUTING.md, carried out."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from softmodes.report import drawing, tables
from softmodes.study import records, storage

ROOT = Path(__file__).parents[1]
NEIGHBOUR_DISTANCES = np.array([[1.45, 1.67], [1.67, 1.91]])


def counted(positions: np.ndarray, species: np.ndarray, length: float) -> np.ndarray:
    """Neighbours of each particle, by a loop over particles."""
    numbers = []
    for i, place in enumerate(positions):
        apart = positions - place
        apart -= length * np.round(apart / length)
        near = np.hypot(*apart.T) < NEIGHBOUR_DISTANCES[species[i], species]
        numbers.append(near.sum() - 1)
    return np.array(numbers)


def test_the_worked_example_adds_an_observable_and_a_figure(study: Path, tmp_path: Path) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in ("workflow", "config", "envs", "profiles"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copytree(study, tmp_path, dirs_exist_ok=True)
    drawn, rule = re.findall(r"```\w+\n((?:def|use rule) .*?)```", page, re.DOTALL)
    blocks = re.findall(
        r"`(workflow/\S+coordination\.\w+)`.*?:\n\n```\w+\n(.*?)```", page, re.DOTALL
    )
    assert len(blocks) == 4
    for path, text in blocks:
        (tmp_path / path).write_text(text)
    for path, text in (("softmodes/report/figures.py", drawn), ("rules/figures.smk", rule)):
        with (tmp_path / "workflow" / path).open("a") as file:
            file.write(f"\n\n{text}")
    snakefile = (ROOT / "Snakefile").read_text()
    last = re.findall(r"^include: .*$", snakefile, re.M)[-1]
    more = f'{last}\ninclude: "workflow/rules/coordination.smk"'
    (tmp_path / "Snakefile").write_text(snakefile.replace(last, more))

    (command,) = re.findall(r"^snakemake .*coordination.*$", page, re.M)
    target = re.search(r"results/\S+", command)[0]
    both = command.replace(target, f"{target} results/test/figures/fig8.pdf")
    done = subprocess.run(
        [sys.executable, "-m", *both.split()],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    picture = tmp_path / "results/test/figures/fig8.png"
    assert drawing.caption(picture) == "Mean coordination number of every sample."
    table = tables.read_csv(tmp_path / target)
    assert list(table["sample"]) == [0, 1]
    for sample, found in zip(table["sample"], table["neighbours"], strict=True):
        file = storage.read(study / f"results/test/equilibrium/N120_T1.000_s00{sample}.h5")
        liquid = records.configuration(file)
        expected = counted(liquid.positions, liquid.species, liquid.cell.length).mean()
        np.testing.assert_allclose(found, expected, rtol=1e-9)
