"""Cyclic shear: its path, structures against independent quenches, limit cycles, resumption."""

import numpy as np
import pytest
from glasses import glass

from softmodes.errors import InputError
from softmodes.landscape.cyclic_shear import (
    CyclicShear,
    _period,
    shear_along,
    shear_cycles,
    strain_path,
)
from softmodes.landscape.quench import quench
from softmodes.system.cell import Cell
from softmodes.system.forces import evaluate, shear_stress
from softmodes.system.mixture import Mixture


def run(amplitude, *, strain_step=0.005, cycles=1, seed=1, **options):
    inherent, mixture = glass(seed=seed)
    return shear_cycles(
        inherent, mixture, amplitude, strain_step=strain_step, cycles=cycles, **options
    )


@pytest.mark.parametrize(
    ("amplitude", "step", "n"), [(0.06, 0.002, 30), (0.07, 0.002, 35), (0.01, 0.003, 4), (0, 1, 1)]
)
def test_the_path_leads_to_both_amplitudes_and_back_in_equal_steps(amplitude, step, n):
    strains = strain_path(amplitude, step)
    assert len(strains) == 4 * n + 1
    assert strains[0] == strains[2 * n] == strains[4 * n] == 0.0
    assert (strains[n], strains[3 * n]) == (amplitude, -amplitude)
    steps = np.diff(strains)
    np.testing.assert_allclose(np.abs(steps), amplitude / n, rtol=1e-12)
    assert np.count_nonzero(np.diff(np.sign(steps))) == (2 if amplitude else 0)
    assert np.abs(steps).max() <= step * (1 + 1e-12)


@pytest.mark.parametrize(
    ("amplitude", "step", "named"), [(-0.1, 0.1, "amplitude: -0.1"), (0.1, 0.0, "strain_step: 0")]
)
def test_a_path_without_sense_is_refused(amplitude, step, named):
    with pytest.raises(InputError, match=named):
        strain_path(amplitude, step)


def test_no_amplitude_changes_nothing():
    record = run(0.0)
    assert record.period == 1
    assert record.converged.all()
    np.testing.assert_allclose(record.positions, [glass()[0].positions] * 2, atol=1e-12)


@pytest.mark.parametrize("amplitude", [1e-4, 1e-3])
def test_elastic_cycles_close(amplitude):
    record = run(amplitude, strain_step=amplitude / 3, cycles=5)
    assert (record.period, record.cycles) == (1, 1)
    assert np.abs(record.positions[1] - record.positions[0]).max() < 1e-9
    assert record.energy[1] == pytest.approx(record.energy[0], abs=1e-12)


def test_the_first_quarter_is_that_of_independent_quenches():
    """While no particle rearranges, one step does as several; each cell is the sheared one."""
    inherent, mixture = glass()
    strains = strain_path(4e-3, 1e-3)[:5]
    for end in range(1, 5):
        found, converged = shear_along(inherent, mixture, strains[: end + 1])
        alone = quench(inherent.sheared(strains[end]), mixture)
        assert converged
        assert alone.converged
        assert found.configuration.cell == Cell(
            inherent.cell.length, strains[end] * inherent.cell.length
        )
        assert found.energy_per_particle == pytest.approx(alone.energy_per_particle, abs=1e-12)
        stresses = [
            shear_stress(evaluate(one.configuration, mixture), one.configuration.cell)
            for one in (found, alone)
        ]
        assert stresses[0] == pytest.approx(stresses[1], abs=1e-9)
        assert abs(stresses[0]) > 1e-3
    back, _ = shear_along(found.configuration, mixture, strains[::-1])
    assert np.abs(back.configuration.positions - inherent.positions).max() < 1e-9


def test_a_limit_cycle_repeats_itself():
    """From the structure that came back, cycles lead through those of the record again."""
    record = run(0.07, cycles=40, seed=3)
    assert record.period > 0
    assert 1 < record.cycles < 40
    inherent, _ = glass(seed=3)
    n, period = record.cycles, record.period
    moved = record.positions - record.positions[-1]
    moved -= moved.mean(axis=1, keepdims=True)
    farthest = np.hypot(moved[..., 0], moved[..., 1]).max(axis=1)
    assert farthest[n - period] < 1e-6
    assert np.delete(farthest, [n - period, n]).min() > 1e-2
    again = record
    for _ in range(period):
        again = shear_cycles(
            inherent,
            Mixture(),
            0.07,
            strain_step=0.005,
            cycles=1,
            record=CyclicShear(again.positions[-1:], again.energy[-1:], again.converged[-1:], 0),
        )
    assert again.energy[-1] == pytest.approx(record.energy[-1], abs=1e-11)


def test_a_run_broken_off_goes_on_to_the_bit():
    kept = []
    whole = run(0.08, cycles=3, strain_step=0.01, keep=kept.append)
    assert [record.cycles for record in kept] == [1, 2, 3][: whole.cycles]
    resumed = run(0.08, cycles=3, strain_step=0.01, record=kept[0])
    assert resumed.cycles >= 2
    for name in ("positions", "energy", "converged"):
        np.testing.assert_array_equal(getattr(resumed, name), getattr(whole, name))
    assert resumed.period == whole.period
    assert run(0.08, cycles=3, strain_step=0.01, record=whole) is whole


def test_drift_and_images_do_not_hide_that_a_structure_came_back():
    cell, rng = Cell(10.0), np.random.default_rng(1)
    states = rng.uniform(0.0, 10.0, (4, 30, 2))
    image = rng.integers(-2, 3, (30, 2))
    end = states[1] + [0.3, -0.2] + cell.offset(image)
    assert _period(states, end, cell) == 3
    end[7, 0] += 1e-5
    assert _period(states, end, cell) == 0
