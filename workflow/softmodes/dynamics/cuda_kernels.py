"""Molecular dynamics of many systems at once on a GPU: one block of threads to a system.

A launch advances every system by whole blocks of the coupling interval without returning: the
particles of a system belong to the threads of its block, which keep velocities and forces in
registers and share positions in the multiprocessor's own memory.

      system 0 -> block 0:  thread 0    thread 1    ...  thread T-1
                            particle 0  particle 1       particle T-1
                            particle T  particle T+1     ...

      shared memory:        x and y of every particle, 32 bits each, as one word of 64

Positions are whole numbers of 2⁻⁴⁰ box lengths, never wrapped. Their bits 8 to 39 are the place in
the box to 2⁻³² box lengths. The difference of two such places, as a signed number of 32 bits, is
the distance along an axis of the nearest image: periodic boundaries cost nothing. The difference is
exact, and becomes a float32 only then. Sums over particles are float64.

Every particle lists all its neighbours, in the order of cells and, within a cell, of particles: the
same positions give the same bits, whatever the other systems. The list that forces are summed over
is picked from a wide one, which lasts longer. Random numbers come with the call.

The kernels run on numba's CUDA simulator (NUMBA_ENABLE_CUDASIM=1) as they do on a device.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numba import config, cuda, float32, float64, int32, int64, uint16

from softmodes.system.mixture import Mixture

FRACTION_BITS = 40
"""Positions are whole numbers of 2^-40 box lengths."""

PLACE_BITS = 32
"""Of them, pair terms see as many."""

SKIN = 0.5
"""Added to the cutoffs in the list that forces are summed over, in σ11."""

WIDE_SKIN = 2.4
"""Added to the cutoffs in the wide list, which that one is picked from while it lasts."""

MAX_NEIGHBOURS, MAX_WIDE_NEIGHBOURS = 96, 160
"""Room in the lists of a particle, multiples of 4; the Letter's large ones have some 35 and 80."""

MAX_THREADS = 1024
"""Threads of a block, at most; a power of two."""

MAX_SHARED_BYTES = 227 * 1024
"""Of the shared memory of a multiprocessor (compute capability 9.0)."""

N_RECORDED = 4
"""What a block leaves: energy, pressure, box length, kinetic energy of the shadow Hamiltonian."""

TOO_MANY_NEIGHBOURS = 1
"""The `status` of a system in which a list was too short."""

_SUMS = 6

_N_SITES = 4
"""Behind the particles, to fill up lists with; no particle is near all of them."""


def n_threads(n_particles: int) -> int:
    """Threads of a block: a power of two, at most `MAX_THREADS`, at least 32."""
    return min(MAX_THREADS, max(32, 1 << (n_particles - 1).bit_length()))


def shared_bytes(n_particles: int) -> int:
    """Shared memory that a block needs."""
    threads = n_threads(n_particles)
    cells = 4 * (2 * threads + 2) + 4 * n_particles
    return 8 * (n_particles + _N_SITES) + max(8 * _SUMS * (threads // 2), cells)


@functools.cache
def advance_kernel(mixture: Mixture, n_particles: int, small: int) -> Any:
    """The kernel for systems of one mixture and size.

    Particles are in the order: small ones first, `small` of them.

    It takes, with S systems and B blocks of the coupling interval:

        position: (S, 2, N) int64, whole numbers of 2^-40 box lengths; changed in place.
        velocity: (S, 2, N) float64, in σ11/τ; likewise.
        length: (S,) box lengths, in σ11; likewise.
        near: (S MAX_NEIGHBOURS / 4 N,) uint64, room for the lists, four to a word.
        wide: (S MAX_WIDE_NEIGHBOURS / 4 N,) uint64, room for the wide lists.
        wide_place: (S, N) int64, room for where these were made.
        n_blocks, n_steps: blocks to advance by, steps to a block.
        time_step: in τ.
        temperature: in ε.
        decay: of the kinetic energy's memory over a block; 1 for constant energy.
        pressure: that the barostat holds, in ε/σ11².
        mobility: of the barostat over a block, see `trajectory.Trajectory.barostat`; 0 for none.
        noise: (B, S, 3) standard normal of the thermostat, chi-squared with 2N - 3 degrees of
            freedom, standard normal of the barostat.
        record: (B, S, N_RECORDED) float64, written.
        counted: whether displacements are added to `moments` after each block.
        start: (S, 2, N) int64, what displacements are taken from.
        moments: (S, 3, N) float64, Σ dx, Σ dy and Σ (dx² + dy²).
        status: (S,) int32, written where something went wrong.
    """
    n, threads = n_particles, n_threads(n_particles)
    per_thread = -(-n // threads)
    half_threads = threads // 2
    max_cells_along = math.isqrt(threads)
    f4, i4, i8, u4, u8 = np.float32, np.int32, np.int64, np.uint32, np.uint64

    table = mixture.pair_table()
    sigma = mixture.sigma
    half_exponent = table.half_exponent
    constant = f4(table.constant[0])
    quadratic = f4(table.quadratic[0] * sigma[0] ** 2)
    quartic = f4(table.quartic[0] * sigma[0] ** 4)
    square_cutoff = f4(mixture.cutoff**2)
    inverse_square = tuple(f4(value) for value in sigma**-2.0)
    near_square = tuple(f4(value) for value in (mixture.cutoff * sigma + SKIN) ** 2)
    wide_square = tuple(f4(value) for value in (mixture.cutoff * sigma + WIDE_SKIN) ** 2)
    near_words, wide_words = MAX_NEIGHBOURS // 4, MAX_WIDE_NEIGHBOURS // 4
    smoothed, quarter = mixture.smoothed, 2 ** (PLACE_BITS - 2)
    reach = mixture.largest_cutoff + WIDE_SKIN
    zero, one = f4(0), f4(1)
    # the force is r/σ² n (u^(-n/2 - 1) - linear - slope u), with u = (r/σ)²
    linear, slope = f4(float(quadratic) / half_exponent), f4(2.0 * float(quartic) / half_exponent)
    skin, wide_play = SKIN, WIDE_SKIN - SKIN
    unit = 2.0**FRACTION_BITS
    place = 2.0**PLACE_BITS
    m = n + _N_SITES
    shift = FRACTION_BITS - PLACE_BITS

    @cuda.jit(device=True, fastmath=True)
    def add_pair(eightfold, x, y, packed, same, other, measure, force_x, force_y, energy, virial):
        """Add the pair of a particle at (x, y) and particle eightfold / 8 to its sums."""
        at = packed[u4(eightfold >> u4(3))]  # eight bytes each: no shift is left
        dx = f4(i4(i8(x) - i8(i4(at))))
        dy = f4(i4(i8(y) - i8(i4(at >> 32))))
        scale = same if eightfold < u4(8 * small) else other
        square = (dx * dx + dy * dy) * scale
        inside = square < square_cutoff
        if smoothed:  # no force at the cutoff
            square = min(square, square_cutoff)
        inverse = one / square
        if half_exponent == 6:  # the Letter's exponent
            cube = inverse * inverse * inverse
            power = cube * cube
        else:
            power = inverse
            for _ in range(half_exponent - 1):
                power = power * inverse
        steepness = power * inverse - (linear + slope * square)
        if not smoothed:
            steepness = steepness if inside else zero
        strength = steepness * scale
        force_x += strength * dx
        force_y += strength * dy
        if measure:
            pair_energy = power + constant + (quadratic + quartic * square) * square
            energy += pair_energy if inside else zero
            virial += steepness * square if inside else zero
        return force_x, force_y, energy, virial

    @cuda.jit(device=True, fastmath=True)
    def sum_pairs(i, near, first, n_words, packed, same, other, measure):
        """Sums over the neighbours of a particle: force and virial, over constants, and energy."""
        at = packed[i]
        x, y = i4(at), i4(at >> 32)
        force_x, force_y, energy, virial = zero, zero, zero, zero
        entry = u4(first + i)
        end = u4(entry + u4(n_words) * u4(n))
        while entry < end:
            word = near[entry]
            entry = u4(entry + u4(n))
            for half in (u4(word), u4(word >> u8(32))):
                force_x, force_y, energy, virial = add_pair(
                    u4((half << u4(3)) & u4(0x7FFF8)), x, y, packed, same, other, measure,
                    force_x, force_y, energy, virial,
                )  # fmt: skip
                force_x, force_y, energy, virial = add_pair(
                    u4((half >> u4(13)) & u4(0x7FFF8)), x, y, packed, same, other, measure,
                    force_x, force_y, energy, virial,
                )  # fmt: skip
        return force_x, force_y, energy, virial

    @cuda.jit(device=True, fastmath=True)
    def append(j, i, found, word, words, first):
        """Put particle j into the list of i; the last word is written when it is full."""
        word = u8(j) if found & 3 == 0 else u8(word | (u8(j) << u8(16 * (found & 3))))
        if found & 3 == 3:
            words[u4(first + u4((found >> 2) * n + i))] = word
        return found + 1, word

    @cuda.jit(device=True, fastmath=True)
    def close(i, x, y, found, word, words, first):
        """Fill up the last word of a list with a site out of reach; return the number of words."""
        # of the sites at 0 and L/2 along each axis, the farthest from (x, y): at least L/√8 away
        site = n + (1 if abs(x) < quarter else 0) + (2 if abs(y) < quarter else 0)
        n_words = (found + 3) >> 2
        while found & 3:
            found, word = append(site, i, found, word, words, first)
        return n_words

    @cuda.jit(device=True, fastmath=True)
    def pick_near(t, length, packed, wide, wide_first, n_wide, near, near_first, n_near):
        """Pick the thread's pairs within the cutoffs and a skin; return whether they had room."""
        room = True
        square_unit = f4((length / place) ** 2)
        for p in range(per_thread):
            i = t + p * threads
            n_near[p] = 0
            if i < n:
                at = packed[i]
                x, y = i4(at), i4(at >> 32)
                with_small = near_square[0] if i < small else near_square[1]
                with_large = near_square[1] if i < small else near_square[2]
                found, last = 0, u8(0)
                for k in range(n_wide[p]):
                    word = wide[u4(wide_first + u4(k * n + i))]
                    for _ in range(4):
                        j = i4(u4(word) & u4(0xFFFF))
                        word = u8(word >> u8(16))
                        other = packed[u4(j)]
                        dx = f4(i4(i8(x) - i8(i4(other))))
                        dy = f4(i4(i8(y) - i8(i4(other >> 32))))
                        square = (dx * dx + dy * dy) * square_unit
                        inside = square < (with_small if j < small else with_large)
                        if inside and j < n:
                            if found < MAX_NEIGHBOURS:
                                found, last = append(j, i, found, last, near, near_first)
                            else:
                                room = False
                n_near[p] = close(i, x, y, found, last, near, near_first)
        return room

    @cuda.jit(device=True, fastmath=True)
    def cell_along(coordinate, cells_along):
        """Number of the cell of a place of 32 bits along an axis."""
        return i4((i8(u4(coordinate)) * i8(cells_along)) >> i8(32))

    @cuda.jit(device=True, fastmath=True)
    def list_wide(t, length, packed, offset, filled, drawn, order, wide, wide_first, n_wide, slot):
        """List the thread's pairs within cutoffs and wide skin; return whether they had room."""
        cells_along = min(max_cells_along, int(length / reach))
        around = 1
        if cells_along < 3:
            cells_along, around = 1, 0
        n_cells = cells_along * cells_along
        if t < n_cells:
            filled[t] = 0
        cuda.syncthreads()
        for p in range(per_thread):
            i = t + p * threads
            if i < n:
                at = packed[i]
                column = cell_along(i4(at), cells_along)
                cell = cell_along(i4(at >> 32), cells_along) * cells_along + column
                slot[p] = cuda.atomic.add(filled, cell, 1)
        cuda.syncthreads()
        # where the particles of each cell begin: sums over cells, doubling the stride
        total = filled[t] if t < n_cells else 0
        stride = 1
        while stride < n_cells:
            if t < n_cells:
                offset[t] = total
            cuda.syncthreads()
            if stride <= t < n_cells:
                total += offset[t - stride]
            cuda.syncthreads()
            stride *= 2
        if t < n_cells:
            offset[t + 1] = total
        if t == 0:
            offset[0] = 0
        cuda.syncthreads()
        for p in range(per_thread):
            i = t + p * threads
            if i < n:
                at = packed[i]
                column = cell_along(i4(at), cells_along)
                cell = cell_along(i4(at >> 32), cells_along) * cells_along + column
                drawn[offset[cell] + slot[p]] = i
        cuda.syncthreads()
        # threads drew their slots in any order: rank the particles of a cell by number
        for p in range(per_thread):
            i = t + p * threads
            if i < n:
                at = packed[i]
                column = cell_along(i4(at), cells_along)
                cell = cell_along(i4(at >> 32), cells_along) * cells_along + column
                rank = offset[cell]
                for k in range(offset[cell], offset[cell + 1]):
                    if drawn[k] < i:
                        rank += 1
                order[rank] = i
        cuda.syncthreads()

        room = True
        square_unit = f4((length / place) ** 2)
        for p in range(per_thread):
            i = t + p * threads
            n_wide[p] = 0
            if i < n:
                at = packed[i]
                x, y = i4(at), i4(at >> 32)
                with_small = wide_square[0] if i < small else wide_square[1]
                with_large = wide_square[1] if i < small else wide_square[2]
                row_of, column_of = cell_along(y, cells_along), cell_along(x, cells_along)
                found, word = 0, u8(0)
                for up in range(-around, around + 1):
                    row = row_of + up
                    row += cells_along if row < 0 else 0
                    row -= cells_along if row >= cells_along else 0
                    for right in range(-around, around + 1):
                        column = column_of + right
                        column += cells_along if column < 0 else 0
                        column -= cells_along if column >= cells_along else 0
                        cell = row * cells_along + column
                        for k in range(offset[cell], offset[cell + 1]):
                            j = i4(order[k])
                            near = packed[j]
                            dx = f4(i4(i8(x) - i8(i4(near))))
                            dy = f4(i4(i8(y) - i8(i4(near >> 32))))
                            square = (dx * dx + dy * dy) * square_unit
                            if square < (with_small if j < small else with_large) and j != i:
                                if found < MAX_WIDE_NEIGHBOURS:
                                    found, word = append(j, i, found, word, wide, wide_first)
                                else:
                                    room = False
                n_wide[p] = close(i, x, y, found, word, wide, wide_first)
        return room

    @cuda.jit(device=True, fastmath=True)
    def pack(x, y):
        """The places of a position (x, y) as one word."""
        low = i8(u4(i4(x >> i8(shift))))
        return (i8(i4(y >> i8(shift))) << i8(32)) | low

    @cuda.jit(device=True)
    def add_up(t, partial, a, b, c, d, e, g):
        """Leave the sums over all threads of six numbers at every `half_threads` of `partial`."""
        width = half_threads
        while width > 0:
            if width <= t < 2 * width:
                at = t - width
                partial[at] = a
                partial[at + half_threads] = b
                partial[at + 2 * half_threads] = c
                partial[at + 3 * half_threads] = d
                partial[at + 4 * half_threads] = e
                partial[at + 5 * half_threads] = g
            cuda.syncthreads()
            if t < width:
                a += partial[t]
                b += partial[t + half_threads]
                c += partial[t + 2 * half_threads]
                d += partial[t + 3 * half_threads]
                e += partial[t + 4 * half_threads]
                g += partial[t + 5 * half_threads]
            cuda.syncthreads()
            width //= 2
        if t == 0:
            partial[0] = a
            partial[half_threads] = b
            partial[2 * half_threads] = c
            partial[3 * half_threads] = d
            partial[4 * half_threads] = e
            partial[5 * half_threads] = g
        cuda.syncthreads()

    def advance(
        position, velocity, length_of, near, wide, wide_place, n_blocks, n_steps, time_step,
        temperature, decay, pressure, mobility, noise, record, counted, start, moments, status,
    ):  # fmt: skip
        s, t = cuda.blockIdx.x, cuda.threadIdx.x
        packed = cuda.shared.array(0, int64)[:m]
        # sums and cells are never wanted at the same time
        partial = cuda.shared.array(0, float64)[m : m + _SUMS * half_threads]
        offset = cuda.shared.array(0, int32)[2 * m : 2 * m + threads + 2]
        filled = cuda.shared.array(0, int32)[2 * m + threads + 2 : 2 * (m + threads + 1)]
        drawn = cuda.shared.array(0, uint16)[4 * (m + threads + 1) :][:n]
        order = cuda.shared.array(0, uint16)[4 * (m + threads + 1) + n :][:n]

        x = cuda.local.array(per_thread, int64)
        y = cuda.local.array(per_thread, int64)
        vx = cuda.local.array(per_thread, float64)
        vy = cuda.local.array(per_thread, float64)
        fx = cuda.local.array(per_thread, float32)
        fy = cuda.local.array(per_thread, float32)
        listed = cuda.local.array(per_thread, int64)
        n_near = cuda.local.array(per_thread, int32)
        n_wide = cuda.local.array(per_thread, int32)
        slot = cuda.local.array(per_thread, int32)

        near_first, wide_first = u4(s * near_words * n), u4(s * wide_words * n)
        length = length_of[s]
        energy, virial, square_force = 0.0, 0.0, 0.0
        room = True

        for p in range(per_thread):
            i = t + p * threads
            if i < n:
                x[p], y[p] = position[s, 0, i], position[s, 1, i]
                vx[p], vy[p] = velocity[s, 0, i], velocity[s, 1, i]
                listed[p] = pack(x[p], y[p])
                packed[i] = listed[p]
        if t < _N_SITES:
            packed[n + t] = pack(
                i8(t & 1) << i8(FRACTION_BITS - 1), i8(t >> 1) << i8(FRACTION_BITS - 1)
            )
        cuda.syncthreads()

        # a launch, and every change of the box, begins with new lists and forces at step -1
        first_step = -1
        block = 0
        while block < n_blocks:
            kick_unit = 2.0 * half_exponent * place / length
            drift = time_step * unit / length
            scale_unit = (length / place) ** 2
            scale_0 = f4(inverse_square[0] * scale_unit)
            scale_1 = f4(inverse_square[1] * scale_unit)
            scale_2 = f4(inverse_square[2] * scale_unit)
            farthest = f4((0.5 * skin * place / length) ** 2)
            wide_farthest = f4((0.5 * wide_play * place / length) ** 2)
            for step in range(first_step, n_steps):
                moved = step < 0
                if step >= 0:
                    # the half kicks between two steps are one
                    kick = kick_unit * (time_step if step > 0 else 0.5 * time_step)
                    for p in range(per_thread):
                        i = t + p * threads
                        if i < n:
                            vx[p] += kick * fx[p]
                            vy[p] += kick * fy[p]
                            x[p] += i8(math.floor(vx[p] * drift + 0.5))
                            y[p] += i8(math.floor(vy[p] * drift + 0.5))
                            at = pack(x[p], y[p])
                            packed[i] = at
                            dx = f4(i4(i8(i4(at)) - i8(i4(listed[p]))))
                            dy = f4(i4(i8(i4(at >> 32)) - i8(i4(listed[p] >> 32))))
                            moved = moved or not (dx * dx + dy * dy < farthest)
                if cuda.syncthreads_or(i4(moved)):
                    moved = step < 0
                    for p in range(per_thread):
                        i = t + p * threads
                        if i < n and not moved:
                            dx = f4(i4(i8(i4(packed[i])) - i8(i4(wide_place[s, i]))))
                            dy = f4(i4(i8(i4(packed[i] >> 32)) - i8(i4(wide_place[s, i] >> 32))))
                            moved = not (dx * dx + dy * dy < wide_farthest)
                    if cuda.syncthreads_or(i4(moved)):
                        fits = list_wide(
                            t, length, packed, offset, filled, drawn, order,
                            wide, wide_first, n_wide, slot,
                        )  # fmt: skip
                        room = room and fits
                        for p in range(per_thread):
                            i = t + p * threads
                            if i < n:
                                wide_place[s, i] = packed[i]
                    fits = pick_near(
                        t, length, packed, wide, wide_first, n_wide, near, near_first, n_near
                    )
                    room = room and fits
                    for p in range(per_thread):
                        i = t + p * threads
                        if i < n:
                            listed[p] = packed[i]
                if step < n_steps - 1:
                    for p in range(per_thread):
                        i = t + p * threads
                        if i < n:
                            same, other = (scale_0, scale_1) if i < small else (scale_1, scale_2)
                            fx[p], fy[p], _, _ = sum_pairs(
                                u4(i), near, near_first, n_near[p], packed, same, other, False
                            )
                else:
                    energy, virial, square_force = 0.0, 0.0, 0.0
                    for p in range(per_thread):
                        i = t + p * threads
                        if i < n:
                            same, other = (scale_0, scale_1) if i < small else (scale_1, scale_2)
                            fx[p], fy[p], pair_energy, pair_virial = sum_pairs(
                                u4(i), near, near_first, n_near[p], packed, same, other, True
                            )
                            energy += 0.5 * pair_energy
                            virial += half_exponent * pair_virial
                            square_force += kick_unit**2 * (
                                np.float64(fx[p]) ** 2 + np.float64(fy[p]) ** 2
                            )
                cuda.syncthreads()

            momentum_x, momentum_y, square = 0.0, 0.0, 0.0
            for p in range(per_thread):
                if t + p * threads < n:
                    vx[p] += 0.5 * time_step * kick_unit * fx[p]
                    vy[p] += 0.5 * time_step * kick_unit * fy[p]
                    momentum_x += vx[p]
                    momentum_y += vy[p]
                    square += vx[p] ** 2 + vy[p] ** 2
            add_up(t, partial, momentum_x, momentum_y, square, square_force, energy, virial)
            mean_x, mean_y = partial[0] / n, partial[half_threads] / n
            kinetic = 0.5 * (partial[2 * half_threads] - n * (mean_x**2 + mean_y**2))
            # of the shadow Hamiltonian, see `Trajectory.shadow_kinetic_energy`
            of_force = time_step**2 * partial[3 * half_threads] / 12.0
            shadow = kinetic + of_force
            factor = 1.0
            if decay < 1.0:
                fraction = (1.0 - decay) * 0.5 * temperature / shadow
                normal, others = noise[block, s, 0], noise[block, s, 1]
                change = decay + fraction * (normal**2 + others)
                change += 2.0 * normal * math.sqrt(decay * fraction)
                factor = math.sqrt((change * shadow - of_force) / kinetic)
                shadow = change * shadow
            instant = (2.0 * shadow + partial[5 * half_threads]) / (2.0 * length**2)
            mean_energy = partial[4 * half_threads] / n
            first_step = 0
            if mobility > 0.0:
                thermal = math.sqrt(2.0 * temperature * mobility / length**2)
                strain = mobility * (instant - pressure) + thermal * noise[block, s, 2]
                stretch = math.exp(0.5 * strain)
                length *= stretch
                factor /= stretch
                first_step = -1
            if decay < 1.0:
                for p in range(per_thread):
                    if t + p * threads < n:
                        vx[p] = (vx[p] - mean_x) * factor
                        vy[p] = (vy[p] - mean_y) * factor
            if counted:
                to_length = length / unit
                for p in range(per_thread):
                    i = t + p * threads
                    if i < n:
                        dx = to_length * (x[p] - start[s, 0, i])
                        dy = to_length * (y[p] - start[s, 1, i])
                        moments[s, 0, i] += dx
                        moments[s, 1, i] += dy
                        moments[s, 2, i] += dx * dx + dy * dy
            if t == 0:
                record[block, s, 0] = mean_energy
                record[block, s, 1] = instant
                record[block, s, 2] = length
                record[block, s, 3] = shadow
            block += 1

        for p in range(per_thread):
            i = t + p * threads
            if i < n:
                position[s, 0, i], position[s, 1, i] = x[p], y[p]
                velocity[s, 0, i], velocity[s, 1, i] = vx[p], vy[p]
        if t == 0:
            length_of[s] = length
        if not room:
            status[s] = TOO_MANY_NEIGHBOURS

    # as many registers as a full block leaves each thread; the simulator has none
    limit = {} if config.ENABLE_CUDASIM else {"max_registers": 65536 // MAX_THREADS}
    return cuda.jit(fastmath=True, **limit)(advance)
