"""Quenched trajectories as a stage, and what their table tells, against plain loops."""

from __future__ import annotations

import itertools
import os
import re
import signal

import numpy as np
import pandas as pd
import pytest
import yaml
from commands import ROOT

from softmodes.analysis import relaxation
from softmodes.analysis.overlap import overlap, top_clusters
from softmodes.analysis.persistence import difference_at_equal_distance
from softmodes.landscape.hessian import hessian
from softmodes.landscape.quench import quench
from softmodes.stages import landscape, persistence
from softmodes.study import costs, records, storage

NAMES = ["N120_T0.600_s000", "N120_T0.600_s001"]
GAMMA = [0.001, 0.1]
DISTANCES = np.array([1.45, 1.67, 1.91])
FRACTIONS = [0.05, 0.02]
INTERVAL, QUENCHES = 0.2, 300
CLUSTERS = {"top_fraction": 0.25, "minimum_cluster": 3}


@pytest.fixture(scope="module")
def files(results, tmp_path_factory):
    """By stage, of two samples."""
    folder = tmp_path_factory.mktemp("landscape")
    followed = []
    for name in NAMES:
        followed.append(str(folder / f"{name}.h5"))
        landscape.write_landscape(
            str(results / "equilibrium" / f"{name}.h5"),
            followed[-1],
            interval=INTERVAL,
            quenches=QUENCHES,
            mode_fractions=FRACTIONS,
            time_step=0.005,
            precision="single",
            gamma=GAMMA,
        )
    of_study = {
        stage: [str(results / stage / f"{name}.h5") for name in NAMES]
        for stage in ("equilibrium", "relaxation")
    }
    return of_study | {"landscape": followed}


@pytest.fixture(scope="module")
def table(files, tmp_path_factory):
    """The rows of both samples."""
    output = tmp_path_factory.mktemp("rows") / "found.csv"
    told = []
    persistence.write_rows(
        files,
        str(output),
        neighbour_distances=DISTANCES,
        update=told.append,
        **CLUSTERS,
    )
    assert told == [0.5, 1.0]
    assert storage.read_provenance(output)["input_digests"]
    return pd.read_csv(output)


class Sample:
    """One sample as it is found in its files, and what plain loops make of it."""

    def __init__(self, files, number):
        self.file = storage.read(files["landscape"][number])
        thermal = records.configuration(storage.read(files["equilibrium"][number]))
        self.mixture = records.mixture(storage.read(files["equilibrium"][number]))
        self.thermal, self.cell = thermal, thermal.cell
        self.sequence = self.file["structure"].tolist()
        self.structures = [thermal.displaced(one) for one in self.file["positions"]]
        self.strained = [
            thermal.displaced(one, gamma)
            for one, gamma in zip(
                self.file["shear/positions"], self.file["shear/gamma"], strict=True
            )
        ]
        self.theta = self.selected(self.file["soft_participation"][0], self.structures)
        self.sheared = self.selected(self.file["shear/soft_participation"][0], self.strained)

    def selected(self, fields, structures):
        return [
            top_clusters(field, structure.bonds(DISTANCES), **CLUSTERS)
            for field, structure in zip(fields, structures, strict=True)
        ]

    def lengths(self, i, j):
        """How far particles are from one structure to another, ascending."""
        moved = self.cell.minimum_image(self.structures[j].positions - self.structures[i].positions)
        return np.sort(np.linalg.norm(moved - moved.mean(axis=0), axis=1))

    def rms(self, i, j):
        return np.sqrt((self.lengths(i, j) ** 2).mean())

    def mobile(self, i, j):
        return np.sqrt((self.lengths(i, j)[-12:] ** 2).mean())

    def overlap(self, i, j):
        return overlap(self.theta[i], self.theta[j])

    def pairs(self, lag):
        return list(zip(self.sequence, self.sequence[lag:], strict=False))

    def basins(self):
        """Structures of each metabasin, by what is left behind for good at every visit."""
        basins, current = [], set()
        for visit, structure in enumerate(self.sequence):
            current.add(structure)
            if not current & set(self.sequence[visit + 1 :]):
                basins.append(current)
                current = set()
        return basins


@pytest.fixture(scope="module")
def sample(files):
    return Sample(files, 0)


@pytest.fixture(scope="module")
def rows(table):
    """Of that sample."""

    def chosen(observable, relation=None, fraction=None):
        some = table[(table["sample"] == 0) & (table["observable"] == observable)]
        if relation is not None:
            some = some[some["relation"] == relation]
        if fraction is not None:
            some = some[some["mode_fraction"] == fraction]
        return some

    return chosen


def test_every_dataset_belongs_to_a_minimum_along_the_way(sample):
    assert sample.file["time"] == pytest.approx(INTERVAL * np.arange(QUENCHES + 1))
    assert sample.file["converged"].all()
    assert 3 < len(sample.structures) < QUENCHES
    start = quench(sample.thermal, sample.mixture).configuration.positions
    assert np.abs(sample.structures[0].positions - start).max() < 1e-6
    assert np.abs(sample.strained[0].positions - start).max() < 1e-6
    for number, structure in enumerate(sample.structures):
        values, vectors = np.linalg.eigh(hessian(structure, sample.mixture).toarray())
        assert values[2] > 1e-3
        lowest = (vectors.T.reshape(240, 120, 2) ** 2).sum(axis=2)
        for place, n_modes in enumerate((12, 5)):
            soft = sample.file["soft_participation"][place, number]
            assert soft == pytest.approx(lowest[2 : 2 + n_modes].sum(axis=0), abs=1e-6)
    assert sample.file["n_modes"].tolist() == [12, 5]


def test_samples_have_trajectories_of_their_own(files):
    one, other = (storage.read(path) for path in files["landscape"])
    assert one["energy"].shape != other["energy"].shape or (one["energy"] != other["energy"]).all()


def test_by_time(rows, sample):
    for observable, between, fraction in (
        ("overlap_by_time", sample.overlap, 0.05),
        ("distance_by_time", sample.rms, None),
        ("mobile_distance_by_time", sample.mobile, None),
    ):
        some = rows(observable, "dynamics", fraction)
        assert some["x"].max() == pytest.approx(INTERVAL * QUENCHES)
        assert len(some) > 8
        for _, row in some.iterrows():
            pairs = sample.pairs(round(row["x"] / INTERVAL))
            assert row["n"] == len(pairs)
            assert row["value"] == pytest.approx(np.mean([between(*pair) for pair in pairs]))


def test_the_control_knows_nothing_of_the_structure(rows):
    control, found = (
        rows(name, "dynamics", 0.05) for name in ("random_by_time", "overlap_by_time")
    )
    assert (control["x"].to_numpy() == found["x"].to_numpy()).all()
    # a quarter of the particles, clusters of less than three left out
    assert 0.1 < np.average(control["value"], weights=control["n"]) < 0.3
    assert found["value"].iloc[0] > 0.5


@pytest.mark.parametrize("name", ["distance", "mobile_distance"])
def test_by_distance(name, rows, sample):
    between = sample.rms if name == "distance" else sample.mobile
    lags = relaxation.logarithmic_lags(QUENCHES + 1)[1:]
    pairs = {
        tuple(sorted(pair)) for lag in lags for pair in sample.pairs(lag) if pair[0] != pair[1]
    }
    apart = {pair: between(*pair) for pair in pairs}
    some = rows(f"overlap_by_{name}", "dynamics", 0.05)
    assert some["n"].sum() == len(pairs)
    for _, row in some.iterrows():
        low, high = row["x"] * 10 ** (-1 / 16), row["x"] * 10 ** (1 / 16)
        within = [sample.overlap(*pair) for pair in pairs if low <= apart[pair] < high]
        assert row["n"] == len(within)
        assert row["value"] == pytest.approx(np.mean(within))


def test_by_strain(rows, sample):
    for number, gamma in enumerate(GAMMA, start=1):
        moved = sample.strained[number].positions - sample.strained[0].positions
        moved[:, 0] -= gamma * sample.strained[0].positions[:, 1]
        lengths = np.sort(np.linalg.norm(moved - moved.mean(axis=0), axis=1))
        expected = {
            "distance_by_strain": np.sqrt((lengths**2).mean()),
            "mobile_distance_by_strain": np.sqrt((lengths[-12:] ** 2).mean()),
            "overlap_by_strain": overlap(sample.sheared[0], sample.sheared[number]),
        }
        for observable, value in expected.items():
            some = rows(observable, "shear")
            some = some[(some["x"] == gamma) & ~(some["mode_fraction"] == 0.02)]
            assert some["value"].tolist() == pytest.approx([value], rel=1e-9), observable


def test_metabasins(rows, sample):
    basins = sample.basins()
    assert rows("n_structures")["value"].tolist() == [len(sample.structures)]
    assert rows("n_metabasins")["value"].tolist() == [len(basins)]
    assert len(basins) > 1
    lifetime = INTERVAL * QUENCHES / (len(basins) - 1)
    assert rows("lifetime")["value"].tolist() == pytest.approx([lifetime])
    left = [
        structure in sample.sequence[visit + 1 :]
        for visit, (structure, following) in enumerate(itertools.pairwise(sample.sequence))
        if structure != following
    ]
    assert rows("returned_fraction")["value"].tolist() == pytest.approx([np.mean(left)])
    assert rows("returned_fraction")["n"].tolist() == [len(left)]


def test_pairs_within_and_between_metabasins(rows, sample):
    basins = sample.basins()
    mean = (QUENCHES + 1) / (len(basins) - 1)
    lasting = [basin for basin in basins if sum(one in basin for one in sample.sequence) >= mean]
    assert 1 < len(lasting) < len(basins)
    pairs = {}
    for of_these, some in (("", basins), ("_lasting", lasting)):
        pairs[f"within{of_these}"] = [
            pair for basin in some for pair in itertools.combinations(sorted(basin), 2)
        ]
        pairs[f"between{of_these}"] = [
            pair
            for one, other in itertools.pairwise(some)
            for pair in itertools.product(sorted(one), sorted(other))
        ]
    for relation, some in pairs.items():
        assert some, relation
        for name, between, fraction in (
            ("overlap", sample.overlap, 0.05),
            ("distance", sample.rms, None),
            ("mobile_distance", sample.mobile, None),
        ):
            values = [between(*pair) for pair in some]
            found = rows(f"{name}_of_pairs", relation, fraction)
            assert found["n"].tolist() == [len(some)]
            assert found["value"].tolist() == pytest.approx([np.mean(values)])
            if name == "mobile_distance":
                continue
            shares = rows(f"{name}_distribution", relation, fraction)
            assert shares["value"].sum() == pytest.approx(1.0)
            middle = np.average(shares["x"], weights=shares["value"])
            assert middle == pytest.approx(np.mean(values), abs=0.025, rel=0.15)


def test_pairs_are_compared_at_equal_distance(rows, sample):
    basins = sample.basins()
    within = [pair for one in basins for pair in itertools.combinations(sorted(one), 2)]
    between = [
        pair
        for one, other in itertools.pairwise(basins)
        for pair in itertools.product(sorted(one), sorted(other))
    ]
    values = [
        tuple(
            np.array([measure(*pair) for pair in pairs]) for measure in (sample.rms, sample.overlap)
        )
        for pairs in (within, between)
    ]
    found = rows("overlap_at_equal_distance", "between", 0.05)["value"].tolist()
    assert found == pytest.approx([difference_at_equal_distance(*values)])


def test_ranks_of_particles_by_what_became_of_their_cages(rows, sample):
    half = QUENCHES // 2
    neighbours = []
    for structure in sample.structures:
        of = [set() for _ in range(120)]
        for i, j in zip(*structure.bonds(DISTANCES), strict=True):
            of[i].add(int(j))
            of[j].add(int(i))
        neighbours.append(of)
    start, later = sample.sequence[0], sample.sequence[half]
    kinds = {"left": [], "returned": [], "elsewhere": []}
    for particle in range(120):
        had = neighbours[start][particle]
        gone = [len(had - neighbours[one][particle]) >= len(had) / 2 for one in sample.sequence]
        if all(gone[half:]):
            kinds["left"].append(particle)
        elif not gone[half]:
            kinds["returned" if any(gone[:half]) else "elsewhere"].append(particle)
    soft = sample.file["soft_participation"][0]
    rank = {one: np.argsort(np.argsort(soft[one])) for one in (start, later)}
    for relation, particles in kinds.items():
        changed, before = (rows(name, relation, 0.05) for name in ("rank_change", "rank_before"))
        if not particles:
            assert changed.empty
            assert before.empty
            continue
        assert changed["n"].tolist() == before["n"].tolist() == [len(particles)]
        change = np.abs(rank[start] - rank[later])[particles].mean() / 40
        assert changed["value"].tolist() == pytest.approx([change])
        mean = (rank[start][particles].mean() + 0.5) / 120
        assert before["value"].tolist() == pytest.approx([mean])
    assert len(kinds["elsewhere"]) > 60


def test_the_relaxation_time_is_that_of_the_ensemble(table, files):
    curves = [storage.read(path) for path in files["relaxation"]]
    mean = np.mean([one["self_intermediate_scattering"][0] for one in curves], axis=0)
    some = table[table["observable"] == "relaxation_time"]
    expected = relaxation.relaxation_time(curves[0]["time"], mean)
    assert some["value"].tolist() == pytest.approx([expected] * 2, nan_ok=True)
    assert some["n"].tolist() == [2, 2]


def test_one_row_for_each_observation_of_a_sample(table):
    same = ["sample", "mode_fraction", "observable", "relation", "x"]
    assert not table.duplicated(same).any()
    assert set(table["sample"]) == {0, 1}
    fields = table["observable"].str.contains("overlap|random|rank")
    assert (table["mode_fraction"].notna() == fields).all()


def test_a_search_for_modes_can_be_stopped(files, tmp_path):
    """The next run goes on from the end of the trajectory."""
    output = tmp_path / "landscape" / "N120.h5"

    def run(update):
        landscape.follow(
            files["equilibrium"][0],
            str(output),
            checkpoint_interval=1000.0,
            config="",
            update=update,
            interval=0.2,
            quenches=20,
            mode_fractions=FRACTIONS,
            time_step=0.005,
            precision="single",
            gamma=GAMMA,
        )

    def stop(share):
        if share > 0.6:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(SystemExit):
        run(stop)
    assert not output.exists()
    told = []
    run(told.append)
    assert told[0] > 0.5
    stopped = storage.digest(output)
    output.unlink()
    run(lambda _: None)
    assert storage.digest(output) == stopped


def test_where_nothing_moves_there_are_no_pairs(files, tmp_path):
    """A trajectory that stays in one structure has no lifetime, no return and no pairs."""
    file = storage.read(files["landscape"][0])
    kept = {name: values[:1] for name, values in file.data.items()}
    still = file.data | {name: kept[name] for name in ("positions", "energy", "max_force")}
    still |= {
        "converged": kept["converged"],
        "structure": np.zeros_like(file["structure"]),
        "soft_participation": file["soft_participation"][:, :1],
    }
    path, output = tmp_path / "still.h5", tmp_path / "still.csv"
    attributes = file.common_attributes | {
        name: file.attributes[name] for name in ("box_length", "precision")
    }
    storage.write(path, "landscape", still, attributes=attributes, provenance={})
    one = {stage: paths[:1] for stage, paths in files.items()} | {"landscape": [str(path)]}
    persistence.write_rows(one, str(output), neighbour_distances=DISTANCES, **CLUSTERS)
    found = pd.read_csv(output)
    observables = set(found["observable"])
    assert not {"lifetime", "returned_fraction", "overlap_of_pairs"} & observables
    assert not [name for name in observables if name.startswith("overlap_by_distance")]
    assert (found.loc[found["observable"] == "overlap_by_time", "value"] == 1.0).all()
    assert (found.loc[found["observable"] == "rank_change", "value"] == 0.0).all()


def test_the_workflow_makes_the_table(snakemake, tmp_path):
    """Of an N that the study itself does not have."""
    study = yaml.safe_load((ROOT / "config" / "test.yaml").read_text(encoding="utf-8"))
    ensemble = {"n_particles": 100, "temperature": 1.0, "samples": 2, "interval": 0.2}
    study["landscape"] = {"ensembles": [ensemble | {"quenches": 8, "mode_fractions": [0.03]}]}
    configuration = tmp_path / "study.yaml"
    configuration.write_text(yaml.safe_dump(study), encoding="utf-8")
    target = "results/test/tables/landscape.csv"
    planned = snakemake(tmp_path, configuration, "--dry-run", "--quiet=rules")
    jobs = {name: int(n) for name, n in re.findall(r"^(\w+)\s+(\d+)$", planned.stdout, re.M)}
    lines = {line.stage: line for line in costs.estimate(study, 1).lines}
    for stage, number in {"landscape": 2, "persistence": 1, "landscape_table": 1}.items():
        assert jobs[stage] == lines[stage].jobs == number
    assert jobs["equilibrate"] == lines["equilibrate"].jobs == 4 + 2
    done = snakemake(tmp_path, configuration, "--cores=1", target)
    assert done.returncode == 0, done.stdout
    found = pd.read_csv(tmp_path / target)
    assert set(found["sample"]) == {0, 1}
    assert set(found["n_particles"]) == {100}
    assert (tmp_path / f"{target}.provenance.json").exists()
    files = [path.stat().st_size for path in tmp_path.glob("results/test/landscape/*.h5")]
    assert 1e6 * lines["landscape"].disk == pytest.approx(sum(files), rel=0.4)
    again = snakemake(tmp_path, configuration, "--cores=1", "--dry-run", target)
    assert "Nothing to be done" in again.stdout
