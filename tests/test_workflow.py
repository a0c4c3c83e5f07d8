"""The whole workflow on config/test.yaml, its repeatability, and what it refuses."""

import hashlib
import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy.stats import spearmanr

from softmodes.landscape import hessian
from softmodes.report import tables
from softmodes.study import config, records, storage

ROOT = Path(__file__).parents[1]
TEST = ROOT / "config" / "test.yaml"
README = ROOT / "README.md"
STAGES = ["equilibrium", "relaxation", "isoconfigurational", "quench", "modes"]
OVERLAPPED = [stage for stage in STAGES if stage != "relaxation"]


def state_points(study):
    return [
        config.state_point(n_particles, temperature, sample)
        for n_particles in study["n_particles"]
        for temperature in config.temperatures(study)
        for sample in range(study["samples"])
    ]


def job_counts(output):
    """Jobs by rule, from what Snakemake prints before it starts."""
    return {rule: int(count) for rule, count in re.findall(r"^(\w+)\s+(\d+)$", output, re.M)}


def written(folder, **changes):
    """config/test.yaml with some keys replaced, as a file in a folder."""
    path = folder / "changed.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(TEST.read_text()) | changes))
    return path


def test_every_file_of_the_contract_is_there(results):
    study = config.load(TEST)
    expected = {f"{stage}/{name}.h5" for stage in STAGES for name in state_points(study)}
    expected |= {f"overlap/{name}.csv" for name in ("N120_T1.000", "N120_T0.600")}
    expected |= {f"figures/fig{n}.{suffix}" for n in (1, 2, 3, 4) for suffix in ("pdf", "png")}
    expected |= {
        f"tables/{name}.csv"
        for name in (
            "overlap_vs_gamma",
            "overlap_vs_temperature",
            "overlap_vs_modes",
            "energy_stress",
            "gamma_c",
            "relaxation",
            "state_points",
            "checks",
        )
    }
    expected |= {"summary.md", "summary.json"}
    expected |= {f"{name}.provenance.json" for name in expected if not name.endswith(".h5")}
    expected |= {f"report/{name}.html" for name in (*state_points(study), "summary")}
    expected |= {f"report/figure{n}.html" for n in (1, 2, 3, 4)}
    found = {str(path.relative_to(results)) for path in results.rglob("*.*")}
    assert expected <= found


def test_a_second_run_on_other_cores_gives_the_same_bits(results, snakemake, tmp_path):
    done = snakemake(tmp_path, TEST, "--cores=2")
    assert done.returncode == 0, done.stdout
    again = tmp_path / "results" / "test"

    def contents(folder):
        fields = {
            str(path.relative_to(folder)): storage.digest(path) for path in folder.rglob("*.h5")
        }
        others = {
            str(path.relative_to(folder)): path.read_bytes()
            for suffix in ("csv", "html", "json", "md", "pdf", "png")
            for path in folder.rglob(f"*.{suffix}")
            if not path.name.endswith(".provenance.json")
        }
        return fields | others

    first, second = contents(results), contents(again)
    assert len([name for name in first if name.endswith(".h5")]) == 5 * 4
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("overlap/N120_T1.000.csv", [f"{stage}/N120_T1.000_s001.h5" for stage in OVERLAPPED]),
        ("tables/relaxation.csv", ["overlap/N120_T0.600.csv", "relaxation/N120_T0.600_s000.h5"]),
        ("tables/gamma_c.csv", ["tables/overlap_vs_gamma.csv", "tables/energy_stress.csv"]),
        ("tables/checks.csv", [f"{stage}/N120_T0.600_s001.h5" for stage in OVERLAPPED]),
        ("figures/fig1.pdf", ["tables/overlap_vs_gamma.csv", "tables/gamma_c.csv"]),
        ("tables/maps.csv", [f"{stage}/N120_T0.600_s000.h5" for stage in OVERLAPPED]),
        ("tables/slowing_down.csv", ["relaxation/N120_T0.600_s000.h5"]),
        ("figures/fig3.png", ["tables/maps.csv"]),
        ("summary.md", ["tables/state_points.csv"]),
    ],
)
def test_a_side_file_tells_what_its_file_was_made_of(results, name, inputs):
    origin = json.loads((results / f"{name}.provenance.json").read_text())
    assert origin.keys() == storage.provenance().keys()
    assert json.loads(origin["config"]) == config.load(TEST)
    assert len(origin["code_digest"]) == 64
    for path in inputs:
        digest = hashlib.sha256((results / path).read_bytes()).hexdigest()
        if path.endswith(".h5"):
            digest = storage.digest(results / path)
        assert origin["input_digests"][path] == digest


def test_a_missing_side_file_is_made_again(study, snakemake, tmp_path):
    folder = tmp_path / "incomplete"
    shutil.copytree(study, folder)
    (folder / "results" / "test" / "figures" / "fig2.pdf.provenance.json").unlink()
    jobs = job_counts(snakemake(folder, TEST, "--dry-run").stdout)
    assert jobs["figure2"] == 1
    assert not {"aggregate", "figure1", "summary"} & set(jobs)


def slow_theta(field, positions, species, length, tilt):
    """Θ by loops over all pairs of particles and images, and over the members of each cluster."""
    study = yaml.safe_load(TEST.read_text())["overlap"]
    distances = [study["neighbour_distances"][pair] for pair in ("small", "mixed", "large")]
    top = sorted(range(len(field)), key=lambda i: (-field[i], i))[: round(len(field) / 4)]

    def bonded(i, j):
        reach = distances[species[i] + species[j]]
        apart = positions[i] - positions[j]
        apart = apart - round(apart[1] / length) * np.array([tilt, length])
        images = range(-3, 4)
        return any(
            np.hypot(apart[0] - m * length - n * tilt, apart[1] - n * length) < reach
            for m in images
            for n in (-1, 0, 1)
        )

    kept = np.zeros(len(field), bool)
    left = set(top)
    while left:
        cluster, fresh = set(), {left.pop()}
        while fresh:
            i = fresh.pop()
            cluster.add(i)
            near = {j for j in left if bonded(i, j)}
            left -= near
            fresh |= near
        if len(cluster) > 2:
            kept[list(cluster)] = True
    return kept


def overlap_rows(results, temperature, sample):
    """The rows of one sample at N = 120."""
    table = tables.read_csv(results / "overlap" / f"N120_T{temperature:.3f}.csv")
    return table[table["sample"] == sample]


@pytest.mark.parametrize(("temperature", "sample"), [(1.0, 0), (0.6, 1)])
def test_overlaps_agree_with_a_plain_recomputation(results, temperature, sample):
    name = config.state_point(120, temperature, sample)
    thermal, moved, quenched, soft = (
        storage.read(results / stage / f"{name}.h5")
        for stage in ("equilibrium", "isoconfigurational", "quench", "modes")
    )
    species, length = thermal["species"], thermal.attributes["box_length"]
    gamma = list(quenched["gamma"])

    def theta(field, index=None):
        """Θ on the inherent structure at a strain, or on the thermal configuration."""
        if index is None:
            return slow_theta(field, thermal["positions"], species, length, 0.0)
        tilt = gamma[index] * length % length
        return slow_theta(field, quenched["positions"][index], species, length, tilt)

    def agreement(one, other):
        return 2 * sum(one & other) / (sum(one) + sum(other))

    debye_waller = theta(moved["debye_waller"])
    propensity = theta(moved["propensity"]) if "propensity" in moved.data else None
    softness = [theta(field, index) for index, field in enumerate(soft["soft_participation"])]
    nonaffine = [theta((vectors**2).sum(axis=1), 0) for vectors in quenched["nonaffine"]]
    linear = theta((quenched["linear_response"] ** 2).sum(axis=1), 0)
    n_modes = soft.dataset_attributes["soft_participation"]["n_modes"]

    expected = {
        ("DW_pq", 0.0, n_modes): (debye_waller, softness[0]),
        ("DW_small", 0.0, 0): (debye_waller, species == 0),
        ("DW_harmonic", 0.0, 0): (debye_waller, theta(soft["harmonic_debye_waller"], 0)),
        ("DW_lin", 0.0, 0): (debye_waller, linear),
    }
    for index, strain in enumerate(gamma[1:], start=1):
        expected[("DW_p", strain, n_modes)] = (debye_waller, softness[index])
        expected[("DW_d", strain, 0)] = (debye_waller, nonaffine[index])
        expected[("d_p", strain, n_modes)] = (nonaffine[index], softness[index])
        expected[("lin_p", strain, n_modes)] = (linear, softness[index])
        expected[("pq_pdq", strain, n_modes)] = (softness[0], softness[index])
        if propensity is not None:
            expected[("DP_p", strain, n_modes)] = (propensity, softness[index])
    if propensity is not None:
        expected[("DW_DP", 0.0, 0)] = (debye_waller, propensity)
        expected[("DP_pq", 0.0, n_modes)] = (propensity, softness[0])
    for strain, fields in zip(soft["scan/gamma"], soft["scan/soft_participation"], strict=True):
        index = gamma.index(strain)
        for number, field in zip(soft["scan/n_modes"], fields, strict=True):
            varied = theta(field, index)
            expected[("scan_DW_p", strain, number)] = (debye_waller, varied)
            expected[("scan_d_p", strain, number)] = (nonaffine[index], varied)
            expected[("scan_lin_p", strain, number)] = (linear, varied)

    table = overlap_rows(results, temperature, sample)
    keys = ["quantity", "gamma", "n_modes"]
    found = {tuple(key): value for *key, value in table[[*keys, "overlap"]].itertuples(index=False)}
    assert 0.0 < found.pop(("DW_equal_size", 0.0, 0)) < 1.0
    for name in ("DW", "DP") if propensity is not None else ("DW",):
        # NaN where eight runs leave nothing but noise
        assert not found.pop((f"{name}_attainable", 0.0, 0)) < 0.3
    assert found.keys() == expected.keys()
    for key, pair in expected.items():
        assert found[key] == pytest.approx(agreement(*pair), abs=1e-12), key
    assert table["random"].between(0, 0.5).all()
    assert table["within_species"].between(0, 1).all()
    measured = table["quantity"].str.contains("DW|DP")
    assert table.loc[~measured, "corrected"].isna().all()
    assert table.loc[table["quantity"] == "DW_lin", "rank_correlation"].item() == pytest.approx(
        spearmanr(moved["debye_waller"], np.hypot(*quenched["linear_response"].T)).statistic
    )


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_the_files_of_a_state_point_agree_with_each_other(results, temperature):
    name = config.state_point(120, temperature, 1)
    thermal, relaxed, moved, quenched, soft = (
        storage.read(results / stage / f"{name}.h5") for stage in STAGES
    )
    length = thermal.attributes["box_length"]
    assert thermal.attributes["density"] == pytest.approx(120 / length**2)
    assert thermal.attributes["time"] == thermal["series/time"][-1] == pytest.approx(10, rel=0.1)
    assert thermal.attributes["pressure"] == pytest.approx(13.5, rel=0.1)

    np.testing.assert_allclose(relaxed["self_intermediate_scattering"][:, 0], 1.0)
    assert relaxed["time"][-1] == pytest.approx(thermal.attributes["time"], rel=0.1)
    assert 5.0 < relaxed.attributes["peak_wavenumber"] < 6.0
    np.testing.assert_allclose(moved["debye_waller_halves"].mean(axis=0), moved["debye_waller"])

    assert quenched["gamma"][0] == 0.0
    assert quenched["converged"].all()
    assert not quenched["switched"][0]
    assert (quenched["max_force"] <= 1e-11).all()
    np.testing.assert_allclose(quenched["nonaffine"][0], 0.0, atol=1e-12)
    for index, strain in enumerate(quenched["gamma"]):
        affine = quenched["positions"][0] + strain * quenched["positions"][0][:, ::-1] * [1, 0]
        rest = quenched["positions"][index] - affine - quenched["nonaffine"][index]
        # what is left is a lattice vector of the sheared cell and one shift of all particles
        image = np.rint((rest[:, 1] - rest[0, 1]) / length)
        rest[:, 0] -= image * (strain * length % length)
        rest -= rest[0]
        np.testing.assert_allclose(rest / length, np.rint(rest / length), atol=1e-10)

    n_modes = soft.dataset_attributes["soft_participation"]["n_modes"]
    assert n_modes == 5
    np.testing.assert_allclose(soft["soft_participation"].sum(axis=1), n_modes)
    np.testing.assert_allclose(
        soft["scan/soft_participation"].sum(axis=2), [soft["scan/n_modes"]] * 2
    )
    np.testing.assert_allclose(soft["eigenvalues"][:, :2], 0.0, atol=1e-9)
    vectors = soft["eigenvectors"].reshape(16, -1)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(16), atol=1e-9)
    np.testing.assert_allclose(soft["eigenvectors"].sum(axis=1), 0.0, atol=1e-9)
    np.testing.assert_allclose(
        (soft["eigenvectors"][:5] ** 2).sum(axis=(0, 2)), soft["soft_participation"][0], atol=1e-9
    )


@pytest.mark.parametrize(("temperature", "sample"), [(1.0, 0), (0.6, 1)])
def test_the_harmonic_debye_waller_factor_is_that_of_all_modes(results, temperature, sample):
    name = config.state_point(120, temperature, sample)
    thermal, quenched, soft = (
        storage.read(results / stage / f"{name}.h5") for stage in ("equilibrium", "quench", "modes")
    )
    assert quenched["n_negative"][0] == 0
    inherent = replace(records.configuration(thermal), positions=quenched["positions"][0])
    matrix = hessian.hessian(inherent, records.mixture(thermal))
    squares, vectors = np.linalg.eigh(matrix.toarray())
    squares, fractions = squares[2:], (vectors[:, 2:].reshape(120, 2, -1) ** 2).sum(axis=1)
    # mode by mode, the variance of sin(ωt)/ω in t from 0 to 2, by the midpoint rule
    times = (np.arange(4000) + 0.5) / 2000
    moved = np.sin(np.sqrt(squares)[:, None] * times) / np.sqrt(squares)[:, None]
    expected = temperature * fractions @ moved.var(axis=1)
    # a window so short is hard on the mean over phases
    np.testing.assert_allclose(soft["harmonic_debye_waller"], expected, rtol=0.02)


def test_the_propensity_is_measured_where_it_was_asked(results):
    for temperature, asked in ((1.0, True), (0.6, False)):
        name = config.state_point(120, temperature, 0)
        file = storage.read(results / "isoconfigurational" / f"{name}.h5")
        assert ("propensity" in file.data) is asked
        assert (file.attributes["t_alpha"] > 0) is asked
        overlaps = overlap_rows(results, temperature, sample=0)
        assert ("DP_pq" in set(overlaps["quantity"])) is asked


def test_the_propensity_time_is_the_same_in_all_samples(results):
    times = {
        storage.read(
            results / "isoconfigurational" / f"{config.state_point(120, 1.0, sample)}.h5"
        ).attributes["t_alpha"]
        for sample in (0, 1)
    }
    assert len(times) == 1


def test_every_job_has_a_log_that_ends_well(results):
    logs = list((results / "logs").rglob("*.log"))
    assert len(logs) == 1 + 4 * 4 + 2 + 5 + 4 + 1 + 1
    for log in logs:
        lines = log.read_text().splitlines()
        assert lines[0].endswith("INFO started"), log
        assert "INFO finished after" in lines[-1], log


def test_nothing_is_left_to_do(study, snakemake):
    done = snakemake(study, TEST, "--dry-run")
    assert "Nothing to be done" in done.stdout


def test_results_copied_without_their_times_need_a_touch_only(study, snakemake, tmp_path):
    """As the README tells; Snakemake's own records need not be there."""
    shutil.copytree(study / "results", tmp_path / "results")
    for age, path in enumerate(sorted(tmp_path.rglob("*"))):
        os.utime(path, (1e9 - age, 1e9 - age))
    assert job_counts(snakemake(tmp_path, TEST, "--dry-run").stdout)["equilibrate"] > 0
    (command,) = re.findall(r"`snakemake (--cores 1 --touch)`", README.read_text("utf-8"))
    done = snakemake(tmp_path, TEST, *command.split())
    assert done.returncode == 0, done.stdout
    assert "Nothing to be done" in snakemake(tmp_path, TEST, "--dry-run").stdout
    for path in study.rglob("*.h5"):
        assert storage.digest(tmp_path / path.relative_to(study)) == storage.digest(path)


def test_other_strains_rerun_the_quenches_but_not_the_liquid(study, snakemake, tmp_path):
    strains = {"gamma": [0.0001, 0.001, 0.01, 0.05, 0.08, 0.15, 0.5]}
    done = snakemake(study, written(tmp_path, shear=strains), "--dry-run")
    jobs = job_counts(done.stdout)
    assert jobs["quench"] == jobs["diagonalise"] == 4
    assert jobs["overlap"] == 2
    assert not {"equilibrate", "isoconfigurational"} & set(jobs)


def test_a_lower_temperature_only_adds_jobs(study, snakemake, tmp_path):
    entries = yaml.safe_load(TEST.read_text())["temperatures"]
    colder = [*entries, entries[-1] | {"temperature": 0.5}]
    done = snakemake(study, written(tmp_path, temperatures=colder), "--dry-run")
    jobs = job_counts(done.stdout)
    assert {jobs[rule] for rule in ("equilibrate", "quench", "diagonalise")} == {2}
    assert jobs["overlap"] == 1


def test_another_sample_only_adds_jobs_and_renews_the_overlaps(study, snakemake, tmp_path):
    done = snakemake(study, written(tmp_path, samples=3), "--dry-run")
    jobs = job_counts(done.stdout)
    stages = ("equilibrate", "isoconfigurational", "quench", "diagonalise")
    assert {jobs[rule] for rule in stages} == {2}
    assert jobs["overlap"] == 2


def test_fewer_samples_than_the_relaxation_takes_are_all_taken(snakemake, tmp_path):
    assert yaml.safe_load(TEST.read_text())["isoconfigurational"]["relaxation_samples"] == 2
    target = "results/test/isoconfigurational/N120_T1.000_s000.h5"
    done = snakemake(tmp_path, TEST, "--dry-run", "--config", "samples=1", "--", target)
    assert done.returncode == 0, done.stdout
    assert re.findall(r"results/test/relaxation/N120_T1\.000_s\d+\.h5", done.stdout) != []
    assert "_s001" not in done.stdout


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 0}, "config key samples: 0 given; expected: a whole number >= 1"),
        ({"flavour": "vanilla"}, "config key flavour: 'vanilla' given, but there is no such key"),
        (
            {"ensemble": {"density": 0.7, "pressure": 13.5}},
            "config key ensemble: {'density': 0.7, 'pressure': 13.5} given; expected: exactly one",
        ),
    ],
)
def test_a_wrong_configuration_ends_in_one_message(snakemake, tmp_path, changes, message):
    done = snakemake(tmp_path, written(tmp_path, **changes), "--cores=1")
    assert done.returncode != 0
    (line,) = [line for line in done.stdout.splitlines() if not line.startswith("Using")]
    assert line.startswith(message)
    assert not (tmp_path / "results").exists()


def test_lists_of_the_command_line_are_read(snakemake, tmp_path):
    sizes = ["--config", "n_particles=[120,140]", "shear={gamma: [1e-4, 0.05, 0.08]}"]
    done = snakemake(tmp_path, TEST, "--dry-run", *sizes)
    assert done.returncode == 0, done.stdout
    assert job_counts(done.stdout)["quench"] == 2 * 2 * 2
    assert "results/test/quench/N140_T0.600_s001.h5" in done.stdout


def test_a_key_given_twice_is_refused(snakemake, tmp_path):
    path = tmp_path / "twice.yaml"
    path.write_text(TEST.read_text() + "\nsamples: 5\n")
    done = snakemake(tmp_path, path, "--dry-run")
    assert done.returncode != 0
    (line,) = [line for line in done.stdout.splitlines() if not line.startswith("Using")]
    assert re.fullmatch(r".*twice\.yaml: .*key samples given twice, in lines \d+ and \d+", line)


def test_a_configuration_file_stands_alone(snakemake, tmp_path):
    """The demo's keys do not fill the gaps of another file."""
    path = tmp_path / "short.yaml"
    incomplete = yaml.safe_load(TEST.read_text())
    del incomplete["samples"]
    path.write_text(yaml.safe_dump(incomplete))
    done = snakemake(tmp_path, path, "--dry-run")
    assert done.returncode != 0
    assert "config key samples: not given" in done.stdout


def test_a_failed_job_shows_its_reason_and_leaves_no_output(study, snakemake, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(study, folder)
    name = config.state_point(120, 0.6, 1)
    damaged = folder / "results" / "test" / "quench" / f"{name}.h5"
    damaged.write_bytes(damaged.read_bytes()[:1000])
    done = snakemake(folder, TEST, "--cores=1", "--forcerun=diagonalise", "--until=diagonalise")
    assert done.returncode != 0
    assert re.search(rf"ERROR .*{name}\.h5: no readable HDF5", done.stdout)
    log = f"results/test/logs/diagonalise/{name}.log"
    assert re.search(
        rf"Failed: diagonalise: .*{name}\.h5: no readable .*\n    {log}\n", done.stdout
    )
    assert not (folder / "results" / "test" / "modes" / f"{name}.h5").exists()
