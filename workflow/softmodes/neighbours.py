"""Neighbour lists in the periodic, tilted cell, from cell lists, in O(N) time.

A list holds every pair once, i < j, row by row in ascending i, each row in ascending j: the order
of a sum over pairs is thus the same whenever and wherever the list was built. Positions need not be
wrapped. Each entry carries the lattice vector of its image, so that the displacement from j to i is
r_i - r_j - offset, without a minimum-image search; a pair appears once for each image in reach.

Lists are built for *lanes*: R copies of the system that share particles but not positions
(`[N, R]` arrays; R = 1 for a single system, else whole vectors). An entry is listed if its two
particles are close in any lane.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from softmodes.cell import Cell
from softmodes.compilation import kernel
from softmodes.errors import InputError
from softmodes.simd import WIDTH, any_lane, load

FARTHEST = 1e9
"""Boxes: image numbers have 32 bits."""


class PairList(NamedTuple):
    """Pairs (i, neighbour[k]) for start[i] <= k < start[i + 1].

    Attributes:
        start: (N + 1,).
        neighbour: (P,).
        offset_x, offset_y: (P,), lattice vector of the entry's image.
    """

    start: NDArray[np.int64]
    neighbour: NDArray[np.int32]
    offset_x: NDArray[np.float64]
    offset_y: NDArray[np.float64]


def neighbour_pairs(
    positions: NDArray[np.float64],
    cell: Cell,
    radii: NDArray[np.float64],
    species: NDArray[np.int8],
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """All pairs closer than the radius of their pair type.

    Args:
        positions: (N, 2), wrapped or not.
        cell: the periodic cell.
        radii: (3,) by pair type (small-small, mixed, large-large), in σ11.
        species: (N,), 0 small, 1 large.

    Returns:
        first and second (P,) with first < second, in ascending order, and the displacement
        (P, 2) from the second to the first.
    """
    pairs = build_pair_list(
        np.ascontiguousarray(positions[:, :1]),
        np.ascontiguousarray(positions[:, 1:]),
        species,
        np.asarray(radii, dtype=np.float64),
        cell.length,
        cell.symmetric_tilt,
    )
    first = np.repeat(np.arange(len(positions), dtype=np.int32), np.diff(pairs.start))
    offset = np.stack([pairs.offset_x, pairs.offset_y], axis=1)
    return first, pairs.neighbour, positions[first] - positions[pairs.neighbour] - offset


@kernel()
def _centres(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean position of each particle over its lanes, and the largest distance of a lane from it."""
    n, lanes = x.shape
    centre_x, centre_y, spread = np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        centre_x[i], centre_y[i] = x[i].sum() / lanes, y[i].sum() / lanes
        largest = 0.0
        for lane in range(lanes):
            dx, dy = x[i, lane] - centre_x[i], y[i, lane] - centre_y[i]
            largest = max(largest, dx * dx + dy * dy)
        spread[i] = np.sqrt(largest)
    return centre_x, centre_y, spread


@kernel()
def build_pair_list(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    species: NDArray[np.int8],
    radii: NDArray[np.float64],
    length: float,
    tilt: float,
) -> PairList:
    """The list of pairs closer than the radius of their pair type in any lane.

    Args:
        x, y: (N, R) positions of R lanes, wrapped or not; R is 1 or a multiple of WIDTH.
        species: (N,).
        radii: (3,) by pair type.
        length, tilt: of the cell; the tilt in [-L/2, L/2).

    Raises:
        InputError: if a position is not finite or more than FARTHEST boxes away.
    """
    n, lanes = x.shape
    centre_x, centre_y, spread = _centres(x, y)
    longest_radius = radii.max()

    # Cells along the two lattice directions, about a third of the longest radius wide.
    width_x = length / np.sqrt(1.0 + (tilt / length) ** 2)
    n_x, n_y = (
        max(1, int(3.0 * width_x / longest_radius)),
        max(1, int(3.0 * length / longest_radius)),
    )

    # Particles in order of their cell, with their centres wrapped into the box.
    column, row = np.empty(n, np.int64), np.empty(n, np.int64)
    image_x, image_y = np.empty(n, np.int64), np.empty(n, np.int64)
    first_of_cell = np.zeros(n_x * n_y + 1, np.int64)
    for i in range(n):
        fraction_y = centre_y[i] / length
        fraction_x = (centre_x[i] - fraction_y * tilt) / length
        if not abs(fraction_x) + abs(fraction_y) < FARTHEST:
            raise InputError("positions: a particle is nowhere; is the time step too long?")
        image_x[i], image_y[i] = int(np.floor(fraction_x)), int(np.floor(fraction_y))
        # the last cell also takes what rounding puts on the upper edge
        column[i] = min(int((fraction_x - image_x[i]) * n_x), n_x - 1)
        row[i] = min(int((fraction_y - image_y[i]) * n_y), n_y - 1)
        centre_x[i] -= image_x[i] * length + image_y[i] * tilt
        centre_y[i] -= image_y[i] * length
        first_of_cell[row[i] * n_x + column[i] + 1] += 1
    first_of_cell = np.cumsum(first_of_cell)
    filled = first_of_cell[:-1].copy()
    member = np.empty(n, np.int32)
    member_x, member_y, member_spread = np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        slot = filled[row[i] * n_x + column[i]]
        filled[row[i] * n_x + column[i]] += 1
        member[slot], member_spread[slot] = i, spread[i]
        member_x[slot], member_y[slot] = centre_x[i], centre_y[i]

    # A pair is looked for around its wider spread particle (of equals, the later): few are wide.
    capacity = (20 if lanes == 1 else 60) * n
    while True:
        low, high = np.empty(capacity, np.int32), np.empty(capacity, np.int32)
        vector_x, vector_y = np.empty(capacity, np.int32), np.empty(capacity, np.int32)
        candidate = np.empty(n, np.int32)
        count = 0
        for i in range(n):
            reach = longest_radius + 2.0 * spread[i]
            depth_x = int(np.ceil(reach * n_x / width_x))
            depth_y = int(np.ceil(reach * n_y / length))
            for reached_row in range(row[i] - depth_y, row[i] + depth_y + 1):
                # cells beyond the edge of the box belong to the next image
                turn_y = reached_row // n_y
                first_cell = (reached_row - turn_y * n_y) * n_x
                begin, end = column[i] - depth_x, column[i] + depth_x + 1
                while begin < end:
                    turn_x = begin // n_x
                    border = min(end, (turn_x + 1) * n_x)
                    first_member = first_of_cell[first_cell + begin - turn_x * n_x]
                    end_member = first_of_cell[first_cell + border - turn_x * n_x]
                    begin = border
                    near_x = centre_x[i] - turn_x * length - turn_y * tilt
                    near_y = centre_y[i] - turn_y * length
                    found = 0
                    for m in range(first_member, end_member):
                        j = member[m]
                        dx, dy = near_x - member_x[m], near_y - member_y[m]
                        outer = radii[species[i] + species[j]] + spread[i] + member_spread[m]
                        narrower = (member_spread[m] < spread[i]) | (
                            (member_spread[m] == spread[i]) & (j < i)
                        )
                        candidate[found] = j
                        # no branch: a third of the candidates pass, unpredictably
                        found += narrower & (dx * dx + dy * dy < outer * outer)
                    if count + found > capacity:
                        count = capacity + 1
                        break
                    for c in range(found):
                        j = candidate[c]
                        image_difference_x = image_x[i] - image_x[j] + turn_x
                        image_difference_y = image_y[i] - image_y[j] + turn_y
                        if lanes > 1:
                            shift = image_difference_x * length + image_difference_y * tilt
                            lift = image_difference_y * length
                            radius = radii[species[i] + species[j]]
                            close = False
                            for lane in range(0, lanes, WIDTH):
                                dx = load(x, i * lanes + lane) - load(x, j * lanes + lane) - shift
                                dy = load(y, i * lanes + lane) - load(y, j * lanes + lane) - lift
                                close |= any_lane(dx * dx + dy * dy < radius * radius)
                            if not close:
                                continue
                        sign = 1 if i < j else -1
                        low[count], high[count] = min(i, j), max(i, j)
                        vector_x[count] = sign * image_difference_x
                        vector_y[count] = sign * image_difference_y
                        count += 1
        if count <= capacity:
            break
        capacity *= 2
    return _in_rows(n, low[:count], high[:count], vector_x[:count], vector_y[:count], length, tilt)


@kernel()
def _in_rows(
    n: int,
    low: NDArray[np.int32],
    high: NDArray[np.int32],
    vector_x: NDArray[np.int32],
    vector_y: NDArray[np.int32],
    length: float,
    tilt: float,
) -> PairList:
    """Pairs (P,) low < high with the numbers of their lattice vectors, sorted into rows."""
    start = np.zeros(n + 1, np.int64)
    for k in range(low.size):
        start[low[k] + 1] += 1
    start = np.cumsum(start)
    end = start[:-1].copy()
    neighbour = np.empty(low.size, np.int32)
    offset_x, offset_y = np.empty(low.size), np.empty(low.size)
    for k in range(low.size):
        i, j = low[k], high[k]
        slot = end[i]
        end[i] += 1
        # insertion keeps the row in ascending order
        while slot > start[i] and neighbour[slot - 1] > j:
            neighbour[slot] = neighbour[slot - 1]
            offset_x[slot], offset_y[slot] = offset_x[slot - 1], offset_y[slot - 1]
            slot -= 1
        neighbour[slot] = j
        offset_x[slot] = vector_x[k] * length + vector_y[k] * tilt
        offset_y[slot] = vector_y[k] * length
    return PairList(start, neighbour, offset_x, offset_y)
