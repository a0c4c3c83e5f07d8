"""Θ and its overlaps against hand-made clusters and a slow recomputation."""

import itertools
import math

import numpy as np
import pytest
from configurations import jittered_lattice
from scipy.integrate import quad
from scipy.stats import norm, spearmanr

from softmodes.analysis.overlap import (
    MINIMUM_RELIABILITY,
    attainable_overlap,
    chance_overlap,
    corrected_overlap,
    half_reliability,
    latent_correlation,
    number_selected,
    overlap,
    rank_correlation,
    shuffled_overlap,
    spearman_brown,
    standard_ranks,
    top_clusters,
)
from softmodes.errors import InputError
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration

NO_BONDS = np.empty((2, 0), dtype=np.int32)


def chain(n_particles):
    """Bonds 0-1-2-...-(n-1)."""
    return np.arange(n_particles - 1), np.arange(1, n_particles)


def theta_by_hand(field, bonds, top_fraction, minimum_cluster):
    """Θ by sorting tuples and flooding from particle to particle."""
    n = len(field)
    n_top = int(top_fraction * n + 0.5)
    selected = set(sorted(range(n), key=lambda i: (-field[i], i))[:n_top])
    theta = [False] * n
    for i in selected:
        cluster, grown = {i}, True
        while grown:
            reached = {b for a, b in bonds if a in cluster} | {a for a, b in bonds if b in cluster}
            grown = not (reached & selected) <= cluster
            cluster |= reached & selected
        theta[i] = len(cluster) >= minimum_cluster
    return np.array(theta)


def bonds_by_hand(configuration, distances):
    """Bonds by a loop over all pairs and the nine nearest images."""
    positions, species, cell = configuration.positions, configuration.species, configuration.cell
    bonds = []
    for i in range(len(positions)):
        for j in range(i + 1, len(positions)):
            for a in (-1, 0, 1):
                for b in (-1, 0, 1):
                    image = [a * cell.length + b * cell.tilt, b * cell.length]
                    separation = np.hypot(*(positions[i] - positions[j] - image))
                    if separation < distances[species[i] + species[j]]:
                        bonds.append((i, j))
    return bonds


def test_top_quarter_of_a_chain():
    # of 16 particles the top four are 3, 4, 5 (a cluster) and 9 (alone)
    field = np.zeros(16)
    field[[3, 4, 5, 9]] = [1.0, 4.0, 2.0, 3.0]
    theta = top_clusters(field, chain(16))
    assert np.flatnonzero(theta).tolist() == [3, 4, 5]


def test_clusters_of_two_are_dropped_and_of_three_kept():
    field = np.zeros(20)
    field[[0, 1, 10, 11, 12]] = 1.0
    assert np.flatnonzero(top_clusters(field, chain(20))).tolist() == [10, 11, 12]
    pairs_too = top_clusters(field, chain(20), minimum_cluster=2)
    assert np.flatnonzero(pairs_too).tolist() == [0, 1, 10, 11, 12]
    assert not top_clusters(field, chain(20), minimum_cluster=4).any()


def test_clusters_are_joined_by_selected_particles_only():
    # 0, 1 and 3, 4 are joined through 2, which is not selected
    field = np.array([1.0, 1.0, 0.0, 1.0, 1.0] + 11 * [0.0])
    assert not top_clusters(field, chain(16)).any()


def test_a_pair_bonded_through_two_images_stays_a_pair():
    field = np.array([1.0, 1.0] + 6 * [0.0])
    bonds = np.array([0, 0, 0]), np.array([1, 1, 1])
    assert not top_clusters(field, bonds).any()


def test_equal_values_go_to_the_lower_index():
    theta = top_clusters(np.full(16, 7.0), chain(16))
    assert np.flatnonzero(theta).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("n_particles", "top_fraction", "expected"),
    [(16, 0.25, 4), (17, 0.25, 4), (18, 0.25, 5), (19, 0.25, 5), (50, 0.29, 15), (5, 1.0, 5)],
)
def test_the_share_is_rounded_half_up(n_particles, top_fraction, expected):
    assert number_selected(n_particles, top_fraction) == expected
    field = np.arange(n_particles, dtype=float)
    theta = top_clusters(field, chain(n_particles), top_fraction=top_fraction, minimum_cluster=1)
    assert np.flatnonzero(theta).tolist() == list(range(n_particles - expected, n_particles))


@pytest.mark.parametrize("tilt", [0.0, 0.3])
def test_random_fields_against_a_slow_recomputation(tilt):
    rng = np.random.default_rng(7)
    n = 60
    cell = Cell(9.0, tilt * 9.0)
    distances = (1.45, 1.67, 1.91)
    species = np.repeat([0, 1], n // 2).astype(np.int8)
    n_dropped = 0
    for _ in range(8):
        configuration = Configuration(rng.uniform(0.0, cell.length, (n, 2)), species, cell)
        bonds = configuration.bonds(distances)
        by_hand = bonds_by_hand(configuration, distances)
        assert sorted(zip(*(ends.tolist() for ends in bonds), strict=True)) == sorted(by_hand)
        # coarse values, so that the edge of the quarter falls on ties
        field = rng.integers(0, 6, n).astype(float)
        theta = top_clusters(field, bonds)
        np.testing.assert_array_equal(theta, theta_by_hand(field, by_hand, 0.25, 3))
        n_dropped += 15 - theta.sum()
    assert 0 < n_dropped < 8 * 15


def test_a_cluster_across_the_tilted_boundary():
    # the row at the bottom continues, displaced by the tilt, in the row at the top
    cell = Cell(10.0, 4.0)
    positions = np.array([[1.0, 0.2], [2.0, 0.2], [5.5, 9.7], [8.0, 5.0]])
    field = np.array([1.0, 1.0, 1.0, 0.0])

    def selected(cell):
        bonds = Configuration(positions, np.zeros(4), cell).bonds((1.2, 1.2, 1.2))
        return np.flatnonzero(top_clusters(field, bonds, top_fraction=0.75)).tolist()

    assert selected(cell) == [0, 1, 2]
    assert selected(Cell(10.0)) == []


def test_overlap_of_known_sets():
    a = np.array([1, 1, 1, 0, 0, 0], dtype=bool)
    b = np.array([0, 1, 1, 1, 1, 0], dtype=bool)
    assert overlap(a, b) == pytest.approx(4 / 7)
    assert overlap(a, a) == 1.0
    assert overlap(a, ~a) == 0.0
    assert overlap(a, np.zeros(6, dtype=bool)) == 0.0
    assert math.isnan(overlap(np.zeros(6, dtype=bool), np.zeros(6, dtype=bool)))


def lattice_bonds(n_side):
    """Bonds of the periodic triangular lattice."""
    index = np.arange(n_side**2).reshape(n_side, n_side)
    neighbours = [np.roll(index, -1, 1), np.roll(index, -1, 0), np.roll(index, (-1, 1), (0, 1))]
    return np.tile(index.ravel(), 3), np.concatenate([n.ravel() for n in neighbours])


def test_shuffled_overlap_of_unclustered_sets_is_the_fraction():
    # without the cluster rule two sets of a quarter meet in a quarter of their members
    rng = np.random.default_rng(3)
    n = 400
    theta = top_clusters(rng.random(n), NO_BONDS, minimum_cluster=1)
    mean = shuffled_overlap(
        theta, rng.random(n), NO_BONDS, rng=rng, n_shuffles=400, minimum_cluster=1
    )
    # hypergeometric: 100 drawn from 400, of which 100 count
    deviation = math.sqrt(100 * 0.25 * 0.75 * 300 / 399) / 100
    assert mean == pytest.approx(0.25, abs=4 * deviation / math.sqrt(400))


def test_shuffled_overlap_feels_the_cluster_rule():
    rng = np.random.default_rng(4)
    n_side = 40
    bonds = lattice_bonds(n_side)
    field = rng.random(n_side**2)
    theta = top_clusters(field, bonds)
    mean = shuffled_overlap(theta, field, bonds, rng=rng, n_shuffles=60)
    # independent sets of sizes N_A and N_B overlap by 2 N_A N_B / N (N_A + N_B); both are the
    # kept part of a random quarter, whose mean size comes from independent fields
    kept = np.mean([top_clusters(rng.random(n_side**2), bonds).sum() for _ in range(60)])
    expected = 2 * theta.sum() * kept / (n_side**2 * (theta.sum() + kept))
    assert 0.10 < expected < 0.22
    assert mean == pytest.approx(expected, abs=0.01)


def test_shuffling_within_species_keeps_what_composition_gives():
    # small particles always have the larger values: any shuffle among them selects small ones
    rng = np.random.default_rng(5)
    n = 400
    species = (np.arange(n) >= n // 2).astype(np.int8)
    field = np.where(species == 0, 1.0, 0.0) + 0.1 * rng.random(n)
    small = species == 0
    options = {"rng": rng, "minimum_cluster": 1}
    half = options | {"n_shuffles": 40, "top_fraction": 0.5}
    over_all = shuffled_overlap(small, field, NO_BONDS, **half)
    inside = shuffled_overlap(small, field, NO_BONDS, within=species, **half)
    assert inside == 1.0
    assert over_all == pytest.approx(0.5, abs=0.03)
    # a quarter of all is half of the small ones: O = 0.5 for independent halves
    theta = top_clusters(field, NO_BONDS, minimum_cluster=1)
    halves = shuffled_overlap(theta, field, NO_BONDS, n_shuffles=100, within=species, **options)
    assert halves == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("species", [None, np.array([0, 1, 0, 0, 1, 1, 0, 1])])
def test_the_shuffles_are_all_the_sets_there_are(species):
    # 4 of 8 particles on a ring, with clusters of 2 or more kept; of species 1, 3 are the largest
    field = np.array([0.0, 8.0, 7.0, 0.1, 6.0, 0.2, 0.3, 5.0])
    bonds = np.arange(8), (np.arange(8) + 1) % 8
    theta = np.array([1, 1, 0, 1, 1, 0, 0, 0], dtype=bool)
    sets = [np.isin(np.arange(8), members) for members in itertools.combinations(range(8), 4)]
    if species is not None:
        sets = [chosen for chosen in sets if chosen[species == 1].sum() == 3]
    assert len(sets) == (70 if species is None else 16)
    pairs = list(zip(*bonds, strict=True))
    by_hand = [
        overlap(theta, theta_by_hand(chosen.astype(float), pairs, 0.5, 2)) for chosen in sets
    ]
    assert np.isfinite(by_hand).all()
    found = [
        shuffled_overlap(
            theta,
            field,
            bonds,
            rng=np.random.default_rng(seed),
            n_shuffles=1,
            within=species,
            top_fraction=0.5,
            minimum_cluster=2,
        )
        for seed in range(3000)
    ]
    values, expected = np.unique(np.round(by_hand, 9), return_counts=True)
    fraction = expected / len(sets)
    counts = np.array([np.isclose(found, value).sum() for value in values])
    assert counts.sum() == 3000
    np.testing.assert_array_less(
        abs(counts - 3000 * fraction), 4.0 * np.sqrt(3000 * fraction * (1.0 - fraction))
    )


def test_many_shuffles_are_independent():
    # each starts from the order that the one before left
    rng = np.random.default_rng(9)
    theta = np.arange(20) < 10
    options = {"rng": rng, "n_shuffles": 40, "top_fraction": 0.5, "minimum_cluster": 1}
    found = [shuffled_overlap(theta, rng.random(20), NO_BONDS, **options) for _ in range(300)]
    # hypergeometric: 10 drawn from 20, of which 10 count; the mean of 40 of them
    deviation = math.sqrt(10 * 0.5 * 0.5 * 10 / 19) / 10 / math.sqrt(40)
    assert np.mean(found) == pytest.approx(0.5, abs=4 * deviation / math.sqrt(300))
    assert np.std(found) == pytest.approx(deviation, rel=4 / math.sqrt(600))


def test_shuffles_follow_the_generator():
    field = np.random.default_rng(0).random(100)
    bonds = lattice_bonds(10)
    theta = top_clusters(field, bonds)

    def mean(seed):
        rng = np.random.default_rng(seed)
        return shuffled_overlap(theta, field, bonds, rng=rng, n_shuffles=5)

    assert mean(1) == mean(1)
    assert mean(1) != mean(2)


def test_chance_is_the_mean_over_all_sets_of_that_size():
    fixed = np.arange(8) < 3
    sets = [np.isin(np.arange(8), members) for members in itertools.combinations(range(8), 4)]
    expected = np.mean([overlap(fixed, drawn) for drawn in sets])
    assert chance_overlap(fixed, sets[0]) == pytest.approx(expected)
    assert math.isnan(chance_overlap(np.zeros(8, bool), np.zeros(8, bool)))


@pytest.mark.parametrize("correlation", [-0.9, -0.3, 0.0, 0.2, 0.7, 0.99])
def test_latent_correlation_of_normal_variables(correlation):
    # larger than the median both: 1/4 + asin(ρ)/2π (Sheppard); the overlap is twice that
    halves = 0.5 + math.asin(correlation) / math.pi
    assert latent_correlation(halves, 0.5, 0.5) == pytest.approx(correlation, abs=1e-9)
    threshold, spread = norm.isf(0.25), math.sqrt(1 - correlation**2)

    def both(x):
        """Density of one at x, with the other above the threshold."""
        return norm.pdf(x) * norm.cdf((correlation * x - threshold) / spread)

    quarters = quad(both, threshold, 12.0, epsabs=1e-13)[0] / 0.25
    assert latent_correlation(quarters, 0.25) == pytest.approx(correlation, abs=1e-7)


def test_latent_correlation_ends_at_one():
    assert latent_correlation(1.0, 0.2) == 1.0
    assert latent_correlation(0.0, 0.5, 0.5) == -1.0
    assert latent_correlation(0.1, 0.5) == -1.0
    assert math.isnan(latent_correlation(math.nan, 0.2))
    assert math.isnan(latent_correlation(1.0, 1.0))
    with pytest.raises(InputError, match=r"top_fraction: 1\.0 given"):
        latent_correlation(1.0, 0.2, 1.0)


def test_all_runs_are_more_reliable_than_half_of_them():
    for noise in (0.0, 0.5, 3.0):  # variance that all runs leave, half of them leave twice that
        assert spearman_brown(1 / (1 + 2 * noise)) == pytest.approx(1 / (1 + noise))


def test_correction_undoes_what_noise_does_to_normal_variables():
    for correlation, reliability in itertools.product((-0.5, 0.0, 0.3, 0.9), (0.3, 0.8, 1.0)):
        exact = 0.5 + math.asin(correlation) / math.pi
        noisy = 0.5 + math.asin(correlation * math.sqrt(reliability)) / math.pi
        assert corrected_overlap(noisy, 0.5, reliability, top_fraction=0.5) == pytest.approx(exact)
        reached = attainable_overlap(0.5, reliability, top_fraction=0.5)
        assert reached == pytest.approx(0.5 + math.asin(math.sqrt(reliability)) / math.pi)
    assert corrected_overlap(0.9, 0.2, 0.5) == pytest.approx(1.0)
    assert corrected_overlap(attainable_overlap(0.2, 0.5), 0.2, 0.5) == pytest.approx(1.0)
    assert math.isnan(attainable_overlap(0.2, 0.99 * MINIMUM_RELIABILITY))
    assert math.isnan(corrected_overlap(0.4, 0.2, 0.99 * MINIMUM_RELIABILITY))
    assert math.isnan(corrected_overlap(0.4, 0.2, math.nan))
    assert math.isnan(corrected_overlap(math.nan, 0.2, 0.9))


def smooth_field(configuration, rng):
    """A normal field of mean 0 and variance 1, correlated over some two neighbours' distances."""
    positions, cell = configuration.positions, configuration.cell
    waves = np.rint(rng.normal(0.0, cell.length / 9.0, (400, 2))) * 2 * np.pi / cell.length
    smooth = np.cos(positions @ waves.T + rng.uniform(0, 2 * np.pi, 400)).sum(axis=1) / 200**0.5
    field = 0.8 * smooth + 0.6 * rng.normal(size=len(positions))
    return (field - field.mean()) / field.std()


@pytest.mark.parametrize(
    ("shape", "reliability"), [(1.6, (0.5, 0.62)), (4.0, (0.7, 0.82)), (22.0, (0.9, 0.97))]
)
@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_corrected_overlap_of_fields_like_debye_waller_factors(correlation, shape, reliability):
    """Averages over runs scatter by gamma-distributed factors about a clustered, skewed field."""
    configuration = jittered_lattice(1600)
    bonds = configuration.bonds((1.45, 1.67, 1.91))
    rng = np.random.default_rng(11)
    exact, measured, corrected, found, attained = [], [], [], [], []
    for _ in range(16):
        logarithm, independent = (smooth_field(configuration, rng) for _ in range(2))
        other = correlation * logarithm + math.sqrt(1 - correlation**2) * independent
        halves = np.exp(0.6 * logarithm) * rng.gamma(shape, 1 / shape, (2, 1600))
        theta, theta_exact, theta_other, *theta_halves = (
            top_clusters(field, bonds) for field in (halves.mean(axis=0), logarithm, other, *halves)
        )
        found.append(spearman_brown(half_reliability(*theta_halves)))
        exact.append(overlap(theta_exact, theta_other))
        measured.append(overlap(theta, theta_other))
        chance = chance_overlap(theta, theta_other)
        corrected.append(corrected_overlap(measured[-1], chance, found[-1]))
        attainable = attainable_overlap(chance_overlap(theta, theta_exact), found[-1])
        attained.append(overlap(theta, theta_exact) - attainable)
    # no field overlaps better with a measured one than the truth does
    assert abs(np.mean(attained)) < 0.02
    off = np.subtract(corrected, exact)
    assert abs(off.mean()) < 3 * off.std(ddof=1) / math.sqrt(len(off))
    if correlation > 0 and reliability[1] < 0.9:
        lost = np.subtract(measured, exact)
        assert lost.mean() < -3 * lost.std(ddof=1) / math.sqrt(len(lost))
    assert reliability[0] < np.mean(found) < reliability[1]


def test_rank_correlation_is_spearmans_with_ties():
    rng = np.random.default_rng(2)
    field, coarse = rng.random(50), rng.integers(0, 5, 50)
    ranks = standard_ranks(field)
    expected = spearmanr(field, coarse).statistic
    assert rank_correlation(ranks, standard_ranks(coarse)) == pytest.approx(expected)
    assert rank_correlation(ranks, standard_ranks(np.exp(-field))) == pytest.approx(-1.0)
    assert math.isnan(rank_correlation(ranks, standard_ranks(np.ones(50))))


def shuffled(theta=(True, True), field=(1.0, 2.0), n_shuffles=1, within=None):
    rng = np.random.default_rng(0)
    return shuffled_overlap(
        np.array(theta), field, NO_BONDS, rng=rng, n_shuffles=n_shuffles, within=within
    )


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: top_clusters([0.0, np.nan, 1.0], NO_BONDS), "field: nan at particle 1"),
        (lambda: top_clusters([0.0, np.inf], NO_BONDS), "field: inf at particle 1"),
        (lambda: top_clusters(np.zeros((3, 2)), NO_BONDS), r"field: shape \(3, 2\)"),
        (lambda: top_clusters(np.zeros(3), NO_BONDS, top_fraction=0.0), "top_fraction: 0.0"),
        (lambda: top_clusters(np.zeros(3), NO_BONDS, top_fraction=1.1), "top_fraction: 1.1"),
        (lambda: top_clusters(np.zeros(3), NO_BONDS, minimum_cluster=0), "minimum_cluster: 0"),
        (lambda: top_clusters(np.zeros(3), chain(4)), "second: bonds of other particles"),
        (lambda: overlap(np.zeros(3, bool), np.zeros(4, bool)), r"theta_b: shape \(4,\)"),
        (lambda: chance_overlap(np.zeros(3, bool), np.zeros(4, bool)), r"theta_b: shape \(4,\)"),
        (lambda: standard_ranks([0.0, np.nan]), "field: nan at particle 1"),
        (lambda: shuffled(theta=(True, True, True)), r"theta_b: shape \(2,\)"),
        (lambda: shuffled(field=(1.0, np.nan)), "field_b: nan at particle 1"),
        (lambda: shuffled(n_shuffles=0), "n_shuffles: 0"),
        (lambda: shuffled(within=np.zeros(3, np.int8)), r"within: shape \(3,\)"),
    ],
)
def test_unusable_input_is_named(call, named):
    with pytest.raises(InputError, match=named):
        call()
