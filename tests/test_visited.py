"""Inherent structures told apart, in a landscape that is known: a crystal with a vacancy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from softmodes.analysis.metabasins import metabasins, transitions
from softmodes.landscape import visited
from softmodes.landscape.quench import quench
from softmodes.landscape.visited import VisitedStructures
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.distance import displacement_between, largest_distance
from softmodes.system.mixture import SMALL, Mixture

MIXTURE = Mixture(small_fraction=1.0)
SPACING = 1.05
COLUMNS, ROWS = 14, 16


def crystal() -> Configuration:
    """A triangular crystal of equal particles, stretched by 1% to be square, without one."""
    length = COLUMNS * SPACING
    row, column = np.divmod(np.arange(COLUMNS * ROWS), COLUMNS)
    x = (column + 0.5 * (row % 2)) * SPACING
    y = row * length / ROWS
    positions = np.stack([x, y], axis=1)[1:]
    return Configuration(positions, np.full(len(positions), SMALL), Cell(length))


CRYSTAL = crystal()


def on_the_way(fraction: float, seed: int) -> Configuration:
    """The right neighbour of the vacancy at (0, 0) so far into it, all disordered a little."""
    rng = np.random.default_rng(seed)
    positions = CRYSTAL.positions + rng.normal(0.0, 0.02, CRYSTAL.positions.shape)
    positions[0, 0] -= fraction * SPACING
    return replace(CRYSTAL, positions=positions)


def test_a_hop_into_a_vacancy_and_back():
    """Both structures have one energy: the crystal is the same but for where the vacancy is."""
    known = VisitedStructures(MIXTURE)
    fractions = [0.0, 0.2, 0.9, 1.0, 0.1, 0.85, 0.15, 0.0]
    sequence = [known.visit(on_the_way(fraction, seed)) for seed, fraction in enumerate(fractions)]
    assert sequence == [0, 0, 1, 1, 0, 1, 0, 0]
    first, second = known.structures
    assert first.converged
    assert second.converged
    assert second.energy == pytest.approx(first.energy, abs=1e-12)
    moved = displacement_between(second.positions, first.positions, CRYSTAL.cell)
    # the neighbours of the vacancy lean into it
    assert 0.8 * SPACING < largest_distance(moved) < SPACING
    assert np.argmax(np.abs(moved[:, 0])) == 0
    found = transitions(sequence)
    assert found.visit.tolist() == [1, 3, 4, 5]
    assert found.returned.tolist() == [True, True, True, False]
    assert not metabasins(sequence).changes


def test_another_vacancy_is_another_structure():
    """The one on the left, from which no return is made: a metabasin of its own."""
    known = VisitedStructures(MIXTURE)
    rng = np.random.default_rng(5)
    left = CRYSTAL.positions.copy()
    left[COLUMNS - 2, 0] += 0.9 * SPACING
    starts = [CRYSTAL.positions, on_the_way(1.0, 1).positions, CRYSTAL.positions, left, left]
    sequence = [
        known.visit(replace(CRYSTAL, positions=one + rng.normal(0.0, 0.01, one.shape)))
        for one in starts
    ]
    assert sequence == [0, 1, 0, 2, 2]
    assert metabasins(sequence).last.tolist() == [2, 4]


def test_other_images_and_a_common_shift_make_no_other_structure():
    known = VisitedStructures(MIXTURE)
    rng = np.random.default_rng(6)
    start = on_the_way(0.1, 3)
    assert known.visit(start) == 0
    image = rng.integers(-2, 3, start.positions.shape)
    positions = start.positions + start.cell.offset(image) + np.array([0.37, -0.21])
    assert known.visit(replace(start, positions=positions)) == 0


def test_a_structure_is_kept_as_it_is_quenched_fully_and_continuous_with_what_was():
    start = on_the_way(0.1, 3)
    image = np.zeros(start.positions.shape, np.int64)
    image[7] = 3, -1
    start = replace(start, positions=start.positions + start.cell.offset(image))
    known = VisitedStructures(MIXTURE)
    known.visit(start)
    full = quench(start, MIXTURE)
    (kept,) = known.structures
    assert np.abs(kept.positions - full.configuration.positions).max() < 1e-6
    assert kept.energy == pytest.approx(full.energy_per_particle, abs=1e-13)
    assert kept.max_force <= 1e-11


def test_structures_known_before_are_recognised():
    known = VisitedStructures(MIXTURE)
    known.visit(on_the_way(0.0, 1))
    known.visit(on_the_way(1.0, 2))
    later = VisitedStructures(MIXTURE, known.structures)
    assert later.visit(on_the_way(0.9, 3)) == 1
    assert later.visit(on_the_way(0.1, 4)) == 0
    assert len(later.structures) == 2


def test_what_only_looks_new_after_a_cheap_quench_is_recognised_after_the_full_one(monkeypatch):
    monkeypatch.setattr(visited, "CHEAP_FORCE", 5.0)
    known = VisitedStructures(MIXTURE)
    assert [known.visit(on_the_way(0.2, seed)) for seed in range(4)] == [0] * 4
