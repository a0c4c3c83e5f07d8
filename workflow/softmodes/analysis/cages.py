"""Which particles left their cage along a sequence of structures, and which came back.

A particle is out of its cage in a structure that lacks half of the neighbours it had at first, or
more of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from softmodes.errors import InputError
from softmodes.system.configuration import Bonds


@dataclass(frozen=True)
class CageFates:
    """What became of each particle at one visit of a sequence.

    In no class are those that are out then and come back later.

    Attributes:
        left: (N,), out at the visit and at every later one.
        returned: (N,), in at the visit and out at one before.
        elsewhere: (N,), in at the visit and at all before.
    """

    left: NDArray[np.bool_]
    returned: NDArray[np.bool_]
    elsewhere: NDArray[np.bool_]


def out_of_cage(bonds: Bonds, initial: Bonds, n_particles: int) -> NDArray[np.bool_]:
    """The particles (N,) that have lost half of their initial neighbours, or more.

    Args:
        bonds: (P,) and (P,), of one structure.
        initial: likewise, of the first; a particle without neighbours there has none to lose.
        n_particles: N.
    """
    before, now = _codes(initial, n_particles), _codes(bonds, n_particles)
    lost = ~np.isin(before, now)
    n_lost, n_before = (
        np.bincount(np.concatenate([ends[some] for ends in initial]), minlength=n_particles)
        for some in (lost, slice(None))
    )
    return (n_before > 0) & (2 * n_lost >= n_before)


def cage_fates(out: NDArray[np.bool_], visit: int) -> CageFates:
    """The classes of particles at one visit of a sequence.

    Args:
        out: (V, N), `out_of_cage` at every visit.
        visit: the one asked about.

    Raises:
        InputError: if the sequence has no such visit.
    """
    if not 0 <= visit < len(out):
        raise InputError(f"visit: {visit} given, a number from 0 to {len(out) - 1} expected")
    now, before = out[visit], np.logical_or.reduce(out[:visit])
    return CageFates(
        left=np.logical_and.reduce(out[visit:]), returned=~now & before, elsewhere=~now & ~before
    )


def _codes(bonds: Bonds, n_particles: int) -> NDArray[np.int64]:
    """One number for each bond, whichever end comes first."""
    first, second = (ends.astype(np.int64) for ends in bonds)
    return np.minimum(first, second) * n_particles + np.maximum(first, second)
