"""Replicas against single runs, all pairs, and the analytic motion of the normal modes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from configurations import jittered_lattice
from dense import all_modes

from softmodes.dynamics.isoconfigurational import Ensemble, run_ensemble
from softmodes.dynamics.replicas import Replicas, replicas_per_vector
from softmodes.dynamics.trajectory import PhasePoint, Trajectory
from softmodes.errors import InputError
from softmodes.landscape.hessian import hessian
from softmodes.landscape.quench import quench
from softmodes.system.forces import evaluate
from softmodes.system.mixture import Mixture
from softmodes.system.velocities import maxwell_boltzmann

MIXTURE = Mixture()


N_REPLICAS = replicas_per_vector(np.float64)
"""All replicas in double precision, half of those in single: eight with AVX-512, else four."""


def random_stream(run: int) -> np.random.Generator:
    return np.random.default_rng([77, run])


def some_replicas(
    n_replicas: int, temperature: float, tilt: float = 0.0, precision: type = np.float64
) -> Replicas:
    velocities = [
        maxwell_boltzmann(150, temperature, random_stream(run)) for run in range(n_replicas)
    ]
    return Replicas(
        jittered_lattice(150, tilt),
        MIXTURE,
        np.stack(velocities, axis=-1),
        time_step=0.002,
        precision=precision,
    )


def few_runs(temperature: float = 0.5, **changes: Any) -> Ensemble:
    """Two short runs, or what the changes make of them."""
    arguments = {
        "time_step": 0.005,
        "n_runs": 2,
        "debye_waller_time": 0.5,
        "sampling_interval": 0.1,
        "random_stream": random_stream,
    }
    return run_ensemble(jittered_lattice(150), MIXTURE, temperature, **(arguments | changes))


def forces_at(positions: np.ndarray, tilt: float = 0.0) -> np.ndarray:
    return evaluate(replace(jittered_lattice(150, tilt), positions=positions), MIXTURE).forces


def in_particle_order(replicas: Replicas, rows: np.ndarray, replica: int) -> np.ndarray:
    """Vectors (N, 2) of one replica from those of all rows (2, N, replicas)."""
    values = np.empty((len(replicas.order), 2))
    values[replicas.order] = rows[:, :, replica].T
    return values


@pytest.mark.parametrize("precision", [np.float64, np.float32])
@pytest.mark.parametrize("temperature", [1.0, 200.0])
def test_forces_of_every_replica_equal_those_of_the_replica_alone(
    temperature: float, precision: type
) -> None:
    """After the replicas have parted; the hot ones by more than the box."""
    positions = jittered_lattice(150, 2.0).positions
    replicas = some_replicas(N_REPLICAS, temperature, tilt=2.0, precision=precision)
    replicas.time_step /= np.sqrt(temperature)
    replicas.advance(1500)
    assert replicas.displacement.std(axis=2).max() > 0.3
    # a displacement of 10 σ11 is rounded to 1e-6 in single precision, where φ″ is a few hundred
    bound = 1e-11 if precision == np.float64 else 1e-3
    for replica in range(N_REPLICAS):
        expected = forces_at(
            positions + in_particle_order(replicas, replicas.displacement, replica), 2.0
        )
        forces = in_particle_order(replicas, replicas.force, replica)
        np.testing.assert_allclose(forces, expected, rtol=0, atol=bound * np.abs(expected).max())


def test_replicas_spread_over_the_whole_box_keep_all_their_pairs() -> None:
    lattice, rng = jittered_lattice(150), np.random.default_rng(0)
    positions, cell = lattice.positions, lattice.cell
    replicas = some_replicas(N_REPLICAS, 1.0)
    order = [rng.permutation(150) for _ in range(N_REPLICAS)]
    for replica, o in enumerate(order):
        moved = positions[o] + [0.0, cell.length] - positions
        replicas.displacement[:, :, replica] = moved[replicas.order].T
    replicas.refresh()
    for replica, o in enumerate(order):
        expected = forces_at(positions[o])
        forces = in_particle_order(replicas, replicas.force, replica)
        np.testing.assert_allclose(forces, expected, atol=1e-9 * np.abs(expected).max())


def test_replicas_without_a_run_repeat_the_last() -> None:
    replicas = some_replicas(3, 1.0)
    replicas.advance(100)
    assert replicas.displacement.shape == (2, 150, replicas_per_vector(np.float64))
    assert (replicas.displacement[:, :, 3:] == replicas.displacement[:, :, 2:3]).all()
    assert (replicas.displacement[:, :, 1] != replicas.displacement[:, :, 2]).all()


def test_a_replica_follows_the_single_trajectory() -> None:
    lattice, replicas = jittered_lattice(150), some_replicas(3, 1.0)
    replicas.advance(200)
    for replica in range(3):
        start = PhasePoint(lattice, maxwell_boltzmann(150, 1.0, random_stream(replica)))
        single = Trajectory(start, MIXTURE, 0.002)
        single.advance(200)
        moved = single.positions - lattice.positions
        displacement = in_particle_order(replicas, replicas.displacement, replica)
        np.testing.assert_allclose(displacement, moved, atol=1e-9)


@pytest.mark.parametrize("precision", [np.float64, np.float32])
def test_a_run_has_the_same_bits_whatever_runs_beside_it(precision: type) -> None:
    together, other = (
        some_replicas(n_replicas, 1.0, precision=precision) for n_replicas in (N_REPLICAS, 1)
    )
    for replicas in (together, other):
        for _ in range(4):
            replicas.advance(150)
    assert (together.displacement[:, :, 0] == other.displacement[:, :, 0]).all()
    assert (together.velocity[:, :, 0] == other.velocity[:, :, 0]).all()


def test_single_precision_conserves_the_energy() -> None:
    """The energy wanders no farther than 1.5 times what the time step does in double precision."""
    lattice, totals = jittered_lattice(150), []
    for precision in (np.float64, np.float32):
        replicas = some_replicas(N_REPLICAS, 1.0, precision=precision)
        for _ in range(20):
            replicas.advance(100)
            moved = in_particle_order(replicas, replicas.displacement, N_REPLICAS - 1)
            there = replace(lattice, positions=lattice.positions + moved)
            kinetic = 0.5 * (replicas.velocity[:, :, N_REPLICAS - 1].astype(float) ** 2).sum()
            totals.append(evaluate(there, MIXTURE).energy + kinetic)
    double, single = np.reshape(totals, (2, 20)) / 150
    assert np.abs(single - single[0]).max() < 1.5 * np.abs(double - double[0]).max()


def test_averages_equal_those_of_runs_one_by_one() -> None:
    """Debye-Waller factor and propensity from single trajectories and numpy's variance."""
    lattice = jittered_lattice(150)
    ensemble = few_runs(n_runs=4, debye_waller_time=1.0, propensity_time=1.235)
    variances, squares = [], []
    for run in range(4):
        velocities = maxwell_boltzmann(150, 0.5, random_stream(run))
        trajectory = Trajectory(PhasePoint(lattice, velocities), MIXTURE, 0.005)
        samples = []
        for _ in range(10):
            trajectory.advance(20)
            samples.append(trajectory.positions.copy())
        trajectory.advance(47)
        variances.append(np.var(samples, axis=0).sum(axis=1))
        squares.append(((trajectory.positions - lattice.positions) ** 2).sum(axis=1))
    np.testing.assert_allclose(ensemble.debye_waller, np.mean(variances, axis=0), rtol=1e-7)
    np.testing.assert_allclose(ensemble.propensity, np.mean(squares, axis=0), rtol=1e-7)
    np.testing.assert_allclose(
        ensemble.debye_waller_halves,
        [np.mean(variances[:2], axis=0), np.mean(variances[2:], axis=0)],
        rtol=1e-7,
    )
    np.testing.assert_allclose(
        ensemble.propensity_halves[1], np.mean(squares[2:], axis=0), rtol=1e-7
    )


def test_a_cold_run_is_the_propagation_of_its_modes() -> None:
    """r_i(t) = Σ_j e_i^j (v·e^j) sin(ω_j t)/ω_j from the inherent structure at T = 1e-6."""
    found = quench(jittered_lattice(200), MIXTURE)
    assert found.converged
    eigenvalues, vectors = all_modes(hessian(found.configuration, MIXTURE))
    frequencies = np.sqrt(eigenvalues[2:])
    vectors = vectors.reshape(len(eigenvalues), -1)[2:]
    velocities = maxwell_boltzmann(200, 1e-6, np.random.default_rng(1))
    time_step = 0.0005
    replicas = Replicas(found.configuration, MIXTURE, velocities[..., None], time_step=time_step)
    amplitude = vectors @ velocities.ravel()
    # velocity Verlet turns ω into (2/dt) arcsin(ω dt/2), and the amplitude likewise
    discrete = 2 / time_step * np.arcsin(frequencies * time_step / 2)
    damping = np.sqrt(1 - (frequencies * time_step / 2) ** 2)
    for interval in range(5):
        replicas.advance(400)
        t = 400 * time_step * (interval + 1)
        expected = (amplitude * np.sin(discrete * t) / (frequencies * damping)) @ vectors
        moved = in_particle_order(replicas, replicas.displacement, 0).ravel()
        assert np.abs(moved - expected).max() < 2e-3 * np.abs(expected).max()


def test_propensity_is_measured_only_where_asked() -> None:
    ensemble = few_runs()
    assert ensemble.propensity is None
    assert ensemble.propensity_halves is None
    assert (ensemble.debye_waller > 0).all()


def test_an_odd_number_of_runs_is_refused() -> None:
    with pytest.raises(InputError, match="n_runs: 3 given"):
        few_runs(n_runs=3)


def test_a_propensity_time_below_one_step_is_refused() -> None:
    with pytest.raises(InputError, match=r"propensity_time: 0\.0 given"):
        few_runs(propensity_time=0.0)


def test_a_generator_instead_of_a_function_is_told() -> None:
    with pytest.raises(InputError, match="random_stream: a Generator given, a function that"):
        few_runs(random_stream=np.random.default_rng(1))


def test_a_negative_temperature_is_named_as_the_cause() -> None:
    with pytest.raises(InputError, match=r"temperature: -0\.5 given"):
        few_runs(temperature=-0.5)


@pytest.mark.parametrize("precision", [np.float64, np.float32])
def test_runs_that_explode_say_so(precision: type) -> None:
    replicas = some_replicas(N_REPLICAS, 20.0, precision=precision)
    replicas.time_step = 0.5
    with pytest.raises(InputError, match="is the time step too long"):
        replicas.advance(1000)


def test_a_displacement_that_is_no_number_is_refused() -> None:
    replicas = some_replicas(N_REPLICAS, 1.0)
    replicas.velocity[0, 17, 3] = np.nan
    with pytest.raises(InputError, match="ran away"):
        replicas.advance(10)
