"""Structure against lattices, ideal gases and plain loops."""

import math

import numpy as np
import pytest

from softmodes.analysis.structure import (
    first_minimum,
    first_peak,
    hexatic_order,
    long_wave_factor,
    ordered,
    radial_distribution,
    structure_factor,
)
from softmodes.errors import InputError
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration


def half_and_half(n_particles):
    return (np.arange(n_particles) >= n_particles // 2).astype(np.int8)


# Structure factor


def structure_factor_by_hand(positions, cell, lowest, highest):
    """Mean of |Σ exp(-i k·r)|²/n over all wave vectors with lowest <= |k| < highest."""
    reciprocal = 2 * np.pi * np.linalg.inv(np.array([[cell.length, 0], [cell.tilt, cell.length]])).T
    values = []
    for m in range(-30, 31):
        for n in range(-30, 31):
            k = m * reciprocal[0] + n * reciprocal[1]
            if lowest <= np.hypot(*k) < highest and (m, n) != (0, 0):
                values.append(abs(np.exp(-1j * positions @ k).sum()) ** 2 / len(positions))
    return np.mean(values) if values else math.nan


@pytest.mark.parametrize("tilt", [0.0, 1.7, 4.9])
def test_structure_factor_against_loops(tilt):
    rng = np.random.default_rng(8)
    n, cell = 12, Cell(6.0, tilt)
    species = half_and_half(n)
    species[0] = 1
    positions = rng.uniform(-6.0, 12.0, (1, n, 2))
    wavenumber, structure = structure_factor(positions, species, cell)
    assert len(wavenumber) == structure.shape[1] == 120
    groups = (positions[0], positions[0][species == 0], positions[0][species == 1])
    for b in (0, 10, 11, 30, 54, 55, 56, 90, 119):
        for row, group in enumerate(groups):
            expected = structure_factor_by_hand(group, cell, 0.1 * b, 0.1 * (b + 1))
            np.testing.assert_allclose(structure[row, b], expected, rtol=1e-9)
        assert wavenumber[b] == pytest.approx(0.1 * b + 0.05)


def test_an_ideal_gas_has_no_structure():
    rng = np.random.default_rng(9)
    n, cell = 200, Cell(16.0)
    species = half_and_half(n)
    frames = rng.uniform(0.0, cell.length, (20, n, 2))
    wavenumber, structure = structure_factor(frames, species, cell)
    assert np.nanmean(structure[:, wavenumber > 3], axis=1) == pytest.approx(1.0, abs=0.02)
    radius, g = radial_distribution(frames, species, cell)
    assert np.nanmean(g[:, radius > 1], axis=1) == pytest.approx(1.0, abs=0.02)


def square_lattice(n_side, spacing=1.0):
    return spacing * np.stack(np.divmod(np.arange(n_side**2), n_side), axis=1).astype(float)


def test_bragg_peak_of_the_square_lattice():
    n_side, spacing = 16, 1.1
    positions = square_lattice(n_side, spacing)
    cell = Cell(n_side * spacing)
    species = np.zeros(n_side**2, np.int8)
    wavenumber, structure = structure_factor(positions[None], species, cell)
    bragg = 2 * np.pi / spacing
    assert np.nanmax(structure[0, wavenumber < bragg - 0.1]) < 1e-10
    assert first_peak(wavenumber, structure[0]) == pytest.approx(bragg, abs=0.1)


# Peaks and minima


def test_first_peak_of_a_noisy_curve():
    # two peaks of a liquid; noise and empty bins at low k as in a simulation
    rng = np.random.default_rng(10)
    k = np.arange(0.05, 12, 0.1)
    s = 1 + 1.4 * np.exp(-((k - 5.53) ** 2) / 0.3) + 0.35 * np.exp(-((k - 9.9) ** 2) / 0.8)
    s -= np.exp(-k / 1.5)
    s += 0.05 * rng.standard_normal(len(k))
    s[[0, 2, 5]] = np.nan
    assert first_peak(k, s) == pytest.approx(5.53, abs=0.03)


def test_first_peak_is_not_a_single_bin():
    # a bin with few wave vectors may by chance be higher than the peak
    k = np.arange(0.05, 12, 0.1)
    s = 0.05 + 3.0 * np.exp(-((k - 5.6) ** 2) / 0.3)
    s[12] = 3.5
    assert first_peak(k, s) == pytest.approx(5.6, abs=0.01)


def test_first_peak_is_not_the_second_even_if_that_is_higher():
    k = np.arange(0.05, 12, 0.1)
    s = 1 + 1.2 * np.exp(-((k - 4.0) ** 2) / 0.2) + 1.5 * np.exp(-((k - 8.0) ** 2) / 0.2)
    assert first_peak(k, s) == pytest.approx(4.0, abs=0.02)


def test_no_peak_is_nan():
    assert math.isnan(first_peak(np.arange(0.05, 2, 0.1), np.full(20, 0.9)))
    assert math.isnan(first_peak(np.arange(0.05, 2, 0.1), np.full(20, np.nan)))


def test_radial_distribution_of_the_square_lattice():
    # ring by ring: 4 neighbours at 1 and at √2; here every second particle is large
    n_side = 12
    positions = square_lattice(n_side)
    cell = Cell(float(n_side))
    species = (positions.sum(axis=1) % 2).astype(np.int8)
    radius, g = radial_distribution(positions[None] + 0.123, species, cell)
    n = n_side**2

    def neighbours(row, lowest, highest):
        """Mean number of partners between two distances, from g."""
        others = n / 2 if row == 1 else n / 2 - 1
        ring = (radius > lowest) & (radius < highest)
        return np.sum(g[row, ring] * 2 * np.pi * radius[ring]) * 0.02 * others / cell.area

    assert [neighbours(row, 0.9, 1.1) for row in range(3)] == pytest.approx([0, 4, 0])
    assert [neighbours(row, 1.3, 1.5) for row in range(3)] == pytest.approx([4, 0, 4])
    assert np.nansum(g[:, (radius > 1.1) & (radius < 1.3)]) == 0


def test_radial_distribution_ends_at_half_the_cell():
    frames = np.random.default_rng(11).uniform(0, 7.0, (2, 30, 2))
    radius, g = radial_distribution(frames, half_and_half(30), Cell(7.0))
    assert radius[-1] == pytest.approx(4.99)
    np.testing.assert_array_equal(np.isnan(g[0]), radius > 3.5)


def test_first_minimum_of_a_noisy_curve():
    # cubic between first peak (1.07), minimum (1.45) and second peak, with the noise of counts
    rng = np.random.default_rng(12)
    r = np.arange(0.01, 5, 0.02)
    g = 1 + 1.8 * np.exp(-((r - 1.07) ** 2) / 0.01) - 0.5 * np.exp(-((r - 1.45) ** 2) / 0.04)
    g = np.where(r < 0.85, 0.0, g) - 0.55 * np.exp(-((r - 2.6) ** 2) / 0.02)
    g += 0.03 * rng.standard_normal(len(r))
    g[r > 4.5] = np.nan
    assert first_minimum(r, g) == pytest.approx(1.45, abs=0.015)


def test_first_minimum_is_not_a_single_bin():
    # a bin may by chance have few pairs
    r = np.arange(0.01, 5, 0.02)
    g = 1.5 * np.exp(-((r - 1.1) ** 2) / 0.02) + 1 - 0.7 * np.exp(-((r - 1.5) ** 2) / 0.05)
    undisturbed = first_minimum(r, g)
    g[(r > 1.9) & (r < 1.92)] = 0.2
    assert first_minimum(r, g) == pytest.approx(undisturbed) == pytest.approx(1.5, abs=0.03)


def test_unknown_distribution_has_no_minimum():
    r = np.arange(0.01, 5, 0.02)
    assert math.isnan(first_minimum(r, np.full(len(r), np.nan)))
    assert math.isnan(first_minimum(r[:50], np.linspace(0, 1, 50)))


# Input


def test_an_absent_species_gives_nan():
    frames = np.random.default_rng(7).uniform(0.0, 10.0, (3, 10, 2))
    species, cell = np.zeros(10, np.int8), Cell(10.0)
    assert np.isnan(structure_factor(frames, species, cell)[1][2]).all()
    assert np.isnan(radial_distribution(frames, species, cell)[1][1:]).all()


@pytest.mark.parametrize("measure", [structure_factor, radial_distribution])
def test_unusable_frames_are_named(measure):
    with pytest.raises(InputError, match=r"frames: shape \(4, 6\)"):
        measure(np.zeros((4, 6)), half_and_half(6), Cell(9.0))
    with pytest.raises(InputError, match=r"species: shape \(5,\)"):
        measure(np.zeros((4, 6, 2)), np.zeros(5, np.int8), Cell(9.0))


def test_unusable_curves_are_named():
    with pytest.raises(InputError, match=r"structure: shape \(4,\)"):
        first_peak(np.zeros(3), np.zeros(4))
    with pytest.raises(InputError, match=r"distribution: shape \(4,\)"):
        first_minimum(np.zeros(3), np.zeros(4))


# Order


def lattice(second, columns, rows):
    """Rows of particles one apart, each shifted against the one before by `second`."""
    m, n = np.divmod(np.arange(columns * rows), rows)
    positions = m[:, None] * np.array([1.0, 0.0]) + n[:, None] * np.asarray(second)
    cell = Cell(float(columns), rows * second[0])
    return Configuration(positions, half_and_half(columns * rows), cell)


def test_hexatic_order_of_lattices():
    square, triangular = lattice((0.0, 1.0), 12, 12), lattice((0.5, 13 / 15), 13, 15)
    assert hexatic_order(square, (1.2, 1.2, 1.2)) == pytest.approx(0.0, abs=1e-12)
    assert hexatic_order(triangular, (1.2, 1.2, 1.2)) == pytest.approx(1.0, abs=1e-4)
    assert hexatic_order(triangular, (0.5, 0.5, 0.5)) == 0.0


def test_long_waves_of_demixed_particles():
    """Kinds that fill half of the cell each, and kinds at random."""
    rng = np.random.default_rng(3)
    n, cell = 800, Cell(32.0)
    positions = rng.uniform(0.0, cell.length, (1, n, 2))
    apart = (positions[0, :, 0] > 16.0).astype(np.int8)
    factors = []
    for species in (apart, half_and_half(n)):
        wavenumber, structure = structure_factor(positions, species, cell)
        factors.append(long_wave_factor(wavenumber, structure[1]))
        within = (wavenumber <= 0.6) & np.isfinite(structure[1])
        assert factors[-1] == pytest.approx(structure[1][within].mean())
    assert factors[0] > 15 > 3 > factors[1]
    assert ordered([0.6, 0.6], factors).tolist() == [True, False]
    # a cell too small for such waves has its longest
    assert long_wave_factor([0.5, 0.7, 0.9], [math.nan, 2.0, 9.0]) == 2.0
    assert math.isnan(long_wave_factor([0.5, 0.7], [math.nan, math.nan]))


def test_crystals_are_no_liquids():
    assert ordered([0.6, 0.76, 0.9], [1.0, 1.0, math.nan]).tolist() == [False, True, True]
