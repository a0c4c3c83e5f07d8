"""Metabasins against hand-made sequences and a plain construction by merging intervals."""

from __future__ import annotations

import numpy as np
import pytest

from softmodes.analysis.metabasins import mean_lifetime, metabasins, transitions
from softmodes.errors import InputError


def merged_intervals(sequence: list[int]) -> list[tuple[int, int]]:
    """First and last visits of the structures, merged two by two as long as any overlap."""
    found = []
    for structure in set(sequence):
        visits = [visit for visit, one in enumerate(sequence) if one == structure]
        found.append((visits[0], visits[-1]))
    while True:
        for one in found:
            overlapping = [
                other
                for other in found
                if other is not one and other[0] <= one[1] and one[0] <= other[1]
            ]
            if overlapping:
                other = overlapping[0]
                found = [each for each in found if each not in (one, other)]
                found.append((min(one[0], other[0]), max(one[1], other[1])))
                break
        else:
            return sorted(found)


def random_sequence(rng: np.random.Generator) -> list[int]:
    """A walk that now and then goes back to one of the last few structures."""
    sequence, newest = [0], 0
    for _ in range(rng.integers(1, 60)):
        kind = rng.random()
        if kind < 0.4:
            sequence.append(sequence[-1])
        elif kind < 0.6:
            sequence.append(int(rng.integers(max(0, newest - 3), newest + 1)))
        else:
            newest += 1
            sequence.append(newest)
    return sequence


@pytest.mark.parametrize(
    ("sequence", "bounds", "of_structure"),
    [
        ([0], [(0, 0)], [0]),
        ([0, 0, 0], [(0, 2)], [0]),
        ([0, 1, 2], [(0, 0), (1, 1), (2, 2)], [0, 1, 2]),
        ([0, 1, 0, 2], [(0, 2), (3, 3)], [0, 0, 1]),
        # one interlocks with the next
        ([0, 1, 0, 2, 1, 2, 3], [(0, 5), (6, 6)], [0, 0, 0, 1]),
        ([0, 0, 1, 2, 3, 2, 4, 4], [(0, 1), (2, 2), (3, 5), (6, 7)], [0, 1, 2, 2, 3]),
    ],
)
def test_hand_made_sequences(sequence, bounds, of_structure):
    found = metabasins(sequence)
    assert list(zip(found.first.tolist(), found.last.tolist(), strict=True)) == bounds
    assert found.of_structure.tolist() == of_structure
    assert found.changes == len(bounds) - 1


def test_random_sequences_as_by_merging_intervals():
    rng = np.random.default_rng(1)
    several = 0
    for _ in range(300):
        sequence = random_sequence(rng)
        found = metabasins(sequence)
        bounds = merged_intervals(sequence)
        assert list(zip(found.first.tolist(), found.last.tolist(), strict=True)) == bounds
        for visit, structure in enumerate(sequence):
            first, last = bounds[found.of_structure[structure]]
            assert first <= visit <= last
        several += found.changes > 0 and len(found.of_structure) > len(bounds)
    assert several > 100


def test_transitions_and_returns():
    found = transitions([0, 0, 1, 0, 2, 2, 3, 2, 4])
    assert found.visit.tolist() == [1, 2, 3, 5, 6, 7]
    assert found.returned.tolist() == [True, False, False, True, False, False]
    assert not len(transitions([0, 0, 0]).visit)


def test_transitions_of_random_sequences():
    rng = np.random.default_rng(2)
    for _ in range(100):
        sequence = random_sequence(rng)
        found = transitions(sequence)
        plain = [
            (visit, sequence[visit] in sequence[visit + 1 :])
            for visit in range(len(sequence) - 1)
            if sequence[visit] != sequence[visit + 1]
        ]
        assert list(zip(found.visit.tolist(), found.returned.tolist(), strict=True)) == plain


def test_the_mean_lifetime_is_that_of_a_memoryless_escape():
    """Also where it is a good part of the sequence."""
    rng = np.random.default_rng(3)
    visits, lifetime = 200, 40.0
    elapsed = changes = 0.0
    for _ in range(2000):
        sequence = np.append(0, np.cumsum(rng.random(visits) < 1.0 / lifetime))
        found = metabasins(sequence)
        one = mean_lifetime(found, 0.5)
        if found.changes:
            assert one == 0.5 * visits / found.changes
        else:
            assert np.isnan(one)
        elapsed += 0.5 * visits
        changes += found.changes
    assert elapsed / changes == pytest.approx(0.5 * lifetime, rel=0.03)


@pytest.mark.parametrize("sequence", [[], [[0, 1]], [0, 2], [1, 2], [-1, 0]])
def test_sequences_that_are_none_are_refused(sequence):
    for function in (metabasins, transitions):
        with pytest.raises(InputError, match=r"^sequence: "):
            function(sequence)
