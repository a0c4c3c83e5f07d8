"""The GPU's kernels, on numba's simulator of a device, against the engine of the CPU.

`NUMBA_ENABLE_CUDASIM=0 pytest tests/test_cuda.py` runs the same tests on a device.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from configurations import jittered_lattice

from softmodes import cuda_kernels
from softmodes.cuda_dynamics import Coupling, Systems, run_ensemble
from softmodes.dynamics import Configuration, Trajectory, maxwell_boltzmann
from softmodes.errors import InputError
from softmodes.isoconfigurational import run_ensemble as run_ensemble_on_cpu
from softmodes.model import Mixture

MIXTURE = Mixture(cutoff=2.0)
STEP = 0.005


def liquid(temperature: float, seed: int) -> Configuration:
    """120 particles some steps away from a lattice, large and small ones mixed."""
    positions, species, cell = jittered_lattice(120)
    velocities = maxwell_boltzmann(120, temperature, np.random.default_rng(seed))
    trajectory = Trajectory(Configuration(positions, velocities, species, cell), MIXTURE, 0.002)
    for _ in range(20):
        trajectory.advance(20)
        trajectory.velocities *= np.sqrt(120 * temperature / trajectory.kinetic_energy)
    return trajectory.configuration


class Dictated:
    """A generator that gives the numbers it was given, in the order of `dynamics`."""

    def __init__(self, noise: np.ndarray, with_barostat: bool) -> None:
        self._numbers: Iterator[float] = iter(
            noise[:, : 3 if with_barostat else 2].ravel().tolist()
        )

    def standard_normal(self) -> float:
        return next(self._numbers)

    def chisquare(self, _degrees: float) -> float:
        return next(self._numbers)


def noise_for(n_systems: int, n_blocks: int) -> np.ndarray:
    rng = np.random.default_rng(6)
    noise = rng.standard_normal((n_blocks, n_systems, 3))
    noise[:, :, 1] = rng.chisquare(2 * 120 - 3, (n_blocks, n_systems))
    return noise


def test_systems_move_as_they_do_on_the_cpu() -> None:
    starts = [liquid(0.5, 1), liquid(1.0, 2)]
    systems = Systems(starts, MIXTURE, STEP)
    record = systems.advance(1, 4)
    for s, start in enumerate(starts):
        alone = Trajectory(start, MIXTURE, STEP)
        alone.advance(4)
        # float32 pair terms: 1e-6 of forces of some tens, for 0.02 τ
        np.testing.assert_allclose(systems.positions[s], alone.positions, rtol=0, atol=1e-7)
        np.testing.assert_allclose(systems.velocities[s], alone.velocities, rtol=0, atol=5e-6)
        expected = alone.potential_energy / 120, alone.pressure, alone.cell.length
        np.testing.assert_allclose(record[0, s, :3], expected, rtol=1e-6)


def test_a_fast_system_finds_new_neighbours() -> None:
    """Particles cross half a skin every few steps, and some the edge of the box."""
    start = liquid(0.5, 1)
    rng = np.random.default_rng(3)
    fast = Configuration(
        start.positions, maxwell_boltzmann(120, 400.0, rng), start.species, start.cell
    )
    systems = Systems([fast], MIXTURE, 0.0005)
    alone = Trajectory(fast, MIXTURE, 0.0005)
    systems.advance(1, 60)
    alone.advance(60)
    travelled = np.abs(alone.positions - fast.positions).max()
    assert travelled > cuda_kernels.SKIN
    np.testing.assert_allclose(systems.positions[0], alone.positions, rtol=0, atol=2e-5)


def test_thermostat_and_barostat_act_as_they_do_on_the_cpu() -> None:
    starts, temperatures = [liquid(0.5, 1), liquid(1.0, 2)], 0.7
    noise = noise_for(2, 3)
    systems = Systems(starts, MIXTURE, STEP)
    coupling = Coupling(2 * STEP, temperatures, pressure=13.5)
    record = systems.advance(3, 2, coupling, noise)
    for s, start in enumerate(starts):
        alone, rng = Trajectory(start, MIXTURE, STEP), Dictated(noise[:, s], with_barostat=True)
        for block in range(3):
            alone.advance(2)
            alone.thermostat(temperatures, 2 * STEP, rng)
            pressure = alone.pressure
            alone.barostat(13.5, temperatures, 2 * STEP, rng)
            np.testing.assert_allclose(
                record[block, s, 1:3], (pressure, alone.cell.length), rtol=1e-6
            )
        np.testing.assert_allclose(systems.positions[s], alone.positions, rtol=0, atol=1e-6)
        np.testing.assert_allclose(systems.velocities[s], alone.velocities, rtol=0, atol=1e-5)


def test_bits_do_not_depend_on_the_other_systems() -> None:
    starts, noise = [liquid(0.5, 1), liquid(1.0, 2)], noise_for(2, 2)
    coupling = Coupling(2 * STEP, 0.7, pressure=13.5)
    together, apart = Systems(starts, MIXTURE, STEP), Systems(starts[1:], MIXTURE, STEP)
    record = together.advance(2, 2, coupling, noise)
    np.testing.assert_array_equal(record[:, 1:], apart.advance(2, 2, coupling, noise[:, 1:]))
    np.testing.assert_array_equal(together.positions[1:], apart.positions)
    np.testing.assert_array_equal(together.velocities[1:], apart.velocities)


def test_a_state_that_was_kept_goes_on_to_the_same_bits() -> None:
    start, noise = liquid(0.5, 1), noise_for(1, 2)
    coupling = Coupling(2 * STEP, 0.7)
    through = Systems([start], MIXTURE, STEP)
    through.advance(1, 2, coupling, noise[:1])
    state = through.state()
    through.advance(1, 2, coupling, noise[1:])
    resumed = Systems([start], MIXTURE, STEP)
    resumed.restore(state)
    resumed.advance(1, 2, coupling, noise[1:])
    np.testing.assert_array_equal(resumed.positions, through.positions)
    np.testing.assert_array_equal(resumed.velocities, through.velocities)


@pytest.mark.parametrize("propensity_time", [None, 0.03, 0.025, 0.05])
def test_the_ensemble_is_that_of_the_cpu(propensity_time: float | None) -> None:
    """Within, between and beyond the samples of the Debye-Waller time."""
    start = liquid(0.5, 1)
    arguments = (
        *(start.positions, start.species, start.cell, MIXTURE, 0.5, STEP, 2, 0.04, 0.01),
        lambda run: np.random.default_rng([8, run]),
        propensity_time,
    )
    found, expected = run_ensemble(*arguments), run_ensemble_on_cpu(*arguments)
    np.testing.assert_allclose(found.debye_waller, expected.debye_waller, rtol=1e-4)
    np.testing.assert_allclose(found.debye_waller_halves, expected.debye_waller_halves, rtol=1e-4)
    if propensity_time is None:
        assert found.propensity is None
    else:
        np.testing.assert_allclose(found.propensity, expected.propensity, rtol=1e-4)


def test_a_crowd_is_refused() -> None:
    positions, species, cell = jittered_lattice(120)
    crowd = Configuration(positions * 0.05 % cell.length, np.zeros((120, 2)), species, cell)
    with pytest.raises(InputError, match="more than 96 neighbours"):
        Systems([crowd], MIXTURE, 1e-9).advance(1, 1)


def test_a_step_too_long_is_told() -> None:
    systems = Systems([liquid(0.5, 1)], MIXTURE, STEP)
    systems._record[:] = np.full(systems._record.shape, np.nan)
    systems._kernel = {(1, 128, systems._stream, cuda_kernels.shared_bytes(120)): print}
    with pytest.raises(InputError, match="time step too long"):
        systems.advance(1, 1)


def test_a_tilted_cell_is_refused() -> None:
    start = liquid(0.5, 1)
    tilted = Configuration(
        start.positions, start.velocities, start.species, start.cell.sheared(0.1)
    )
    with pytest.raises(InputError, match="cell tilt"):
        Systems([tilted], MIXTURE, STEP)


def test_without_a_device_there_is_one_message() -> None:
    script = "from softmodes.cuda_dynamics import check_device; check_device()"
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "0", "CUDA_VISIBLE_DEVICES": ""}
    path = os.pathsep.join(sys.path)
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env=environment | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert ended.returncode != 0
    assert "backend: cuda given, but numba finds no CUDA device" in ended.stderr
