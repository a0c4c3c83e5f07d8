"""The file of a run of cyclic shear against its parts, its resumption, the table of all runs."""

import os
import signal

import equilibrations
import numpy as np
import pandas as pd
import pytest
import yaml
from commands import ROOT

from softmodes.analysis.overlap import overlap, top_clusters
from softmodes.landscape.cyclic_shear import shear_cycles
from softmodes.landscape.hessian import hessian
from softmodes.stages import cyclic_shear
from softmodes.study import records, storage

N_MODES = 6
PARAMETERS = {
    "strain_step": 0.01,
    "cycles": 3,
    "fraction": N_MODES / 300,
    "top_fraction": 0.25,
    "minimum_cluster": 3,
    "neighbour_distances": equilibrations.NEIGHBOUR_DISTANCES,
    "checkpoint_interval": 1000.0,
}
AMPLITUDES = {"A0.001": 0.001, "A0.080": 0.08}


@pytest.fixture(scope="module")
def equilibrium(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    return str(equilibrations.write(folder, equilibrations.walked())[0])


@pytest.fixture(scope="module")
def files(equilibrium, tmp_path_factory):
    """One of a small amplitude, and one of a large."""
    folder = tmp_path_factory.mktemp("results") / "cyclic"
    for name, amplitude in AMPLITUDES.items():
        told = []
        output = str(folder / f"{name}.h5")
        cyclic_shear.run_cycles(
            equilibrium, output, amplitude=amplitude, update=told.append, **PARAMETERS
        )
        assert told == sorted(told)
        assert told[-1] == 1.0
    return [str(folder / f"{name}.h5") for name in AMPLITUDES]


def test_fields_are_those_of_each_structure(files, equilibrium):
    """Soft modes by dense algebra, distances by hand."""
    thermal = records.configuration(storage.read(equilibrium))
    mixture = records.mixture(storage.read(equilibrium))
    for path, amplitude in zip(files, AMPLITUDES.values(), strict=True):
        found = storage.read(path)
        record = shear_cycles(thermal, mixture, amplitude, strain_step=0.01, cycles=3)
        for name in ("positions", "energy", "converged"):
            np.testing.assert_array_equal(found[name], getattr(record, name))
        assert found.attributes["period"] == record.period
        selected = []
        for positions, field in zip(record.positions, found["soft_participation"], strict=True):
            structure = thermal.displaced(positions)
            _, vectors = np.linalg.eigh(hessian(structure, mixture).toarray())
            # after the two translations
            squares = vectors[:, 2 : 2 + N_MODES] ** 2
            soft = squares.sum(axis=1).reshape(-1, 2).sum(axis=1)
            np.testing.assert_allclose(field, soft, atol=1e-6)
            bonds = structure.bonds(equilibrations.NEIGHBOUR_DISTANCES)
            selected.append(top_clusters(soft, bonds))
        assert np.isnan(
            [found[name][0] for name in ("distance", "mobile_distance", "overlap")]
        ).all()
        for cycle in range(1, len(record.energy)):
            moved = record.positions[cycle] - record.positions[cycle - 1]
            lengths = np.sort(np.linalg.norm(moved - moved.mean(axis=0), axis=1))
            assert found["distance"][cycle] == pytest.approx(
                np.sqrt(np.mean(lengths**2)), abs=1e-12
            )
            farthest = np.sqrt(np.mean(lengths[-15:] ** 2))
            assert found["mobile_distance"][cycle] == pytest.approx(farthest, abs=1e-12)
            assert found["overlap"][cycle] == overlap(selected[cycle - 1], selected[cycle])


def test_a_run_stopped_and_started_again_has_the_same_bits(equilibrium, files, tmp_path):
    output = tmp_path / "cyclic" / "A0.080.h5"

    def run(update):
        cyclic_shear.run_cycles(
            equilibrium, str(output), amplitude=0.08, update=update, **PARAMETERS
        )

    with pytest.raises(SystemExit):
        run(lambda _: os.kill(os.getpid(), signal.SIGTERM))
    assert not output.exists()
    left = list((tmp_path / "checkpoints" / "cyclic").iterdir())
    assert len(left) == 1

    def in_the_end(share):
        if share == 1.0:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(SystemExit):
        run(in_the_end)
    assert not output.exists()
    told = []
    run(told.append)
    assert told[0] == pytest.approx(1.0)
    assert storage.digest(output) == storage.digest(files[1])
    assert not left[0].exists()


def test_the_table_has_a_row_per_cycle(files, tmp_path):
    output = str(tmp_path / "cyclic_shear.csv")
    cyclic_shear.write_table(files, output)
    rows = pd.read_csv(output)
    assert list(rows.columns) == [
        "n_particles", "temperature", "sample", "amplitude", "strain_step", "cycle", "energy",
        "distance", "mobile_distance", "overlap", "period", "converged",
    ]  # fmt: skip
    for path, (amplitude, some) in zip(files, rows.groupby("amplitude"), strict=True):
        found = storage.read(path)
        assert amplitude == found.attributes["amplitude"]
        assert some["cycle"].tolist() == list(range(len(found["energy"])))
        for name in ("energy", "distance", "mobile_distance", "overlap", "converged"):
            np.testing.assert_array_equal(some[name], found[name])
        assert (some["period"] == found.attributes["period"]).all()
        assert (some["strain_step"] == 0.01).all()
    assert set(rows["temperature"]) == {0.46}
    small = rows[rows["amplitude"] == 0.001]
    assert small["period"].tolist() == [1, 1]
    assert small["overlap"].iloc[1] == 1.0


def test_the_workflow_makes_the_table(snakemake, tmp_path):
    """Of samples of another size than the study's."""
    study = yaml.safe_load((ROOT / "config" / "test.yaml").read_text(encoding="utf-8"))
    study["cyclic"] = {
        "ensembles": [{"n_particles": 100, "temperature": 1.0, "samples": 1}],
        "amplitudes": [0.001, 0.07],
        "strain_step": 0.01,
        "cycles": 2,
    }
    configuration = tmp_path / "cyclic.yaml"
    configuration.write_text(yaml.safe_dump(study), encoding="utf-8")
    table = "results/test/tables/cyclic_shear.csv"
    done = snakemake(tmp_path, configuration, "--cores=1", table)
    assert done.returncode == 0, done.stdout
    rows = pd.read_csv(tmp_path / table)
    assert set(rows["n_particles"]) == {100}
    assert [amplitude for amplitude, _ in rows.groupby("amplitude")] == [0.001, 0.07]
    assert (rows.groupby("amplitude")["cycle"].max() <= 2).all()
    assert rows["converged"].all()
    assert storage.read_provenance(tmp_path / "results/test/cyclic/N100_T1.000_s000_A0.070.h5")
    listed = snakemake(tmp_path, configuration, "--cores=1", "--dry-run", "--quiet=rules")
    assert listed.returncode == 0, listed.stdout
