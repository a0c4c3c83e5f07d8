"""Neighbour lists in the periodic, tilted cell, from cell lists, in O(N) time.

A list holds every pair once, i < j, row by row in ascending i, each row in ascending j: the order
of a sum over pairs is thus the same whenever and wherever the list was built. Positions need not be
wrapped. Each entry carries the lattice vector of its image, so that the displacement from j to i is
r_i - r_j - offset, without a minimum-image search; a pair appears once for each image in reach.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from softmodes.errors import InputError
from softmodes.kernels.compilation import kernel

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


@kernel()
def build_pair_list(
    positions: NDArray[np.float64],
    species: NDArray[np.int8],
    radii: NDArray[np.float64],
    length: float,
    tilt: float,
) -> PairList:
    """The list of pairs closer than the radius of their pair type.

    Args:
        positions: (N, 2), wrapped or not.
        species: (N,).
        radii: (3,) by pair type.
        length, tilt: of the cell; the tilt in [-L/2, L/2).

    Raises:
        InputError: if a position is not finite or more than FARTHEST boxes away.
    """
    n = positions.shape[0]
    longest_radius = max(radii[0], radii[1], radii[2])

    # Cells along the two lattice directions, about a third of the longest radius wide, but not
    # many more than particles.
    width_x = length / np.sqrt(1.0 + (tilt / length) ** 2)
    max_cells = 4.0 * np.sqrt(n)
    n_x, n_y = (
        max(1, int(min(3.0 * width_x / longest_radius, max_cells))),
        max(1, int(min(3.0 * length / longest_radius, max_cells))),
    )

    # Particles in order of their cell, wrapped into the box.
    column, row = np.empty(n, np.int64), np.empty(n, np.int64)
    image_x, image_y = np.empty(n, np.int64), np.empty(n, np.int64)
    x, y = np.empty(n), np.empty(n)
    first_of_cell = np.zeros(n_x * n_y + 1, np.int64)
    for i in range(n):
        fraction_y = positions[i, 1] / length
        fraction_x = (positions[i, 0] - fraction_y * tilt) / length
        if not abs(fraction_x) + abs(fraction_y) < FARTHEST:
            raise InputError("positions: a particle is nowhere; is the time step too long?")
        image_x[i], image_y[i] = int(np.floor(fraction_x)), int(np.floor(fraction_y))
        # the last cell also takes what rounding puts on the upper edge
        column[i] = min(int((fraction_x - image_x[i]) * n_x), n_x - 1)
        row[i] = min(int((fraction_y - image_y[i]) * n_y), n_y - 1)
        x[i] = positions[i, 0] - (image_x[i] * length + image_y[i] * tilt)
        y[i] = positions[i, 1] - image_y[i] * length
        first_of_cell[row[i] * n_x + column[i] + 1] += 1
    first_of_cell = np.cumsum(first_of_cell)
    filled = first_of_cell[:-1].copy()
    member = np.empty(n, np.int32)
    member_x, member_y = np.empty(n), np.empty(n)
    for i in range(n):
        slot = filled[row[i] * n_x + column[i]]
        filled[row[i] * n_x + column[i]] += 1
        member[slot], member_x[slot], member_y[slot] = i, x[i], y[i]

    # A pair is looked for around its later particle.
    depth_x = int(np.ceil(longest_radius * n_x / width_x))
    depth_y = int(np.ceil(longest_radius * n_y / length))
    capacity = 20 * n
    while True:
        low, high = np.empty(capacity, np.int32), np.empty(capacity, np.int32)
        vector_x, vector_y = np.empty(capacity, np.int32), np.empty(capacity, np.int32)
        candidate = np.empty(n, np.int32)
        count = 0
        for i in range(n):
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
                    near_x = x[i] - turn_x * length - turn_y * tilt
                    near_y = y[i] - turn_y * length
                    found = 0
                    for m in range(first_member, end_member):
                        j = member[m]
                        dx, dy = near_x - member_x[m], near_y - member_y[m]
                        radius = radii[species[i] + species[j]]
                        candidate[found] = j
                        # no branch: a third of the candidates pass, unpredictably
                        found += (j < i) & (dx * dx + dy * dy < radius * radius)
                    if count + found > capacity:
                        count = capacity + 1
                        break
                    for c in range(found):
                        j = candidate[c]
                        low[count], high[count] = j, i
                        vector_x[count] = image_x[j] - image_x[i] - turn_x
                        vector_y[count] = image_y[j] - image_y[i] - turn_y
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
