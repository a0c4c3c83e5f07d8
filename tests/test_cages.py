"""Particles that leave their cages, by hand-made neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from softmodes.analysis.cages import cage_fates, out_of_cage
from softmodes.errors import InputError


def bonds(*pairs: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.array(pairs, np.int32).reshape(-1, 2).T
    return first, second


def test_half_of_the_neighbours_gone_is_out():
    # a star: particle 0 has four neighbours, each of the others it alone; 5 has none
    initial = bonds((0, 1), (0, 2), (0, 3), (0, 4))
    one_lost = bonds((0, 1), (0, 2), (0, 3), (1, 2))
    assert out_of_cage(one_lost, initial, 6).tolist() == [False] * 4 + [True, False]
    two_lost = bonds((0, 1), (2, 0), (3, 5), (4, 5))
    assert out_of_cage(two_lost, initial, 6).tolist() == [True, False, False, True, True, False]
    assert not out_of_cage(initial, initial, 6).any()
    assert out_of_cage(bonds(), initial, 6).tolist() == [True] * 5 + [False]


def test_new_neighbours_put_nobody_out():
    initial = bonds((0, 1))
    crowded = bonds((0, 1), (0, 2), (0, 3), (1, 2), (1, 3))
    assert not out_of_cage(crowded, initial, 4).any()


def test_against_sets_of_neighbours():
    rng = np.random.default_rng(1)
    n = 12
    pairs = [(i, j) for i in range(n) for j in range(i)]
    for _ in range(50):
        before, now = ([pair for pair in pairs if rng.random() < share] for share in rng.random(2))
        expected = []
        for particle in range(n):
            had, has = (
                {sum(pair) - particle for pair in some if particle in pair}
                for some in (before, now)
            )
            expected.append(bool(had) and len(had - has) >= len(had) / 2)
        assert out_of_cage(bonds(*now), bonds(*before), n).tolist() == expected


def test_fates_at_the_middle_of_a_sequence():
    # columns: never out; out for good; out for good only after; out before; out before and back
    # for good; out at the middle, back later; out before the middle and again after
    out = np.array(
        [
            [0, 0, 0, 0, 0, 0, 0],
            [0, 1, 0, 1, 1, 0, 1],
            [0, 1, 0, 0, 0, 1, 0],
            [0, 1, 1, 0, 0, 1, 1],
            [0, 1, 1, 0, 0, 0, 1],
        ],
        bool,
    )
    fates = cage_fates(out, 2)
    assert fates.left.tolist() == [False, True, False, False, False, False, False]
    assert fates.returned.tolist() == [False, False, False, True, True, False, True]
    assert fates.elsewhere.tolist() == [True, False, True, False, False, False, False]


@pytest.mark.parametrize("visit", [-1, 3])
def test_a_visit_that_is_none_is_refused(visit):
    with pytest.raises(InputError, match=f"^visit: {visit} given"):
        cage_fates(np.zeros((3, 2), bool), visit)
