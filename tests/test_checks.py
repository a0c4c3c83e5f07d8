"""Checks of finished studies: sound ones pass, and each turns red where something is wrong."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from softmodes.report import checks, tables
from softmodes.stages import checks as stages
from softmodes.study import config, storage

ROOT = Path(__file__).parents[1]

STAGES = ("equilibrium", "isoconfigurational", "quench", "modes")
N, TEMPERATURE, PRESSURE = 100, 0.5, 13.5
VELOCITIES = "kinetic temperature of the stored velocities"
RUN = "kinetic temperature of the run, from its P and energy"
FORCES = "configurational temperature, ⟨F²⟩/⟨tr H⟩"
BAROSTAT = "P of the run against the barostat's"
COLUMNS = [
    "n_particles",
    "temperature",
    "check",
    "value",
    "expected",
    "lower",
    "upper",
    "passed",
]


def sound(
    n_samples: int = 6, temperatures: tuple[float, ...] = (TEMPERATURE,), seed: int = 0
) -> pd.DataFrame:
    """What `measured` gives of samples in equilibrium, drawn from the distributions there."""
    rng = np.random.default_rng(seed)
    rows = []
    for temperature, sample in itertools.product(temperatures, range(n_samples)):
        curvature = rng.normal(1e4, 100.0)
        rows.append(
            {"n_particles": N, "temperature": temperature, "sample": sample}
            | {"square_velocity": temperature * rng.chisquare(2 * N - 2)}
            | {"run_temperature": rng.normal(temperature, 1e-3)}
            | {"curvature": curvature, "square_curvature": 6e6}
            | {"square_force": temperature * curvature + rng.normal(0.0, 100.0)}
            | {"energy": rng.normal(2.9, 0.01), "late_energy": rng.normal(2.9, 0.01)}
            | {"pressure": rng.normal(13.4, 0.1), "late_pressure": rng.normal(13.4, 0.1)}
            | {"mean_pressure": rng.normal(13.5, 0.02)}
            | {f"{name}_drift": rng.normal(0.0, 1e-4) for name in ("inherent_energy", "pressure")}
            | {f"{name}_halves": rng.normal(0.0, 0.01) for name in ("debye_waller", "propensity")}
            | {column: 0.0 for column, _ in checks.EXACT.values()}
        )
    return pd.DataFrame(rows)


def judged(samples: pd.DataFrame, pressure: float | None = PRESSURE) -> pd.DataFrame:
    time_steps = dict.fromkeys(samples["temperature"], 0.0)
    return checks.judged(samples, time_steps, pressure)


def red(table: pd.DataFrame) -> set[str]:
    return set(table.loc[~table["passed"], "check"])


def test_sound_samples_pass_every_check():
    table = judged(sound())
    assert list(table.columns) == COLUMNS
    assert len(table) == 10 + len(checks.EXACT)
    assert red(table) == set()


@pytest.mark.parametrize(
    ("column", "change", "check"),
    [
        ("square_velocity", lambda values: 1.2 * values, VELOCITIES),
        # one degree of freedom of 2N too many
        ("run_temperature", lambda values: 0.99 * values, RUN),
        ("square_force", lambda values: 1.1 * values, FORCES),
        (
            "energy",
            lambda values: values + 0.1,
            "energy of the stored configuration against its run",
        ),
        (
            "pressure",
            lambda values: values - 1.0,
            "P, from the virial, of the stored configuration against its run",
        ),
        ("mean_pressure", lambda values: values + 0.3, BAROSTAT),
        (
            "inherent_energy_drift",
            lambda values: values - 1e-3,
            "drift of e_IS in the run, per τ",
        ),
        ("pressure_drift", lambda values: values + 1e-3, "drift of P in the run, per τ"),
        (
            "debye_waller_halves",
            lambda values: values + 0.1,
            "Debye–Waller factor, second half of the isoconfigurational runs less first",
        ),
        (
            "propensity_halves",
            lambda values: values - 0.1,
            "propensity, second half of the isoconfigurational runs less first",
        ),
    ],
)
def test_each_statistical_check_sees_its_fault(column, change, check):
    samples = sound()
    samples[column] = change(samples[column])
    assert red(judged(samples)) == {check}


@pytest.mark.parametrize("check", checks.EXACT)
def test_each_exact_check_looks_at_the_worst_sample(check):
    column, bound = checks.EXACT[check]
    samples = sound()
    samples.loc[3, column] = 2.0 * bound + 1e-300
    assert red(judged(samples)) == {check}
    # an absent number is none that fits
    samples.loc[3, column] = np.nan
    assert red(judged(samples)) == {check}


def test_a_box_may_miss_its_pressure_by_a_little():
    def passed(deviation: float) -> bool:
        samples = sound()
        samples["mean_pressure"] = PRESSURE + deviation + 1e-6 * samples["sample"]
        return red(judged(samples)) == set()

    assert passed(0.06)
    assert passed(-0.06)
    assert not passed(0.08)
    assert not passed(-0.08)
    assert BAROSTAT not in set(judged(sound(), None)["check"])


def test_one_sample_tells_what_needs_no_scatter():
    table = judged(sound(n_samples=1))
    assert set(table["check"]) == {VELOCITIES, *checks.EXACT}


def test_what_was_not_measured_is_not_checked():
    table = judged(sound().assign(propensity_halves=np.nan))
    assert not table["check"].str.startswith("propensity").any()
    assert table["check"].str.startswith("Debye–Waller").any()


def test_a_sound_study_fails_once_in_twenty():
    temperatures = tuple(np.linspace(0.4, 2.0, 12))
    failed = [red(judged(sound(6, temperatures, seed))) != set() for seed in range(100)]
    # 5 expected; more than 11 in 4 of 1000
    assert sum(failed) <= 11


def oscillators(time_step: float, n_samples: int, rng: np.random.Generator) -> pd.DataFrame:
    """Samples of 2N harmonic modes that velocity Verlet moves, K + dt² F²/12 at the temperature."""
    frequency = np.linspace(2.0, 32.0, 2 * N)
    position, velocity = np.ones(2 * N), np.zeros(2 * N)
    positions, velocities = [], []
    for _ in range(4000):
        velocity = velocity - 0.5 * time_step * frequency**2 * position
        position = position + time_step * velocity
        velocity = velocity - 0.5 * time_step * frequency**2 * position
        positions.append(position)
        velocities.append(velocity)
    orbit = np.array(positions)
    held = np.mean(np.square(velocities) + time_step**2 / 6.0 * frequency**4 * orbit**2, axis=0)
    samples = sound(n_samples)
    samples["curvature"], samples["square_curvature"] = np.sum(frequency**2), np.sum(frequency**4)
    for sample in range(n_samples):
        phase = rng.integers(0, len(orbit), 2 * N)
        amplitude = np.sqrt(TEMPERATURE / held * rng.exponential(1.0, 2 * N))
        at = amplitude * orbit[phase, np.arange(2 * N)]
        samples.loc[sample, "square_force"] = np.sum(frequency**4 * at**2)
    return samples


def test_the_temperature_of_positions_knows_what_velocity_verlet_samples():
    samples = oscillators(0.025, 2000, np.random.default_rng(3))

    def row(time_step: float) -> pd.Series:
        table = checks.judged(samples, {TEMPERATURE: time_step}, PRESSURE).set_index("check")
        return table.loc[FORCES]

    assert row(0.025)["expected"] > 1.03 * TEMPERATURE
    assert row(0.025)["passed"]
    assert not row(0.0)["passed"]


# Files


@pytest.fixture(scope="module")
def files(results) -> list[dict[str, storage.StateFile]]:
    """The files of the finished study for the tests, sample by sample."""
    names = sorted(path.name for path in (results / "equilibrium").glob("*.h5"))
    return [{stage: storage.read(results / stage / name) for stage in STAGES} for name in names]


def table_of(samples: list[dict[str, storage.StateFile]]) -> pd.DataFrame:
    study = config.load(ROOT / "config" / "test.yaml")
    rows = [stages.measured(sample) for sample in samples]
    steps = {entry["temperature"]: entry["time_step"] for entry in study["temperatures"]}
    return checks.judged(pd.DataFrame(rows), steps, study["ensemble"]["pressure"])


def test_the_study_of_the_tests_passes(results, files):
    table = tables.read_csv(results / "tables" / "checks.csv")
    assert table["passed"].all()
    assert len(table) == 2 * (9 + len(checks.EXACT)) + 1  # the propensity at one temperature
    pd.testing.assert_frame_equal(table, table_of(files))


def by_hand(equilibrium: storage.StateFile) -> tuple[float, float]:
    """Energy per particle and pressure by a loop over all pairs, all terms as they are defined."""
    attributes, positions = equilibrium.attributes, equilibrium["positions"]
    cutoff, length = attributes["cutoff"], attributes["box_length"]
    powers = np.array([0.0, 2.0, 4.0])
    conditions = np.array(
        [cutoff**powers, powers * cutoff ** (powers - 1), powers * (powers - 1) * cutoff**powers]
    )
    target = -np.array([cutoff**-12.0, -12.0 * cutoff**-13.0, 156.0 * cutoff**-12.0])
    smoothing = np.linalg.solve(conditions, target)
    sigma = [attributes[f"sigma_{pair}"] for pair in ("small", "mixed", "large")]
    energy, virial = 0.0, 0.0
    for i, j in itertools.combinations(range(len(positions)), 2):
        apart = positions[i] - positions[j]
        apart -= length * np.rint(apart / length)
        x = np.hypot(*apart) / sigma[equilibrium["species"][i] + equilibrium["species"][j]]
        if x < cutoff:
            energy += x**-12 + np.sum(smoothing * x**powers)
            virial += 12.0 * x**-12 - np.sum(smoothing * powers * x**powers)
    kinetic = np.sum(equilibrium["velocities"] ** 2)
    return energy / len(positions), (kinetic + virial) / (2.0 * length**2)


def test_energy_and_pressure_are_those_of_the_stored_configuration(files):
    found = stages.measured(files[0])
    energy, pressure = by_hand(files[0]["equilibrium"])
    assert found["energy"] == pytest.approx(energy, rel=1e-12)
    assert found["pressure"] == pytest.approx(pressure, rel=1e-12)
    series = files[0]["equilibrium"]["series/pressure"]
    assert found["late_pressure"] == pytest.approx(series[3:].mean())


def test_the_temperature_of_a_run_is_that_of_its_kinetic_energy(files):
    """A run that stays where it is: its kinetic energy is that of the stored velocities."""
    equilibrium = files[0]["equilibrium"]
    energy, pressure = by_hand(equilibrium)
    for name, value in (("energy", energy), ("pressure", pressure)):
        equilibrium = changed(equilibrium, f"series/{name}", lambda old, new=value: 0 * old + new)
    still = files[0] | {"equilibrium": equilibrium}
    found = stages.measured(still)
    n = len(equilibrium["positions"])
    kinetic = np.sum(equilibrium["velocities"] ** 2) / (2 * n - 2)
    assert found["run_temperature"] == pytest.approx(kinetic, rel=1e-10)


def changed(file: storage.StateFile, name: str, change) -> storage.StateFile:
    values = file[name].copy()
    return replace(file, data=file.data | {name: change(values)})


def at(index, add: float = 0.0, times: float = 1.0):
    """Function that changes one element."""

    def change(values):
        values[index] = values[index] * times + add
        return values

    return change


STORED = "energy, stress, pressure of inherent structures, stored less recomputed"
PARTICIPATION = "Σ p_i against N_m, relative"
FORCE = "force left in inherent structures, over the quench's bound"
NONAFFINE = "nonaffine displacements, stored less recomputed"
EIGENPAIRS = "residual H e - ω² e of the modes without strain, over ‖H‖"


@pytest.mark.parametrize(
    ("stage", "name", "change", "expected"),
    [
        ("equilibrium", "velocities", lambda v: 2.0 * v, {VELOCITIES}),
        ("quench", "positions", at((2, 7, 0), 1e-6), {STORED, FORCE, NONAFFINE}),
        ("quench", "energy", at(3, 1e-7), {STORED}),
        ("quench", "shear_stress", lambda s: -s, {STORED}),
        ("quench", "nonaffine", at((1, 5), times=2.0), {NONAFFINE, "mean nonaffine displacement"}),
        ("modes", "soft_participation", at((4, 11), times=1.01), {PARTICIPATION}),
        ("modes", "scan/soft_participation", at((1, 2, 0), times=1.01), {PARTICIPATION}),
        ("modes", "eigenvectors", at((0, 3, 1), 1e-3), {EIGENPAIRS}),
        ("modes", "eigenvalues", at((0, 2), 1e-3), {EIGENPAIRS}),
        ("modes", "eigenvalues", at((3, 1), 1e-3), {"ω² of the translations, over ‖H‖"}),
        (
            "modes",
            "eigenvalues",
            at((3, 2), times=-1.0),
            {"modes with ω² ≤ 0 besides the translations"},
        ),
    ],
)
def test_a_tampered_file_turns_its_checks_red(files, stage, name, change, expected):
    first, *others = files
    tampered = first | {stage: changed(first[stage], name, change)}
    table = table_of([tampered, *others])
    assert red(table) == expected
    where = table.loc[~table["passed"], "temperature"]
    assert set(where) == {first["equilibrium"].attributes["temperature"]}


def test_another_density_is_seen(files):
    first, *others = files
    equilibrium = first["equilibrium"]
    attributes = equilibrium.attributes | {"density": 1.001 * equilibrium.attributes["density"]}
    tampered = first | {"equilibrium": replace(equilibrium, attributes=attributes)}
    assert red(table_of([tampered, *others])) == {"density against N/L², relative"}


def test_forces_of_what_did_not_converge_are_not_held_against_it(files):
    first, *others = files
    quench = changed(first["quench"], "positions", at((2, 7, 0), 1e-6))
    quench = changed(quench, "converged", at(2, times=0))
    assert FORCE not in red(table_of([first | {"quench": quench}, *others]))
