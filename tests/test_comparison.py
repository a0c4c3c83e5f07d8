"""What is said of pairs of fields that the functions on arrays leave open."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from softmodes.analysis.comparison import Comparison
from softmodes.analysis.overlap import overlap, top_clusters

RING = np.arange(12), (np.arange(12) + 1) % 12
SPECIES = np.array([0, 0, 1, 0, 1, 1, 0, 0, 1, 1, 0, 1], dtype=np.int8)
NO_BONDS = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32)


def compare(species, shuffles=1, cluster=1, fraction=0.25):
    return Comparison(species, shuffles, np.random.default_rng(3), fraction, cluster)


def test_as_many_small_particles_are_all_sets_of_small_ones_clustered():
    # 3 of the 6 small ones among 12 on a ring, kept where two or more sit together
    rng = np.random.default_rng(1)
    values = rng.random(12) + np.isin(np.arange(12), [0, 1, 2])
    found = compare(SPECIES, 4000, 2)
    row = found.with_as_many_small(found.field(values, RING))

    selected = top_clusters(values, RING, minimum_cluster=2)
    sets = itertools.combinations(np.flatnonzero(SPECIES == 0), 3)
    clustered = [
        top_clusters(np.isin(np.arange(12), members), RING, minimum_cluster=2) for members in sets
    ]
    expected = [overlap(selected, drawn) for drawn in clustered]
    assert len(expected) == 20
    assert row["overlap"] == pytest.approx(np.mean(expected), abs=4 * np.std(expected) / 4000**0.5)
    assert row["within_species"] == row["overlap"]
    assert row["random"] < row["overlap"]
    assert row["rank_correlation"] == pytest.approx(spearmanr(values, SPECIES == 0).statistic)
    assert math.isnan(row["corrected"])


def test_two_fields_of_the_same_runs_are_compared_across_halves():
    """What runs share by chance is in both fields of a half: it would raise the overlap."""
    rng, n = np.random.default_rng(8), 3000
    found = compare(np.zeros(n, np.int8))
    exact, corrected, measured = [], [], []
    for _ in range(12):
        one, independent = rng.normal(size=(2, n))
        other = 0.6 * one + 0.8 * independent
        shared, own_one, own_other = rng.normal(size=(3, 2, n))
        halves_one = one + 0.8 * shared + 0.3 * own_one
        halves_other = other + 0.8 * shared + 0.3 * own_other
        first = found.field(halves_one.mean(axis=0), NO_BONDS, halves_one)
        second = found.field(halves_other.mean(axis=0), NO_BONDS, halves_other)
        row = found.of(first, second)
        corrected.append(row["corrected"])
        measured.append(row["overlap"])
        thetas = (top_clusters(field, NO_BONDS, minimum_cluster=1) for field in (one, other))
        exact.append(overlap(*thetas))
    off = np.subtract(corrected, exact)
    assert abs(off.mean()) < 3 * off.std(ddof=1) / math.sqrt(len(off))
    assert np.mean(measured) > np.mean(exact)


def test_only_measured_fields_are_corrected():
    rng, n = np.random.default_rng(4), 2000
    found = compare(np.arange(n) % 2)
    one, noise = rng.normal(size=n), rng.normal(size=(2, n))
    halves = one + 0.6 * noise
    measured = found.field(halves.mean(axis=0), NO_BONDS, halves)
    exact = found.field(one + rng.normal(size=n), NO_BONDS)
    assert math.isnan(found.of(exact, exact)["corrected"])
    row = found.of(measured, exact)
    assert row["corrected"] == found.of(exact, measured)["corrected"] > row["overlap"]
    without_signal = found.field(noise.mean(axis=0), NO_BONDS, noise)
    assert math.isnan(found.of(without_signal, exact)["corrected"])


def test_the_share_of_small_particles_is_corrected_for_noise():
    rng, n = np.random.default_rng(5), 4000
    species = (np.arange(n) % 2).astype(np.int8)
    found = compare(species, shuffles=20)
    off, raw_off = [], []
    for _ in range(12):
        one = rng.normal(size=n) + 0.5 * (species == 0)
        halves = one + 0.8 * rng.normal(size=(2, n))
        row = found.with_small(found.field(halves.mean(axis=0), NO_BONDS, halves))
        exact = overlap(top_clusters(one, NO_BONDS, minimum_cluster=1), species == 0)
        off.append(row["corrected"] - exact)
        raw_off.append(row["overlap"] - exact)
    assert abs(np.mean(off)) < 3 * np.std(off, ddof=1) / math.sqrt(len(off))
    assert np.mean(raw_off) < -3 * np.std(raw_off, ddof=1) / math.sqrt(len(off))
