"""Pairs of structures and what they share, against plain loops."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from softmodes.analysis.metabasins import metabasins
from softmodes.analysis.overlap import overlap
from softmodes.analysis.persistence import (
    difference_at_equal_distance,
    lagged_pairs,
    pair_distances,
    pair_overlaps,
    pairs_between,
    pairs_within,
    rank_changes,
    relative_ranks,
    spread,
)
from softmodes.errors import InputError
from softmodes.system.cell import Cell
from softmodes.system.distance import displacement_between, mobile_distance, rms_distance

ALL = 10**9
# metabasins {0, 1, 2}, {3}, {4, 5}, {6}
SEQUENCE = np.array([0, 1, 0, 2, 1, 3, 3, 4, 5, 5, 4, 6])


def listed(pairs: np.ndarray) -> list[tuple[int, ...]]:
    return [tuple(pair) for pair in pairs.tolist()]


def test_pairs_of_a_hand_made_sequence():
    found = metabasins(SEQUENCE)
    assert listed(pairs_within(found, ALL)) == [(0, 1), (0, 2), (1, 2), (4, 5)]
    assert listed(pairs_between(found, ALL)) == [
        (0, 3), (1, 3), (2, 3), (3, 4), (3, 5), (4, 6), (5, 6),
    ]  # fmt: skip
    kept = np.array([True, False, True, True])
    assert listed(pairs_within(found, ALL, kept)) == [(0, 1), (0, 2), (1, 2), (4, 5)]
    assert listed(pairs_within(found, ALL, ~kept)) == []
    assert listed(pairs_between(found, ALL, kept)) == [
        (0, 4), (0, 5), (1, 4), (1, 5), (2, 4), (2, 5), (4, 6), (5, 6),
    ]  # fmt: skip
    assert listed(lagged_pairs(SEQUENCE, 9, ALL)) == [(0, 5), (1, 4), (0, 6)]
    assert listed(lagged_pairs(SEQUENCE, 0, ALL)) == [(one, one) for one in SEQUENCE]


def test_pairs_of_random_metabasins():
    rng = np.random.default_rng(1)
    for _ in range(30):
        sequence = np.cumsum(rng.random(60) < 0.7)
        for jump in rng.integers(0, 60, 5):  # back by a few
            sequence[jump] = sequence[max(0, jump - 6)]
        sequence = np.unique(sequence, return_inverse=True)[1]
        found = metabasins(sequence)
        of = found.of_structure
        pairs = list(itertools.combinations(range(len(of)), 2))
        within = [(i, j) for i, j in pairs if of[i] == of[j]]
        between = [(i, j) for i, j in pairs if abs(of[j] - of[i]) == 1]
        assert sorted(map(sorted, pairs_within(found, ALL).tolist())) == list(map(list, within))
        assert sorted(map(sorted, pairs_between(found, ALL).tolist())) == list(map(list, between))


def test_of_many_pairs_equally_spaced_ones_are_taken():
    assert spread(10, 100).tolist() == list(range(10))
    assert spread(10, 5).tolist() == [0, 2, 4, 6, 8]
    assert not len(spread(0, 5))
    found = metabasins(np.append(np.arange(2000), 0))
    every, some = pairs_within(found, ALL), pairs_within(found, 1000)
    assert len(every) == 2000 * 1999 // 2
    assert (some == every[spread(len(every), 1000)]).all()
    assert len({tuple(pair) for pair in every.tolist()}) == len(every)
    assert (every[:, 0] < every[:, 1]).all()


def test_a_single_metabasin_has_no_pairs_between():
    found = metabasins([0, 1, 0])
    assert pairs_between(found, ALL).shape == (0, 2)
    assert pairs_within(metabasins([0, 0]), ALL).shape == (0, 2)
    nothing = pairs_between(found, ALL)
    assert not len(pair_overlaps(np.ones((2, 4), bool), nothing))
    assert not len(pair_distances(np.zeros((2, 4, 2)), Cell(5.0), nothing).rms)


def test_overlaps_and_distances_as_pair_by_pair():
    rng = np.random.default_rng(2)
    cell = Cell(8.0, 1.0)
    positions = rng.uniform(0.0, 8.0, (7, 30, 2))
    selected = rng.random((7, 30)) < 0.3
    pairs = rng.integers(0, 7, (250, 2))
    overlaps, distances = pair_overlaps(selected, pairs), pair_distances(positions, cell, pairs)
    for (i, j), one, rms, mobile in zip(
        pairs, overlaps, distances.rms, distances.mobile, strict=True
    ):
        assert one == overlap(selected[i], selected[j])
        moved = displacement_between(positions[i], positions[j], cell)
        assert rms == pytest.approx(float(rms_distance(moved)), abs=1e-14)
        assert mobile == pytest.approx(float(mobile_distance(moved)), abs=1e-14)
    assert np.isnan(pair_overlaps(np.zeros((2, 30), bool), np.array([[0, 1]]))).all()


def test_pairs_are_compared_at_equal_distance():
    """Values that fall with distance differ by what was added to some; a loop over bins agrees."""
    rng = np.random.default_rng(4)
    near, far = 0.1 * np.exp(0.5 * rng.normal(size=(2, 4000)) + [[0.0], [0.5]])
    near_values, far_values = np.exp(-3 * near) + 0.1, np.exp(-3 * far)
    near_values[:10], far_values[-10:] = np.nan, np.nan
    found = difference_at_equal_distance((near, near_values), (far, far_values))
    assert found == pytest.approx(0.1, abs=2e-3)
    assert np.nanmean(near_values) - np.nanmean(far_values) > 0.2
    sums = np.zeros(2)
    for low, high in itertools.pairwise(10 ** (np.arange(97) / 24 - 3)):
        one, other = (
            values[(apart >= low) & (apart < high) & np.isfinite(values)]
            for apart, values in ((near, near_values), (far, far_values))
        )
        if len(one) and len(other):
            weight = len(one) * len(other) / (len(one) + len(other))
            sums += weight * np.array([one.mean() - other.mean(), 1.0])
    assert found == pytest.approx(sums[0] / sums[1])
    assert math.isnan(difference_at_equal_distance(([0.1], [1.0]), ([0.2], [1.0])))
    assert math.isnan(difference_at_equal_distance(([], []), ([0.2], [1.0])))


def test_ranks_and_their_change():
    assert relative_ranks([3.0, 1.0, 2.0, 2.0]).tolist() == [0.875, 0.125, 0.5, 0.5]
    assert rank_changes([1.0, 2.0, 3.0], [1.0, 3.0, 2.0]).tolist() == [0.0, 1.0, 1.0]
    rng = np.random.default_rng(3)
    changes = [rank_changes(*rng.random((2, 1000))).mean() for _ in range(100)]
    assert np.mean(changes) == pytest.approx(1.0, abs=0.01)


def test_a_lag_longer_than_the_sequence_is_refused():
    with pytest.raises(InputError, match=r"^lag: 12 given, a number from 0 to 11"):
        lagged_pairs(SEQUENCE, 12, ALL)
