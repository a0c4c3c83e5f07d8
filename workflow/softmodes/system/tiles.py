"""Forces of one system at the full width of the machine: particles in tiles, neighbours by tile.

The box is cut into rows, and each row into bins. Particles are put in order of row and bin, and
eight consecutive ones make a *tile*, about as wide as a row is high. Their coordinates are
neighbours in memory, so that one load fetches eight x, another eight y. Every row begins with a
new tile; slots left over at its end are empty. Eight are the numbers in a vector of 64 bytes; where
vectors have 32, tiles have half the slots.

      slot     0 1 2 3 4 5 6 7 | 8 9 ...          one array per quantity: x, y, force_x, ...
             +-----------------+--------------+
      row 2  | tile 6          | tile 7  | 8 -|   -: empty slots, infinitely far in effect
             +-----------+-----+---+-----+----+
      row 1  | tile 3    | tile 4  | tile 5   |
             +---------+-+-------+-+----------+
      row 0  | tile 0  | tile 1  | tile 2   --|   the particle i of tile 1 meets the rest of its
             +---------+----i----+------------+   own tile, tile 2, and tiles 3, 4 of the row above

The list of a particle i holds tiles, not particles: those after its own in its row and those in
the rows above that have a particle in reach, each with the lattice vector of its image. So every
pair is met once, but for pairs within a tile, which are met from both sides.

One entry is one step of the inner loop: the distances of i from eight particles at once, a factor
that is zero beyond the cutoff, eight forces subtracted from the tile's, their sum kept for i. About
a third of the factors are not zero; to fetch just those, one by one, takes three times as long.

Distances are in units of the cutoff of the pair of species: in these the potential is the same for
all pairs, and what differs, 1/cutoff², is loaded like a coordinate.

In single precision a tile has sixteen slots, and pair terms are computed from copies of the
positions that are taken from the tile's first particle: small numbers, rounded to 2e-7 σ11.
Positions and forces are float64 for the caller, as are the sums over particles.

The order in which forces are summed follows the tiles, hence the positions when these were made:
the same positions give the same bits, whoever asks.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from softmodes.errors import InputError
from softmodes.kernels.compilation import kernel
from softmodes.kernels.simd import (
    any_lane,
    lane_numbers,
    load,
    matched,
    repeat,
    select,
    store,
    total,
    width_of,
)
from softmodes.system.mixture import PairTable, pair_terms, reduced

EMPTY = -1
"""`particle` of an empty slot."""

NOWHERE = 1e9
"""Coordinates of empty slots, in σ11; farther apart than any cutoff, even in powers of doubles."""

FARTHEST = 1e9
"""Boxes: image numbers have 32 bits."""


class Tiles(NamedTuple):
    """Particles in slots and the tiles that each of them meets; S slots, W to a tile.

    Arrays marked P are in the precision of the pair terms.

    Attributes:
        particle: (S,), or EMPTY.
        species: (S,).
        position: (2, S), wrapped into the box.
        image: (2, S), the lattice vectors that wrapping took off, as numbers.
        origin: (2, S / W) that the coordinates of a tile are taken from; zero in double precision.
        near: (2, S), P, positions from the origin; in double precision `position` itself.
        scale: (2, S), P, 1/cutoff² between a particle of either species and the one in the slot.
        start: (S + 1,); the entries of a slot are start[slot] <= k < start[slot + 1].
        tile: (E,), the first slot of the tile.
        shift_x, shift_y: (E,), P, from the slot's origin to that of the tile's image.
    """

    particle: NDArray[np.int32]
    species: NDArray[np.int8]
    position: NDArray[np.float64]
    image: NDArray[np.int32]
    origin: NDArray[np.float64]
    near: NDArray[np.floating]
    scale: NDArray[np.floating]
    start: NDArray[np.uint64]
    tile: NDArray[np.int32]
    shift_x: NDArray[np.floating]
    shift_y: NDArray[np.floating]


@kernel()
def build_tiles(
    positions: NDArray[np.float64],
    species: NDArray[np.int8],
    cutoff: NDArray[np.float64],
    skin: float,
    length: float,
    tilt: float,
    precision: type[np.floating],
) -> Tiles:
    """Put particles into tiles and list what is closer than cutoff and skin.

    Args:
        positions: (N, 2), wrapped or not.
        species: (N,).
        cutoff: (3,) by pair type.
        skin: in σ11.
        length, tilt: of the cell; the tilt in [-L/2, L/2).
        precision: numpy.float64 or numpy.float32, of the pair terms.

    Raises:
        InputError: if a position is not finite or more than FARTHEST boxes away.
    """
    n = positions.shape[0]
    radii = np.empty(3)
    scales, squares = np.empty(3), np.empty(3)
    for t in range(3):
        radii[t] = cutoff[t] + skin
        scales[t], squares[t] = 1.0 / cutoff[t] ** 2, radii[t] ** 2
    width = width_of(np.empty(0, precision))
    n_rows = max(1, int(math.sqrt(n / width)))
    n_bins = width * n_rows

    bin_of = np.empty(n, np.int64)
    turns = np.empty((n, 2), np.int32)
    filled = np.zeros(n_rows * n_bins, np.int64)
    for i in range(n):
        fraction_y = positions[i, 1] / length
        fraction_x = (positions[i, 0] - fraction_y * tilt) / length
        if not abs(fraction_x) + abs(fraction_y) < FARTHEST:
            raise InputError("positions: a particle is nowhere; is the time step too long?")
        turns[i, 0], turns[i, 1] = int(np.floor(fraction_x)), int(np.floor(fraction_y))
        # the last row and bin also take what rounding puts on the upper edge
        row = min(int((fraction_y - turns[i, 1]) * n_rows), n_rows - 1)
        column = min(int((fraction_x - turns[i, 0]) * n_bins), n_bins - 1)
        bin_of[i] = row * n_bins + column
        filled[bin_of[i]] += 1

    # the first slot of each bin of a row, then the end of the row's particles
    first = np.empty((n_rows, n_bins + 1), np.int64)
    n_slots = 0
    for row in range(n_rows):
        first[row, 0] = n_slots
        for b in range(n_bins):
            in_bin, filled[row * n_bins + b] = filled[row * n_bins + b], first[row, b]
            first[row, b + 1] = first[row, b] + in_bin
        n_slots = (first[row, n_bins] + width - 1) // width * width

    # x, y and forces of a slot a multiple of 4096 bytes apart would get in each other's way
    if n_slots % 512 < width:
        n_slots += width

    particle = np.full(n_slots, EMPTY, np.int32)
    for i in range(n):
        particle[filled[bin_of[i]]] = i
        filled[bin_of[i]] += 1

    slot_species = np.empty(n_slots, np.int8)
    position, image = np.empty((2, n_slots)), np.empty((2, n_slots), np.int32)
    scale, outer_square = np.empty((2, n_slots), precision), np.empty((2, n_slots), precision)
    for slot in range(n_slots):
        i = particle[slot]
        if i == EMPTY:
            slot_species[slot] = image[0, slot] = image[1, slot] = 0
            position[0, slot] = position[1, slot] = NOWHERE
            for other in range(2):
                scale[other, slot], outer_square[other, slot] = 1.0, 0.0
            continue
        slot_species[slot] = species[i]
        image[0, slot], image[1, slot] = turns[i, 0], turns[i, 1]
        position[0, slot] = positions[i, 0] - (turns[i, 0] * length + turns[i, 1] * tilt)
        position[1, slot] = positions[i, 1] - turns[i, 1] * length
        for other in range(2):
            scale[other, slot] = scales[other + species[i]]
            outer_square[other, slot] = squares[other + species[i]]

    origin, near = np.zeros((2, n_slots // width)), matched(position, scale)
    if scale.itemsize < position.itemsize:
        for axis in range(2):
            for t in range(n_slots // width):
                origin[axis, t] = position[axis, width * t]
        _take_from_origins(position, origin, near)

    start = np.zeros(n_slots + 1, np.uint64)  # unsigned: no check for negative indices
    capacity = 2 * n_slots
    count = capacity + 1
    while count > capacity:
        capacity *= 2
        tile = np.empty(capacity, np.int32)
        shift_x, shift_y = np.empty(capacity, precision), np.empty(capacity, precision)
        places, entries = (position, origin, near), (start, tile, shift_x, shift_y)
        count = _list_tiles(
            slot_species, *places, outer_square, radii, first, length, tilt, *entries
        )
    tile, shift_x, shift_y = tile[:count], shift_x[:count], shift_y[:count]
    slots = particle, slot_species, position, image, origin, near, scale
    return Tiles(*slots, start, tile, shift_x, shift_y)


@kernel()
def _take_from_origins(
    position: NDArray[np.float64], origin: NDArray[np.float64], near: NDArray[np.floating]
) -> None:
    """Write positions (2, S) from the origins (2, S / W) of their tiles to `near`."""
    width = width_of(near)
    for axis in range(2):
        for t in range(origin.shape[1]):
            for slot in range(width * t, width * t + width):
                near[axis, slot] = position[axis, slot] - origin[axis, t]


@kernel()
def _list_tiles(
    species: NDArray[np.int8],
    position: NDArray[np.float64],
    origin: NDArray[np.float64],
    near: NDArray[np.floating],
    outer_square: NDArray[np.floating],
    radii: NDArray[np.float64],
    first: NDArray[np.int64],
    length: float,
    tilt: float,
    start: NDArray[np.uint64],
    tile: NDArray[np.int32],
    shift_x: NDArray[np.floating],
    shift_y: NDArray[np.floating],
) -> int:
    """Write start, tile, shift_x and shift_y of `Tiles`; return the number of entries.

    It is larger than the room for them if they may not fit.

    Args:
        outer_square: (2, S), squared radius between either species and the one in the slot.
        radii: (3,) by pair type.
        first: (rows, bins + 1), first slot of each bin, then the end of the row's particles.
    """
    x, y = position[0], position[1]
    near_x, near_y, width = near[0], near[1], width_of(near)
    n_rows, n_bins = first.shape[0], first.shape[1] - 1
    row_height, bin_width, lean = length / n_rows, length / n_bins, tilt / length
    farthest = (max(radii[0], radii[1]), max(radii[1], radii[2]))
    count = 0
    for own_row in range(n_rows):
        for i in range(first[own_row, 0], first[own_row, n_bins]):
            reach = farthest[0] if species[i] == 0 else farthest[1]
            square_of = outer_square[species[i]]
            top = max(own_row, int(np.floor((y[i] + reach) / row_height)))
            for row in range(own_row, top + 1):
                turn_y = row // n_rows
                slots = first[row - turn_y * n_rows]
                # the chord of the row, in the coordinate along it that leans with the cell
                rise = max(0.0, row * row_height - y[i])
                chord = math.sqrt(max(0.0, reach * reach - rise * rise))
                low = lean * row * row_height + min(0.0, lean * row_height)
                high = lean * row * row_height + max(0.0, lean * row_height)
                begin = int(np.floor((x[i] - chord - high) / bin_width))
                end = int(np.floor((x[i] + chord - low) / bin_width)) + 1
                if row == own_row:
                    begin = max(begin, 0)  # what is left of i lists i
                while begin < end:
                    turn_x = begin // n_bins
                    border = min(end, (turn_x + 1) * n_bins)
                    from_tile = slots[begin - turn_x * n_bins] // width * width
                    to_slot = slots[border - turn_x * n_bins]
                    begin = border
                    if row == own_row and turn_x == 0:
                        from_tile = max(from_tile, i // width * width + width)
                    vector_x = turn_x * length + turn_y * tilt
                    vector_y = turn_y * length
                    if count + (to_slot - from_tile) // width + 1 > tile.size:
                        return tile.size + 1
                    for t in range(from_tile, to_slot, width):
                        tile[count] = t
                        shift_x[count] = vector_x + (origin[0, t // width] - origin[0, i // width])
                        shift_y[count] = vector_y + (origin[1, t // width] - origin[1, i // width])
                        dx = (near_x[i] - shift_x[count]) - load(near_x, t)
                        dy = (near_y[i] - shift_y[count]) - load(near_y, t)
                        # no branch: most candidates pass, unpredictably
                        count += any_lane(dx * dx + dy * dy < load(square_of, t))
            start[i + 1] = count
        # empty slots have no entries
        start[first[own_row, n_bins] + 1 :] = count
    return count


@kernel()
def in_slots(values: NDArray[np.float64], particle: NDArray[np.int32]) -> NDArray[np.float64]:
    """Values (2, S) by slot of vectors (N, 2), zero in empty slots."""
    result = np.zeros((2, particle.size))
    for slot in range(particle.size):
        if particle[slot] != EMPTY:
            result[0, slot] = values[particle[slot], 0]
            result[1, slot] = values[particle[slot], 1]
    return result


@kernel()
def of_particles(
    in_slots: NDArray[np.float64], particle: NDArray[np.int32], values: NDArray[np.float64]
) -> None:
    """Write vectors (2, S) by slot to `values` (N, 2)."""
    for slot in range(particle.size):
        if particle[slot] != EMPTY:
            values[particle[slot], 0] = in_slots[0, slot]
            values[particle[slot], 1] = in_slots[1, slot]


@kernel()
def unwrap(tiles: Tiles, length: float, tilt: float, positions: NDArray[np.float64]) -> None:
    """Write positions (N, 2), continuous with those that the tiles were made from."""
    particle, position, image = tiles.particle, tiles.position, tiles.image
    for slot in range(particle.size):
        if particle[slot] != EMPTY:
            i = particle[slot]
            shift = image[0, slot] * length + image[1, slot] * tilt
            positions[i, 0] = position[0, slot] + shift
            positions[i, 1] = position[1, slot] + image[1, slot] * length


@kernel()
def accumulate_tile_forces(
    tiles: Tiles,
    table: PairTable,
    force: NDArray[np.float64],
    sums: NDArray[np.float64] | None,
) -> None:
    """Write the forces (2, S), and unless None the energy and the virial's xx, xy, yy to `sums`.

    Two particles at one place make them infinite or not numbers.
    """
    particle, species, position, _, origin, near, scale, start, tile, shift_x, shift_y = tiles
    pair_force = matched(force, near)
    if near.itemsize < position.itemsize:
        _take_from_origins(position, origin, near)
    x, y, force_x, force_y, width = near[0], near[1], pair_force[0], pair_force[1], width_of(near)
    half_exponent, head, constant, linear, curved, _ = reduced(table)
    pair_force[:] = 0.0
    total_energy = xx = xy = yy = 0.0
    for i in range(x.size):
        if particle[i] == EMPTY:
            continue
        scale_of = scale[species[i]]
        own = i // width * width
        dx, dy, s = x[i] - load(x, own), y[i] - load(y, own), load(scale_of, own)
        square = (dx * dx + dy * dy) * s
        energy, slope, _ = pair_terms(half_exponent, head, constant, linear, curved, square)
        met = (square < 1.0) & (lane_numbers(near) != float(i - own))
        factor = select(met, slope * s, 0.0)
        pull_x, pull_y = factor * dx, factor * dy
        if sums is not None:
            # each pair of a tile is met twice
            row_energy = 0.5 * select(met, energy, 0.0)
            row_xx, row_xy, row_yy = 0.5 * pull_x * dx, 0.5 * pull_x * dy, 0.5 * pull_y * dy
        for k in range(start[i], start[i + 1]):
            t = tile[k]
            dx = (x[i] - repeat(shift_x, k)) - load(x, t)
            dy = (y[i] - repeat(shift_y, k)) - load(y, t)
            s = load(scale_of, t)
            square = (dx * dx + dy * dy) * s
            energy, slope, _ = pair_terms(half_exponent, head, constant, linear, curved, square)
            factor = select(square < 1.0, slope * s, 0.0)
            one_x, one_y = factor * dx, factor * dy
            store(force_x, t, load(force_x, t) + one_x)
            store(force_y, t, load(force_y, t) + one_y)
            pull_x += one_x
            pull_y += one_y
            if sums is not None:
                row_energy += select(square < 1.0, energy, 0.0)
                row_xx += one_x * dx
                row_xy += one_x * dy
                row_yy += one_y * dy
        if sums is not None:
            total_energy += total(row_energy)
            xx -= total(row_xx)
            xy -= total(row_xy)
            yy -= total(row_yy)
        force_x[i] -= total(pull_x)
        force_y[i] -= total(pull_y)
    if sums is not None:
        sums[0], sums[1], sums[2], sums[3] = total_energy, xx, xy, yy
    if near.itemsize < position.itemsize:
        force[:] = pair_force
