"""The table of the linear response in the lowest modes, and its jobs among those of the study."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from commands import ROOT
from dense import all_modes

from softmodes.errors import InputError
from softmodes.landscape.hessian import hessian
from softmodes.report import drawing
from softmodes.stages import linear_response
from softmodes.study import config, costs, records, storage

ENSEMBLES = [
    {"n_particles": 120, "temperature": 0.6, "samples": 2},
    {"n_particles": 100, "temperature": 1.0, "samples": 1},
]


def configuration(folder, ensembles):
    """The tests' study with the block, as a file in a folder."""
    path = folder / "response.yaml"
    study = yaml.safe_load((ROOT / "config" / "test.yaml").read_text())
    path.write_text(yaml.safe_dump(study | {"linear_response": {"ensembles": ensembles}}))
    return path


def planned(output):
    return {rule: int(count) for rule, count in re.findall(r"^(\w+)\s+(\d+)$", output, re.M)}


def test_rows_are_those_of_the_quenched_structures_and_all_their_modes(results, tmp_path):
    names = [f"N120_T0.600_s00{sample}" for sample in (1, 0)]
    equilibria = [str(results / "equilibrium" / f"{name}.h5") for name in names]
    output, done = tmp_path / "found.csv", []
    linear_response.write_responses(
        equilibria, str(output), scan_fractions=[0.01, 0.05, 0.1], update=done.append
    )
    assert done == [0.5, 1.0]
    table = pd.read_csv(output)
    assert list(table.columns) == linear_response.COLUMNS
    assert list(table["sample"]) == [1] * 4 + [0] * 4
    assert set(table["temperature"]) == {0.6}
    for name, (_, rows) in zip(names, table.groupby("sample", sort=False), strict=True):
        assert list(rows["n_modes"]) == [1, 2, 12, 24]
        np.testing.assert_allclose(rows["mode_fraction"], rows["n_modes"] / 240)
        thermal = storage.read(results / "equilibrium" / f"{name}.h5")
        quenched = storage.read(results / "quench" / f"{name}.h5")
        inherent, *_ = records.inherent_structures(records.configuration(thermal), quenched.data)
        _, vectors = all_modes(hessian(inherent, records.mixture(thermal)))
        along = np.einsum("jic,ic->j", vectors[2:], quenched["linear_response"])
        expected = np.cumsum(along**2)[rows["n_modes"] - 1] / np.sum(along**2)
        np.testing.assert_allclose(rows["fraction"], expected, rtol=1e-6)
        assert rows["random"].is_monotonic_increasing
        assert rows["random"].between(0.0, 1.0).all()


def test_the_block_adds_its_jobs_and_those_of_its_own_equilibria(snakemake, tmp_path):
    path = configuration(tmp_path, ENSEMBLES)
    done = snakemake(tmp_path, path, "--dry-run", "--quiet=rules")
    assert done.returncode == 0, done.stdout
    jobs = planned(done.stdout)
    expected = {line.stage: line.jobs for line in costs.estimate(config.load(path), 1).lines}
    drawn = [number for rule, number in jobs.items() if re.fullmatch(r"figure\d", rule)]
    assert sum(drawn) == expected.pop("figure") == 5
    assert expected.items() <= jobs.items()
    assert (jobs["respond"], jobs["linear_response"], jobs["equilibrate"]) == (2, 1, 4 + 1)


def test_a_study_that_is_there_only_gets_what_the_block_adds(study, snakemake, tmp_path):
    shutil.copytree(study, tmp_path, dirs_exist_ok=True)
    path = configuration(tmp_path, ENSEMBLES[:1])
    targets = ("results/test/figures/fig7.png", "results/test/report/figure7.html")
    done = snakemake(tmp_path, path, "--cores=1", *targets)
    assert done.returncode == 0, done.stdout
    jobs = planned(done.stdout)
    assert jobs.keys() == {"respond", "linear_response", "figure7", "summary", "pages", "total"}
    caption = drawing.caption(tmp_path / targets[0])
    assert "random direction" in caption
    page = (tmp_path / targets[1]).read_text(encoding="utf-8")
    assert "Figure 7" in page
    assert caption[:40] in page


def test_more_modes_than_an_ensemble_has_are_refused(tmp_path):
    """Though the study's own systems have them."""
    study = yaml.safe_load(configuration(tmp_path, ENSEMBLES[1:]).read_text())
    study["n_particles"] = [1000]
    study["modes"]["scan_fractions"] = [0.01, 0.98]
    config.validate(study)
    study["modes"]["scan_fractions"] = [0.01, 0.985]
    with pytest.raises(InputError, match=r"scan_fractions\[1\]: 0.985 given.* n_particles 100;"):
        config.validate(study)
