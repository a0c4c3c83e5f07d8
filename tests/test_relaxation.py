"""Relaxation against random walks and plain loops."""

import math

import numpy as np
import pytest
from scipy.special import j0

from softmodes.analysis.relaxation import (
    lags_of,
    logarithmic_lags,
    relaxation_time,
    self_dynamics,
    time_origins,
    value_at,
)
from softmodes.errors import InputError
from softmodes.system.cell import Cell

DISTANCES = (1.45, 1.67, 1.91)


def half_and_half(n_particles):
    return (np.arange(n_particles) >= n_particles // 2).astype(np.int8)


def random_walk(n_frames, n_particles, steps, rng, length):
    """Independent Gaussian walks (F, N, 2) of standard deviation steps (N,) per frame and axis."""
    start = rng.uniform(0.0, length, (1, n_particles, 2))
    moves = steps[:, None] * rng.standard_normal((n_frames - 1, n_particles, 2))
    return np.concatenate([start, start + np.cumsum(moves, axis=0)])


def motion(frames, times, lags, wavenumber, species, cell):
    return self_dynamics(
        frames,
        species,
        cell,
        times=times,
        lags=lags,
        wavenumber=wavenumber,
        neighbour_distances=DISTANCES,
    )


# Self dynamics


def test_brownian_walks_decay_exponentially():
    # D per frame is step²/2 : F_s = exp(-k² D t) and MSD = 4 D t, for each species its own
    rng = np.random.default_rng(1)
    n, k, lags = 2000, 5.5, np.array([0, 1, 5, 20])
    species = half_and_half(n)
    steps = np.where(species == 0, 0.10, 0.06)
    frames = random_walk(120, n, steps, rng, 50.0)
    result = motion(frames, np.arange(120), lags, k, species, Cell(50.0))
    diffusion = np.array([0.10, 0.06]) ** 2 / 2
    expected = np.exp(-(k**2) * diffusion[:, None] * lags)
    expected = np.stack([expected.mean(axis=0), *expected])
    np.testing.assert_allclose(result.self_intermediate_scattering, expected, atol=0.008)
    squares = 4 * diffusion[:, None] * lags
    squares = np.stack([squares.mean(axis=0), *squares])
    np.testing.assert_allclose(result.mean_squared_displacement, squares, rtol=0.02)


def test_scattering_is_the_average_over_directions():
    rng = np.random.default_rng(2)
    frames = random_walk(3, 6, np.full(6, 0.3), rng, 20.0)
    angles = np.arange(64) * 2 * np.pi / 64
    wavevectors = 5.5 * np.column_stack([np.cos(angles), np.sin(angles)])
    phases = np.exp(1j * (frames[2] - frames[0]) @ wavevectors.T)
    result = motion(frames, np.arange(3), [2], 5.5, half_and_half(6), Cell(20.0))
    scattering = result.self_intermediate_scattering[:, 0]
    assert scattering[0] == pytest.approx(phases.real.mean(), abs=1e-12)
    assert scattering[1] == pytest.approx(phases[:3].real.mean(), abs=1e-12)
    assert scattering[2] == pytest.approx(phases[3:].real.mean(), abs=1e-12)


@pytest.mark.parametrize(
    "times", [np.arange(9), np.array([0, 1, 2, 4, 8, 9, 10, 12, 16, 17, 18, 19])]
)
def test_every_origin_that_a_lag_allows_is_used(times):
    rng = np.random.default_rng(3)
    n, k, middle = 5, 2.0, times[-1] / 2
    frames = random_walk(len(times), n, np.full(n, 0.2), rng, 10.0)
    at = dict(zip(times.tolist(), frames, strict=True))
    origins = times[time_origins(times)].tolist()
    lags = lags_of(times)
    result = motion(frames, times, lags, k, half_and_half(n), Cell(10.0))
    for column, lag in enumerate(lags.tolist()):
        pairs = [(t, t + lag) for t in origins if t + lag in at]
        moves = {pair: np.linalg.norm(at[pair[1]] - at[pair[0]], axis=1) for pair in pairs}
        assert result.self_intermediate_scattering[0, column] == pytest.approx(
            np.mean([j0(k * move) for move in moves.values()]), abs=1e-12
        )
        assert result.mean_squared_displacement[0, column] == pytest.approx(
            np.mean([move**2 for move in moves.values()]), abs=1e-12
        )
        halves = (
            [j0(k * move) for (_, end), move in moves.items() if end <= middle],
            [j0(k * move) for (begin, _), move in moves.items() if begin >= middle],
        )
        for row, half in enumerate(halves):
            found = result.self_intermediate_scattering_halves[row, column]
            expected = np.mean(half) if half else math.nan
            assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_a_lag_between_no_two_frames_is_nan():
    frames = np.zeros((3, 1, 2))
    species = np.zeros(1, np.int8)
    result = motion(frames, [0, 1, 4], [1, 2], 1.0, species, Cell(10.0))
    np.testing.assert_array_equal(result.mean_squared_displacement[0], [0.0, math.nan])


def test_halves_of_the_cage_relative_scattering_are_of_their_own_frames():
    # a particle without neighbours moves in the second half only
    frames = np.zeros((5, 1, 2))
    frames[3:, 0, 0] = [0.3, 0.6]
    species = np.zeros(1, np.int8)
    result = motion(frames, np.arange(5), [1], 2.0, species, Cell(20.0))
    np.testing.assert_allclose(result.cage_relative_scattering_halves[:, 0], [1.0, j0(0.6)])


def cage_relative_by_hand(origin, later, species, cell, k):
    """Mean J0 of displacements less those of the neighbours, by loops over all images."""
    moves = later - origin
    values = []
    for i in range(len(origin)):
        around = []
        for j in range(len(origin)):
            for a in (-1, 0, 1):
                for b in (-1, 0, 1):
                    image = [a * cell.length + b * cell.tilt, b * cell.length]
                    separation = np.hypot(*(origin[i] - origin[j] - image))
                    if i != j and separation < DISTANCES[species[i] + species[j]]:
                        around.append(moves[j])
        cage = np.mean(around, axis=0) if around else np.zeros(2)
        values.append(j0(k * np.hypot(*(moves[i] - cage))))
    return np.array(values)


def test_cage_relative_scattering_against_loops():
    rng = np.random.default_rng(4)
    n, cell = 40, Cell(9.0, 2.0)
    species = half_and_half(n)
    frames = random_walk(2, n, np.full(n, 0.3), rng, cell.length)
    frames[0, 0] = [4.0, 4.0]
    result = motion(frames, np.arange(2), [1], 3.0, species, cell)
    values = cage_relative_by_hand(frames[0], frames[1], species, cell, 3.0)
    expected = [values.mean(), values[:20].mean(), values[20:].mean()]
    np.testing.assert_allclose(result.cage_relative_scattering[:, 0], expected, atol=1e-12)


def test_a_common_motion_decays_plain_but_not_cage_relative_scattering():
    rng = np.random.default_rng(5)
    n = 100
    start = rng.uniform(0.0, 10.0, (n, 2))
    frames = np.stack([start, start + np.array([0.5, 0.2])])
    result = motion(frames, np.arange(2), [1], 5.5, half_and_half(n), Cell(10.0))
    np.testing.assert_allclose(result.cage_relative_scattering, 1.0, atol=1e-12)
    expected = j0(5.5 * math.hypot(0.5, 0.2))
    np.testing.assert_allclose(result.self_intermediate_scattering, expected, atol=1e-12)


def test_a_particle_without_neighbours_keeps_its_displacement():
    frames = np.array([[[5.0, 5.0]], [[5.3, 5.0]]])
    result = motion(frames, np.arange(2), [1], 2.0, np.zeros(1, np.int8), Cell(20.0))
    assert result.cage_relative_scattering[0, 0] == pytest.approx(j0(0.6))


def test_neighbours_are_those_at_the_time_origin():
    # two far particles come together: at the origin neither has a neighbour
    frames = np.array([[[2.0, 5.0], [8.0, 5.0]], [[4.5, 5.0], [5.5, 5.0]]])
    result = motion(frames, np.arange(2), [1], 0.4, np.zeros(2, np.int8), Cell(30.0))
    assert result.cage_relative_scattering[0, 0] == pytest.approx(j0(0.4 * 2.5))


def test_lattice_vectors_change_nothing():
    rng = np.random.default_rng(6)
    n, cell = 50, Cell(9.0)
    species = half_and_half(n)
    frames = random_walk(5, n, np.full(n, 0.1), rng, cell.length)
    moved = frames + cell.length * rng.integers(-2, 3, (n, 2))
    for name in ("self_intermediate_scattering", "cage_relative_scattering"):
        a, b = (
            getattr(motion(f, np.arange(5), [1, 3], 5.5, species, cell), name)
            for f in (frames, moved)
        )
        np.testing.assert_allclose(a, b, atol=1e-11)


def test_an_absent_species_gives_nan():
    frames = random_walk(3, 10, np.full(10, 0.1), np.random.default_rng(7), 10.0)
    species = np.zeros(10, np.int8)
    result = motion(frames, np.arange(3), [0, 1], 5.5, species, Cell(10.0))
    assert np.isnan(result.mean_squared_displacement[2]).all()
    assert np.isfinite(result.mean_squared_displacement[:2]).all()


@pytest.mark.parametrize("n_frames", [2, 3, 11, 400])
def test_lags_are_whole_and_grow_by_a_factor(n_frames):
    lags = logarithmic_lags(n_frames)
    assert lags[0] == 0
    assert lags[1] == 1
    assert lags[-1] == n_frames - 1
    assert np.all(np.diff(lags) > 0)
    large = lags[lags > 20]
    assert np.all(large[1:] / large[:-1] < 1.4)


def test_origins_are_the_finest_equally_spaced_frames():
    assert (time_origins(np.arange(7)) == np.arange(7)).all()
    # bursts at 0, 8 and 16, a last frame that is none
    times = np.array([0, 1, 2, 5, 8, 9, 10, 13, 16, 17, 18, 19])
    assert (times[time_origins(times)] == [0, 8, 16]).all()
    assert (times[time_origins(times + 100)] == [0, 8, 16]).all()
    assert (lags_of(times) == [0, 1, 2, 5, 8, 16]).all()
    assert (lags_of(np.array([3, 4, 14])) == [0, 1, 11]).all()


# Relaxation time


def test_relaxation_time_of_an_exponential():
    # at 1/e an exponential has its inflection in ln t: the interpolation is good to second order
    times = np.append(0.0, np.geomspace(0.1, 100.0, 61))
    assert relaxation_time(times, np.exp(-times / 7.3)) == pytest.approx(7.3, rel=1e-3)
    assert relaxation_time(times, np.exp(-times / 7.3), level=0.5) == pytest.approx(
        7.3 * math.log(2), rel=4e-3
    )


def test_relaxation_time_is_the_first_passage():
    assert relaxation_time([1, 2, 4, 8, 16], [0.9, 0.6, 0.2, 0.6, 0.1], level=0.4) == pytest.approx(
        2 * math.sqrt(2)
    )
    assert relaxation_time([0, 2, 4], [1.0, 0.2, 0.1], level=0.6) == pytest.approx(1.0)


def test_relaxation_time_not_reached_or_unknown_is_nan():
    assert math.isnan(relaxation_time([0, 1, 2], [1.0, 0.8, 0.6]))
    assert math.isnan(relaxation_time([1, 2], [0.2, 0.1]))
    assert math.isnan(relaxation_time([0, 1, 2], [1.0, math.nan, 0.1]))


def test_curves_are_averaged_before_the_level_is_sought():
    times = np.append(0.0, np.geomspace(0.01, 1000.0, 400))
    curves = np.exp(-times / np.array([[1.0], [50.0]]))
    mean = relaxation_time(times, curves)
    assert mean == pytest.approx(relaxation_time(times, curves.mean(axis=0)))
    # (exp(-t) + exp(-t/50))/2 = 1/e at t = 15.4; the mean of the times would be 25.5
    assert mean == pytest.approx(-50 * math.log(2 / math.e), rel=1e-3)


# Input


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"frames": np.zeros((4, 6))}, r"frames: shape \(4, 6\)"),
        ({"species": np.zeros(5, np.int8)}, r"species: shape \(5,\)"),
        ({"times": np.arange(3)}, "times: 3 given, one for each of 4 frames"),
        ({"times": [0, 2, 1, 3]}, "times: .* ascending whole numbers expected"),
        ({"times": [0.0, 1.0, 2.0, 3.0]}, "times: .* ascending whole numbers expected"),
        ({"lags": [0.5]}, "lags: .* integers expected"),
        ({"lags": [4]}, "lags: 4 to 4 given, 0 to 3"),
        ({"lags": [-1]}, "lags: -1"),
        ({"wavenumber": 0.0}, "wavenumber: 0.0"),
    ],
)
def test_unusable_input_is_named(change, named):
    usable = {
        "frames": np.zeros((4, 6, 2)),
        "times": np.arange(4),
        "lags": [0, 1],
        "wavenumber": 1.0,
        "species": half_and_half(6),
        "cell": Cell(9.0),
        "neighbour_distances": DISTANCES,
    }
    with pytest.raises(InputError, match=named):
        self_dynamics(**(usable | change))


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: relaxation_time([0, 2, 1], [1, 0.5, 0.1]), "times: "),
        (lambda: relaxation_time([-1, 2, 3], [1, 0.5, 0.1]), "times: "),
        (lambda: relaxation_time([0, 2], [1, 0.5, 0.1]), r"scattering: shape \(3,\)"),
        (lambda: logarithmic_lags(1), "n_frames: 1"),
    ],
)
def test_unusable_curves_are_named(call, named):
    with pytest.raises(InputError, match=named):
        call()


def test_a_curve_between_its_times():
    # linear in ln t, so exact; a value at t = 0 has no part in it
    times = np.array([0.0, 0.1, 1.0, 10.0, 100.0])
    curve = np.array([1.0, 0.9, 0.6, 0.3, math.nan])
    assert value_at(times, curve, 1.0) == pytest.approx(0.6)
    assert value_at(times, curve, 10.0**0.5) == pytest.approx(0.45)
    for time in (0.05, 30.0, 200.0, math.nan):
        assert math.isnan(value_at(times, curve, time))
