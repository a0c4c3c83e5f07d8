"""The integrator against exact relations, thermostat and barostat against their distributions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from configurations import jittered_lattice
from dense import all_modes
from glasses import glass
from scipy import stats

from softmodes.analysis.relaxation import lags_of, self_dynamics, time_origins
from softmodes.dynamics.equilibration import equilibrate, schedule
from softmodes.dynamics.trajectory import (
    PRECISIONS,
    PhasePoint,
    Trajectory,
    random_start,
    whole_steps,
)
from softmodes.errors import InputError
from softmodes.landscape.hessian import hessian
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.forces import evaluate, pressure
from softmodes.system.mixture import Mixture
from softmodes.system.velocities import maxwell_boltzmann

MIXTURE = Mixture()


def thermal(n_particles: int = 200, temperature: float = 1.0) -> PhasePoint:
    velocities = maxwell_boltzmann(n_particles, temperature, np.random.default_rng(2))
    return PhasePoint(jittered_lattice(n_particles), velocities)


def settled(temperature: float = 1.0) -> PhasePoint:
    """A small liquid, a few τ after the lattice."""
    trajectory, rng = (
        Trajectory(thermal(200, temperature), MIXTURE, 0.005),
        np.random.default_rng(4),
    )
    for _ in range(50):
        trajectory.advance(20)
        trajectory.thermostat(temperature, 0.1, rng)
    return trajectory.phase_point


def energy_error(time_step: float) -> float:
    """RMS deviation of the total energy along 2 τ."""
    trajectory = Trajectory(settled(), MIXTURE, time_step)
    energies = []
    for _ in range(40):
        trajectory.advance(round(0.05 / time_step))
        energies.append(trajectory.potential_energy + trajectory.kinetic_energy)
    return float(np.std(energies))


def test_energy_is_conserved_to_second_order() -> None:
    errors = [energy_error(step) for step in (0.005, 0.0025)]
    assert errors[0] / 200 < 1e-3
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.4)


def test_verlet_steps_with_forces_of_all_pairs() -> None:
    """The list of the trajectory is rebuilt often enough: same path as fresh forces each step."""
    start = thermal(temperature=20.0)  # fast, so that the list ages quickly
    trajectory = Trajectory(start, MIXTURE, 0.001)
    trajectory.advance(200)
    configuration, velocities = start.configuration, start.velocities.copy()
    forces = evaluate(configuration, MIXTURE).forces
    for _ in range(200):
        velocities += 0.0005 * forces
        moved = configuration.positions + 0.001 * velocities
        configuration = replace(configuration, positions=moved)
        forces = evaluate(configuration, MIXTURE).forces
        velocities += 0.0005 * forces
    assert np.abs(moved - start.configuration.positions).max() > 0.5
    np.testing.assert_allclose(trajectory.positions, moved, atol=1e-8)
    np.testing.assert_allclose(trajectory.velocities, velocities, atol=1e-7)


def test_reversed_velocities_lead_back() -> None:
    start = settled()
    trajectory = Trajectory(start, MIXTURE, 0.005)
    trajectory.advance(100)
    trajectory.velocities *= -1
    trajectory.advance(100)
    np.testing.assert_allclose(trajectory.positions, start.configuration.positions, atol=1e-9)


def test_single_precision_follows_double_until_chaos_parts_them() -> None:
    """Forces are rounded to 1e-6 of the largest, and differences grow by e in a third of a τ."""
    start = settled()
    double, single = (
        Trajectory(start, MIXTURE, 0.005, precision=p) for p in (np.float64, np.float32)
    )
    for path in (double, single):
        path.advance(100)
    distance = np.abs(double.positions - single.positions).max()
    assert 1e-9 < distance < 1e-4


def test_single_precision_keeps_energy_and_momentum() -> None:
    """10⁵ steps: the energy ends no farther away than the time step lets it wander."""
    trajectory = Trajectory(settled(), MIXTURE, 0.005, precision=np.float32)
    energies = []
    for _ in range(1000):
        trajectory.advance(100)
        energies.append(trajectory.potential_energy + trajectory.kinetic_energy)
    drift, spread = np.polyfit(np.arange(1000), energies, 1)[0] * 1000, energy_error(0.005)
    assert abs(drift) < spread
    np.testing.assert_allclose(trajectory.velocities.sum(axis=0), 0.0, atol=1e-12)


@pytest.mark.parametrize("precision", PRECISIONS.values())
def test_a_run_that_goes_on_from_stored_arrays_has_the_same_bits(precision: type) -> None:
    whole, stored = (Trajectory(settled(), MIXTURE, 0.005, precision=precision) for _ in range(2))
    for n_steps in (30, 60, 60):
        whole.advance(n_steps)
        stored.advance(n_steps)
        forces = stored.forces
        stored = Trajectory(stored.phase_point, MIXTURE, 0.005, precision=precision)
        stored.forces[:] = forces
    assert (whole.positions == stored.positions).all()
    assert (whole.velocities == stored.velocities).all()


def test_a_run_in_pieces_differs_by_rounding_only() -> None:
    whole, pieces = (Trajectory(settled(), MIXTURE, 0.005) for _ in range(2))
    whole.advance(150)
    for n_steps in (1, 60, 89):
        pieces.advance(n_steps)
    np.testing.assert_allclose(whole.positions, pieces.positions, atol=1e-10)


def test_scaling_of_the_pure_power_law() -> None:
    """ρ → sρ with T → s⁶T and t → s^(-3.5) t is the same path, but for the cutoff's 1e-8."""
    mixture, scale = Mixture(smoothed=False, cutoff=4.5), 1.2
    start = thermal(300)
    loose = start.configuration
    dense = PhasePoint(
        Configuration(
            loose.positions / np.sqrt(scale),
            loose.species,
            Cell(loose.cell.length / np.sqrt(scale)),
        ),
        start.velocities * scale**3,
    )
    one, other = Trajectory(start, mixture, 0.002), Trajectory(dense, mixture, 0.002 * scale**-3.5)
    one.advance(150)
    other.advance(150)
    assert np.abs(one.positions - loose.positions).max() > 0.1
    np.testing.assert_allclose(other.positions * np.sqrt(scale), one.positions, atol=1e-6)
    ratio = other.pressure / one.pressure
    assert ratio == pytest.approx(scale**7, rel=1e-6)


def test_pressure_of_the_power_law_is_kinetic_plus_six_energies() -> None:
    mixture = Mixture(smoothed=False, cutoff=4.5)
    trajectory = Trajectory(thermal(300), mixture, 0.005)
    trajectory.advance(20)
    kinetic = trajectory.shadow_kinetic_energy
    expected = (kinetic + 6 * trajectory.potential_energy) / trajectory.cell.area
    assert trajectory.pressure == pytest.approx(expected, rel=1e-10)


def test_velocities_are_maxwell_boltzmann_without_drift() -> None:
    rng = np.random.default_rng(8)
    samples = np.stack([maxwell_boltzmann(10, 0.7, rng) for _ in range(4000)])
    np.testing.assert_allclose(samples.sum(axis=1), 0.0, atol=1e-12)
    kinetic = 0.5 * (samples**2).sum(axis=(1, 2))
    assert stats.kstest(kinetic * 2 / 0.7, stats.chi2(18).cdf).pvalue > 1e-3


def test_thermostat_gives_the_canonical_kinetic_energy() -> None:
    """Mean, variance and shape of K + dt² ΣF²/12, started far from its mean."""
    trajectory, rng = Trajectory(thermal(n_particles=100), MIXTURE, 0.005), np.random.default_rng(5)
    dof, temperature = trajectory.degrees_of_freedom, 0.6
    kinetic = []
    for _ in range(20000):
        trajectory.thermostat(temperature, 0.5, rng)
        kinetic.append(trajectory.shadow_kinetic_energy)
    independent = np.array(kinetic[20::10]) * 2 / temperature  # five relaxation times apart
    assert stats.kstest(independent, stats.chi2(dof).cdf).pvalue > 1e-3


def test_thermostat_relaxes_at_its_own_rate() -> None:
    """⟨K + dt² ΣF²/12⟩ approaches its mean as exp(-t/τ)."""
    start = settled(temperature=2.0)
    trajectory = Trajectory(start, MIXTURE, 0.005)
    initial = trajectory.shadow_kinetic_energy
    rng, ends = np.random.default_rng(6), []
    for _ in range(200):
        trajectory.velocities = start.velocities.copy()
        trajectory.thermostat(1.0, 0.5, rng)
        ends.append(trajectory.shadow_kinetic_energy)
    mean = 0.5 * 398 * 1.0
    expected = mean + (initial - mean) * np.exp(-0.5)
    assert np.mean(ends) == pytest.approx(expected, abs=4 * np.std(ends) / np.sqrt(200))


class MeanNoise:
    """Gives the thermostat the mean of its noise."""

    def standard_normal(self) -> float:
        return 0.0

    def chisquare(self, degrees: int) -> float:
        return degrees + 1.0  # and the mean of the normal number's square


@pytest.mark.parametrize("time_step", [0.005, 0.01, 0.02])
def test_the_time_step_leaves_slow_modes_at_their_temperature(time_step: float) -> None:
    """In a glass at T = 1e-5 the softest modes have ⟨p²⟩ = T, and U - U_IS per mode is
    T/2 (1 + ⟨ω²⟩ dt²/12); held at T, the full-step kinetic energy would add ⟨ω²⟩ dt²/6 to both.

    Runs start with all modes at T in the discrete dynamics, in pairs a quarter of a period apart,
    in which what modes exchange between kinetic and potential energy cancels.
    """
    temperature, n_soft, n_pairs = 1e-5, 20, 100
    inherent, mixture = glass()
    eigenvalues, vectors = all_modes(hessian(inherent, mixture))
    frequencies, vectors = np.sqrt(eigenvalues[2:]), vectors[2:].reshape(len(eigenvalues) - 2, -1)
    inherent_energy = evaluate(inherent, mixture).energy
    # the orbit of a mode is x = a cos φ, p = s a sin φ, its action s a²/2 is T over the frequency
    discrete = 2 / time_step * np.arcsin(frequencies * time_step / 2)
    speed = frequencies * np.sqrt(1 - (frequencies * time_step / 2) ** 2)
    amplitude = np.sqrt(2 * temperature / (discrete * speed))

    def energies(phase: np.ndarray) -> np.ndarray:
        """U - U_IS per mode and p² of the soft modes, over their means at dt = 0."""
        displacement = (amplitude * np.cos(phase)) @ vectors
        velocities = (speed * amplitude * np.sin(phase)) @ vectors
        displaced = inherent.positions + displacement.reshape(-1, 2)
        start = PhasePoint(replace(inherent, positions=displaced), velocities.reshape(-1, 2))
        trajectory, found = Trajectory(start, mixture, time_step), []
        for block in range(80):
            trajectory.advance(round(0.1 / time_step))
            trajectory.thermostat(temperature, 0.1, MeanNoise())
            if block >= 50:  # energies relax in 2 τ
                momenta = vectors[:n_soft] @ trajectory.velocities.ravel()
                potential = trajectory.potential_energy - inherent_energy
                found.append((2 * potential / len(frequencies), np.mean(momenta**2)))
        return np.mean(found, axis=0) / temperature

    rng = np.random.default_rng(3)
    phases = rng.uniform(0, 2 * np.pi, (n_pairs, len(frequencies)))
    pairs = np.array([(energies(phase) + energies(phase + np.pi / 2)) / 2 for phase in phases])
    potential, momentum = pairs.mean(axis=0)
    error = pairs[:, 1].std(ddof=1) / np.sqrt(n_pairs)
    full_step = np.mean(eigenvalues[2:]) * time_step**2 / 6
    assert potential == pytest.approx(1 + full_step / 2, abs=full_step / 10)
    assert momentum == pytest.approx(1, abs=4 * error)
    assert error < 5e-4


def test_barostat_samples_the_ideal_gas() -> None:
    """Without interactions V follows a Gamma distribution: mean N T/P, variance N (T/P)²."""
    n, temperature, target = 40, 200.0, 100.0
    mixture = Mixture(sigma_small=1e-3, sigma_mixed=1e-3, sigma_large=1e-3)
    rng = np.random.default_rng(7)
    start = PhasePoint(
        Configuration(rng.uniform(0, 9, (n, 2)), mixture.species(n), Cell(9.0)),
        maxwell_boltzmann(n, temperature, rng),
    )
    trajectory, areas = Trajectory(start, mixture, 1e-4), []
    for block in range(16000):
        trajectory.velocities = maxwell_boltzmann(n, temperature, rng)
        trajectory.barostat(target, temperature, 0.2, rng=rng)
        if block > 200:
            areas.append(trajectory.cell.area)
    # chunks are longer than the correlation time, 2 τ = 10 steps
    chunks = np.array(areas[: len(areas) // 200 * 200]).reshape(-1, 200)
    mean_error = chunks.mean(axis=1).std() / np.sqrt(len(chunks))
    assert np.mean(areas) == pytest.approx(n * temperature / target, abs=4 * mean_error)
    spread = ((chunks - np.mean(areas)) ** 2).mean(axis=1)
    variance = n * (temperature / target) ** 2
    # Euler steps of a tenth of the relaxation time widen the distribution by about 5 %
    error = 4 * spread.std() / np.sqrt(len(chunks)) + 0.05 * variance
    assert np.var(areas) == pytest.approx(variance, abs=error)


def test_barostat_fluctuations_give_the_compressibility() -> None:
    """⟨δV²⟩ = V T κ_T, with κ_T from the pressures of two fixed volumes."""
    temperature, target = 1.0, 13.5
    rng = np.random.default_rng(9)
    trajectory = Trajectory(settled(temperature), MIXTURE, 0.005)
    areas = []
    for block in range(5000):
        trajectory.advance(20)
        trajectory.thermostat(temperature, 0.1, rng)
        trajectory.barostat(target, temperature, 0.1, rng=rng)
        if block >= 300:
            areas.append(trajectory.cell.area)
    mean_area = float(np.mean(areas))

    def pressures_at(area: float) -> np.ndarray:
        trajectory.rescale(float(np.sqrt(area)) / trajectory.cell.length)
        values = []
        for block in range(1600):
            trajectory.advance(20)
            trajectory.thermostat(temperature, 0.1, rng)
            if block >= 100:
                values.append(trajectory.pressure)
        return np.array(values).reshape(15, -1).mean(axis=1)

    small, large = pressures_at(0.97 * mean_area), pressures_at(1.03 * mean_area)
    assert small.mean() > target > large.mean()
    slope = (small.mean() - large.mean()) / (0.06 * mean_area)
    compressibility = 1.0 / (mean_area * slope)
    chunks = np.array(areas[:4700]).reshape(10, -1)
    spread = ((chunks - mean_area) ** 2).mean(axis=1)
    error = spread.std(ddof=1) / np.sqrt(10)
    assert spread.mean() == pytest.approx(mean_area * temperature * compressibility, abs=4 * error)
    assert error < 0.15 * spread.mean()


def test_rescaling_moves_everything_together() -> None:
    trajectory = Trajectory(thermal(), MIXTURE, 0.005)
    before = trajectory.phase_point
    trajectory.rescale(1.01)
    assert trajectory.cell.length == pytest.approx(1.01 * before.configuration.cell.length)
    np.testing.assert_allclose(trajectory.positions, 1.01 * before.configuration.positions)
    np.testing.assert_allclose(trajectory.velocities, before.velocities / 1.01)
    fresh = evaluate(trajectory.configuration, MIXTURE)
    np.testing.assert_allclose(trajectory.forces, fresh.forces, atol=1e-9)


def test_equilibration_reaches_pressure_and_temperature() -> None:
    rng = np.random.default_rng(10)
    start = random_start(MIXTURE, 200, 0.7, temperature=1.0, rng=rng).configuration
    assert np.abs(evaluate(start, MIXTURE).forces).max() <= 1.0
    fractions: list[float] = []
    result = equilibrate(
        start,
        MIXTURE,
        1.0,
        schedule=schedule(0.005, 20.0, 5, barostat_time=20.0),
        rng=rng,
        pressure=13.5,
        progress=fractions.append,
    )
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    np.testing.assert_allclose(result.time, [4.0, 8.0, 12.0, 16.0, 20.0])
    # volume is the mean of a short barostat stage: δP = K δV/V, about 0.3
    assert result.pressure == pytest.approx(13.5, abs=1.5)
    end = result.end
    inherent = result.inherent_energy
    assert (inherent < result.energy).all()
    assert np.abs(end.velocities.sum(axis=0)).max() < 1e-10
    virial, kinetic = evaluate(end.configuration, MIXTURE), 0.5 * np.sum(end.velocities**2)
    assert pressure(virial, end.configuration.cell, kinetic) == pytest.approx(13.5, abs=4)


def test_fixed_volume_leaves_the_box_alone() -> None:
    start, rng = jittered_lattice(200), np.random.default_rng(0)
    result = equilibrate(start, MIXTURE, 1.0, schedule=schedule(0.005, 1.0, 2), rng=rng)
    assert result.end.configuration.cell == start.cell


@pytest.mark.parametrize(("pressure", "barostat_time"), [(13.5, 0.0), (None, 1.0)])
def test_a_barostat_stage_and_a_pressure_belong_together(pressure, barostat_time) -> None:
    plan = schedule(0.005, 1.0, 2, barostat_time=barostat_time)
    start, rng = jittered_lattice(200), np.random.default_rng(0)
    with pytest.raises(InputError, match=r"pressure: .* both or neither expected"):
        equilibrate(start, MIXTURE, 1.0, schedule=plan, rng=rng, pressure=pressure)


@pytest.mark.parametrize("time", [0.2, 3.0, 40.0, 1234.5, 135000.0])
def test_a_schedule_keeps_short_and_long_times(time: float) -> None:
    plan = schedule(0.01, time, 20, barostat_time=0.07)
    assert plan.interval == pytest.approx(0.1)
    assert (plan.n_barostat, plan.steps_per_block) == (1, 10)
    last = plan.n_points * plan.blocks_per_point
    assert plan.n_blocks == 1 + last
    assert time / 0.1 <= last + 1e-6 < time / 0.1 + 20
    blocks = plan.frame_blocks
    assert (blocks[0], blocks[-1]) == (0, last)
    assert np.all(np.diff(blocks) > 0)
    assert len(blocks) <= min(1000, last + 1)
    origins = blocks[time_origins(blocks)]
    assert min(24, last) <= len(origins) - 1 < 48
    lags = lags_of(blocks)
    assert lags[1] == 1
    assert np.all(lags[2:] <= 2 * lags[1:-1])
    burst = lags[1:][lags[1:] <= origins[1]]
    assert np.all(burst[1:] <= np.maximum(burst[:-1] + 1, 1.5 * burst[:-1]))
    for lag in burst:
        assert np.isin(origins[:-1] + lag, blocks)[:-1].all()


@pytest.mark.parametrize("barostat_time", [0.0, 0.5])
def test_frames_are_the_points_of_the_run_that_the_schedule_names(barostat_time: float) -> None:
    """Of few blocks and of all."""
    pressure = 13.5 if barostat_time else None
    start, every = settled().configuration, schedule(0.005, 2.0, 2, barostat_time=barostat_time)
    assert (every.frame_blocks == np.arange(21)).all()
    few = replace(every, frame_blocks=np.array([0, 1, 2, 6, 7, 20]))
    results = []
    for plan in (few, every):
        rng = np.random.default_rng(4)
        results.append(equilibrate(start, MIXTURE, 1.0, schedule=plan, rng=rng, pressure=pressure))
    kept, whole = results
    np.testing.assert_allclose(kept.frame_time, 0.1 * few.frame_blocks)
    assert (kept.frames == whole.frames[few.frame_blocks]).all()
    assert (kept.frames[-1] == kept.end.configuration.positions).all()
    if not barostat_time:
        assert (kept.frames[0] == start.positions).all()
    # no frame misses the motion of a block, none has that of a rescaled box
    steps = np.linalg.norm(np.diff(whole.frames, axis=0), axis=2)
    np.testing.assert_allclose(np.sqrt(np.mean(steps**2, axis=1)), 0.13, atol=0.03)


def test_scattering_under_the_thermostat_is_that_at_constant_energy() -> None:
    """Of the same liquid: the thermostat acts on nothing but the kinetic energy as a whole."""
    temperature, n_samples, plan = 1.0, 8, schedule(0.005, 30.0, 2)
    differences = []
    start = settled(temperature).configuration
    for seed in range(n_samples):
        rng = np.random.default_rng(seed)
        held = equilibrate(start, MIXTURE, temperature, schedule=plan, rng=rng)
        trajectory = Trajectory(held.end, MIXTURE, plan.time_step)
        free = [trajectory.positions.copy()]
        for steps in np.diff(plan.frame_blocks) * plan.steps_per_block:
            trajectory.advance(int(steps))
            free.append(trajectory.positions.copy())
        curves = [
            self_dynamics(
                frames,
                start.species,
                start.cell,
                times=plan.frame_blocks,
                lags=lags_of(plan.frame_blocks)[1:7],
                wavenumber=5.5,
                neighbour_distances=(1.45, 1.67, 1.91),
            ).self_intermediate_scattering[0]
            for frames in (held.frames, np.stack(free))
        ]
        differences.append(curves[0] - curves[1])
        start = held.end.configuration
    errors = np.std(differences, axis=0, ddof=1) / np.sqrt(n_samples)
    assert (errors < 0.03).all()
    assert (np.abs(np.mean(differences, axis=0)) < 4 * errors).all()


def test_a_run_that_explodes_says_so() -> None:
    trajectory = Trajectory(thermal(temperature=20.0), MIXTURE, 0.5)
    with pytest.raises(InputError, match="is the time step too long"):
        trajectory.advance(1000)


def test_velocities_are_two_numbers_for_every_particle() -> None:
    start = thermal()
    assert (PhasePoint(start.configuration, start.velocities.tolist()).velocities.dtype) == float
    with pytest.raises(InputError, match=r"velocities: an array of shape \(199, 2\) given"):
        PhasePoint(start.configuration, start.velocities[1:])


RNG = np.random.default_rng(1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0.7, 1.0), "n_particles: 0 given, 1 or more expected"),
        ((120, -0.7, 1.0), r"density: -0\.7 given, a positive number expected"),
        ((120, 0.0, 1.0), r"density: 0\.0 given, a positive number expected"),
        ((120, 0.7, -1.0), r"temperature: -1\.0 given, 0 or more expected"),
        ((120, 0.7, np.nan), "temperature: nan given, 0 or more expected"),
    ],
)
def test_a_start_without_sense_is_refused_by_its_cause(arguments: tuple, message: str) -> None:
    n_particles, density, temperature = arguments
    with pytest.raises(InputError, match=message):
        random_start(Mixture(), n_particles, density, temperature=temperature, rng=RNG)


def test_velocities_are_drawn_from_a_generator_for_particles() -> None:
    with pytest.raises(InputError, match=r"rng: a function given, a numpy\.random\.Generator"):
        maxwell_boltzmann(120, 1.0, lambda _: RNG)
    with pytest.raises(InputError, match="n_particles: 0 given"):
        maxwell_boltzmann(0, 1.0, RNG)


def test_durations_are_whole_steps() -> None:
    assert whole_steps(0.1, 0.005) == 20
    with pytest.raises(InputError, match=r"duration: 0.1 .* step 0.03"):
        whole_steps(0.1, 0.03)
