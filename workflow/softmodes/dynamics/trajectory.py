"""Molecular dynamics of one system: velocity Verlet, thermostat, barostat.

Thermostat: stochastic velocity rescaling (Bussi, Donadio, Parrinello, J. Chem. Phys. 126, 014101,
2007). Barostat: stochastic cell rescaling (Bernetti, Bussi, J. Chem. Phys. 153, 114107, 2020) in
two dimensions. Both act every `COUPLING_INTERVAL`; between, the energy is conserved. The total
momentum is zero, so that a system has 2N - 2 degrees of freedom. Masses and k_B are 1.

Every call of `advance` puts the particles into tiles afresh, and so fixes the order of its sums by
nothing but positions: a run that goes on from stored positions, velocities and forces gives the
same bits.

Pair terms in single precision were measured against double from configurations of N = 2000, with
the same velocities: 400 runs of 20 τ at T = 1.0, 80 of 60 τ at 0.5, 28 of 600 τ at 0.4. Energies
per particle differ by (1.2 ± 0.8), (-0.1 ± 1.5) and (-1.3 ± 2.2) 10⁻⁴ ε, pressures by (4 ± 3),
(0 ± 6) and (-5 ± 8) 10⁻⁴ ε/σ11², F_s at k = 6.4 by at most 1.9 of its standard errors, which are
0.001, 0.004 and 0.015. Over 10⁶ steps of 0.005 τ at T = 0.4 the energy per particle drifts by
4 10⁻⁶ ε (double: 10⁻⁷), while the time step makes it wander by 1.6 10⁻⁵ ε in both.

What a time step of 0.01 τ adds to averages at 0.0025 τ, the thermostat holding the shadow or the
full-step kinetic energy: 11 samples of N = 2000 at fixed density, 800 τ after 1000 τ at T = 0.5,
400 τ after 200 τ at 0.6, energies per particle and the pressure in 10⁻⁴ ε and 10⁻⁴ ε/σ11². The
rest is -cov(A, W)/T, W = dt² (T tr H/12 - ΣF²/24), which the shadow Hamiltonian leaves to the fast
modes at the right temperature. τ_e is that of F_s at k = 5.7.

    T     holds    U         e_IS     U - e_IS   P          ⟨F²⟩            τ_e
    0.5   shadow   11 ± 10    4 ± 8    7 ± 3      50 ± 44   0.54 ± 0.08 %    1 ± 4 %
          full     35 ± 8     2 ± 7   32 ± 2     153 ± 35   1.13 ± 0.07 %   -5 ± 4 %
          rest      9         0        9          40        0.52 %
    0.6   shadow   -6 ± 6    -4 ± 4   -1 ± 5     -25 ± 29   0.51 ± 0.10 %    1.8 ± 0.7 %
          full     27 ± 8    -4 ± 6   32 ± 5     120 ± 37   1.15 ± 0.09 %    0.4 ± 0.8 %
          rest     10         0       11          46        0.55 %
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from softmodes.errors import InputError
from softmodes.kernels.compilation import kernel
from softmodes.kernels.simd import add_scaled, all_lanes, load, store, width_of
from softmodes.landscape.quench import quench
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration, as_floats
from softmodes.system.mixture import Mixture, PairTable
from softmodes.system.tiles import (
    accumulate_tile_forces,
    build_tiles,
    in_slots,
    of_particles,
    unwrap,
)
from softmodes.system.velocities import maxwell_boltzmann

SKIN = 0.65
"""Added to the cutoffs in the list of tiles, in σ11."""

COUPLING_INTERVAL = 0.1
"""Time between actions of thermostat and barostat, in τ."""

THERMOSTAT_TIME = 1.0
"""Relaxation time of the kinetic energy, in τ."""

BAROSTAT_TIME = 2.0
"""Relaxation time of the area, in τ, if the compressibility were as assumed below."""

COMPRESSIBILITY = 0.01
"""Assumed κ_T, in σ11²/ε; sets only the speed of the barostat, not what it samples."""

OVERLAP_FREE_FORCE = 1.0
"""Largest force, in ε/σ11, that a relaxed random configuration starts with."""

PRECISIONS: Mapping[str, type[np.floating]] = {"single": np.float32, "double": np.float64}
"""By their names in a configuration."""

PARTICLE_STEPS_PER_CALL = 5_000_000
"""Kernels return to Python after this many, in less than a second."""


@dataclass(frozen=True)
class PhasePoint:
    """A configuration and the velocities of its particles.

    Attributes:
        configuration: its positions continuous in time (not wrapped).
        velocities: (N, 2), in σ11/τ, of zero sum.

    Raises:
        InputError: if the velocities are not (N, 2).
    """

    configuration: Configuration
    velocities: NDArray[np.float64]

    def __post_init__(self) -> None:
        velocities = as_floats("velocities", self.velocities)
        expected = self.configuration.positions.shape
        if velocities.shape != expected:
            raise InputError(
                f"velocities: an array of shape {velocities.shape} given, {expected} expected"
            )
        object.__setattr__(self, "velocities", velocities)


def random_start(
    mixture: Mixture,
    n_particles: int,
    density: float,
    *,
    temperature: float,
    rng: np.random.Generator,
) -> PhasePoint:
    """Random positions, relaxed until the overlaps are gone, with thermal velocities.

    Args:
        density: particles per σ11².

    Raises:
        InputError: if the number or density is not positive or the box too small for the
            potential's range.
    """
    if n_particles < 1:
        raise InputError(f"n_particles: {n_particles} given, 1 or more expected")
    if not 0.0 < density < np.inf:
        raise InputError(f"density: {density} given, a positive number expected")
    cell = Cell(float(np.sqrt(n_particles / density)))
    positions = rng.uniform(0.0, cell.length, (n_particles, 2))
    start = Configuration(positions, mixture.species(n_particles), cell)
    relaxed = quench(start, mixture, tolerance=OVERLAP_FREE_FORCE).configuration
    return PhasePoint(relaxed, maxwell_boltzmann(n_particles, temperature, rng))


class Trajectory:
    """One system moving in time; its arrays change in place.

    Args:
        start: where to start; it is copied.
        mixture: of the particles.
        time_step: in τ.
        precision: numpy.float64 or numpy.float32, of the pair terms; all else is float64.

    Attributes:
        positions, velocities, forces: (N, 2).
        species: (N,).
        cell: the current cell.
        potential_energy: total, in ε, of the current positions.
        virial: (2, 2), in ε.

    Raises:
        InputError: if the cell is too small for the cutoff.
    """

    def __init__(
        self,
        start: PhasePoint,
        mixture: Mixture,
        time_step: float,
        *,
        precision: type[np.floating] = np.float64,
    ) -> None:
        self.positions = start.configuration.positions.copy()
        self.velocities, self.forces = start.velocities.copy(), np.empty_like(start.velocities)
        self.species, self.cell = start.configuration.species, start.configuration.cell
        self.cell.check_range(mixture.largest_cutoff)
        self.time_step = time_step
        self._precision = precision
        self._table = mixture.pair_table()
        self.advance(0)

    @property
    def configuration(self) -> Configuration:
        """A copy of the current configuration."""
        return Configuration(self.positions.copy(), self.species, self.cell)

    @property
    def phase_point(self) -> PhasePoint:
        """A copy of the current state."""
        return PhasePoint(self.configuration, self.velocities.copy())

    @property
    def state(self) -> dict[str, NDArray[np.float64]]:
        """What the run goes on from, for `restore`: three arrays (N, 2), and length and tilt."""
        return {
            "positions": self.positions,
            "velocities": self.velocities,
            "forces": self.forces,
            "cell": np.array([self.cell.length, self.cell.tilt]),
        }

    def restore(self, state: Mapping[str, NDArray]) -> None:
        """Go on from where another run of the same particles had this `state`."""
        for name in ("positions", "velocities", "forces"):
            getattr(self, name)[:] = state[name]
        self.cell = Cell(*state["cell"].tolist())

    @property
    def degrees_of_freedom(self) -> int:
        """2N - 2: the total momentum is zero."""
        return 2 * len(self.positions) - 2

    @property
    def kinetic_energy(self) -> float:
        """Total kinetic energy of the full-step velocities, in ε."""
        return 0.5 * float(np.sum(self.velocities**2))

    @property
    def shadow_kinetic_energy(self) -> float:
        """K + dt² ΣF²/12, in ε, which tells the temperature of the slow modes.

        Velocity Verlet follows a shadow Hamiltonian, in which a mode of frequency ω has kinetic
        energy too low by a fraction of ω² dt²/6 in the full-step velocities and too high by half as
        much in the half-step ones; two thirds of the way to these it is right to second order
        (Jung, Kobayashi, Sugita, J. Chem. Theory Comput. 15, 84, 2019).
        """
        return self.kinetic_energy + self.time_step**2 / 12.0 * float(np.sum(self.forces**2))

    @property
    def pressure(self) -> float:
        """Instantaneous pressure from the shadow kinetic energy, in ε/σ11²."""
        kinetic, virial = self.shadow_kinetic_energy, float(np.trace(self.virial))
        return (2.0 * kinetic + virial) / (2.0 * self.cell.area)

    def advance(self, n_steps: int) -> None:
        """Velocity-Verlet steps at constant energy; with n_steps = 0, only the forces."""
        steps_per_call = max(1, PARTICLE_STEPS_PER_CALL // len(self.positions))
        sums = np.empty(4)
        for done in range(0, max(n_steps, 1), steps_per_call):
            _advance(
                self.positions,
                self.velocities,
                self.forces,
                self.species,
                self._table,
                self.cell.length,
                self.cell.symmetric_tilt,
                self._precision,
                self.time_step,
                min(n_steps - done, steps_per_call),
                sums,
            )
        if n_steps > 0:
            # rounding lets the total momentum wander, and the sample with it over many τ_e
            self.velocities -= self.velocities.mean(axis=0)
        self.potential_energy, xx, xy, yy = sums.tolist()
        self.virial = np.array([[xx, xy], [xy, yy]])

    def thermostat(self, temperature: float, interval: float, rng: np.random.Generator) -> None:
        """Exact evolution of the shadow kinetic energy over an interval.

        Stochastic velocity rescaling (Bussi, Donadio, Parrinello, J. Chem. Phys. 126, 014101, 2007,
        eq. A7), with memory THERMOSTAT_TIME.

        Args:
            temperature: in ε.
            interval: since it acted last, in τ.
            rng: of a standard normal and a chi-squared number, drawn in this order.
        """
        dof = self.degrees_of_freedom
        decay = np.exp(-interval / THERMOSTAT_TIME)
        kinetic, shadow = self.kinetic_energy, self.shadow_kinetic_energy
        fraction = (1.0 - decay) * 0.5 * temperature / shadow
        first = rng.standard_normal()
        others = rng.chisquare(dof - 1)
        factor = decay + fraction * (first**2 + others) + 2.0 * first * np.sqrt(decay * fraction)
        # the term of the forces stays as it is
        self.velocities *= np.sqrt(((factor - 1.0) * shadow + kinetic) / kinetic)

    def barostat(
        self, pressure: float, temperature: float, interval: float, *, rng: np.random.Generator
    ) -> None:
        """One step of the area by stochastic cell rescaling.

        Of ln(area) by Euler's method (Bernetti, Bussi, J. Chem. Phys. 153, 114107, 2020, in two
        dimensions), which positions and velocities follow; BAROSTAT_TIME is the relaxation time at
        a compressibility of COMPRESSIBILITY.

        Args:
            pressure: in ε/σ11².
            temperature: in ε.
            interval: since it acted last, in τ.
            rng: of a standard normal number.
        """
        mobility = COMPRESSIBILITY / BAROSTAT_TIME * interval
        noise = np.sqrt(2.0 * temperature * mobility / self.cell.area)
        strain = mobility * (self.pressure - pressure) + noise * rng.standard_normal()
        self.rescale(float(np.exp(strain / 2.0)))

    def rescale(self, factor: float) -> None:
        """Scale box and positions by a factor, velocities by its inverse."""
        self.cell = Cell(self.cell.length * factor, self.cell.tilt * factor)
        self.positions *= factor
        self.velocities /= factor
        self.advance(0)


def whole_steps(duration: float, time_step: float) -> int:
    """Number of steps in a duration.

    Raises:
        InputError: if the duration is not a multiple of the step.
    """
    n_steps = round(duration / time_step)
    if n_steps < 1 or abs(n_steps * time_step - duration) > 1e-9 * duration:
        raise InputError(f"duration: {duration} given, a multiple of the step {time_step} expected")
    return n_steps


@kernel()
def _advance(
    positions: NDArray[np.float64],
    velocities: NDArray[np.float64],
    forces: NDArray[np.float64],
    species: NDArray[np.int8],
    table: PairTable,
    length: float,
    tilt: float,
    precision: type[np.floating],
    time_step: float,
    n_steps: int,
    sums: NDArray[np.float64],
) -> None:
    """Advance in place; write the energy and the virial's xx, xy and yy at the end to `sums`."""
    tiles = build_tiles(positions, species, table.cutoff, SKIN, length, tilt, precision)
    velocity, force = in_slots(velocities, tiles.particle), in_slots(forces, tiles.particle)
    listed = tiles.position.copy()
    for step in range(n_steps):
        # the half kicks between two steps are one
        kick = time_step if step > 0 else 0.5 * time_step
        if kick_and_drift(velocity, force, kick, tiles.position, time_step, listed, SKIN):
            unwrap(tiles, length, tilt, positions)
            of_particles(velocity, tiles.particle, velocities)
            tiles = build_tiles(positions, species, table.cutoff, SKIN, length, tilt, precision)
            velocity, force = in_slots(velocities, tiles.particle), np.empty_like(tiles.position)
            listed = tiles.position.copy()
        if step < n_steps - 1:
            accumulate_tile_forces(tiles, table, force, None)
        else:
            accumulate_tile_forces(tiles, table, force, sums)
            add_scaled(velocity, 0.5 * time_step, force, velocity)
    if n_steps == 0:
        accumulate_tile_forces(tiles, table, force, sums)
    else:
        unwrap(tiles, length, tilt, positions)
        of_particles(velocity, tiles.particle, velocities)
    of_particles(force, tiles.particle, forces)


@kernel()
def kick_and_drift(
    velocity: NDArray[np.floating],
    force: NDArray[np.floating],
    kick: float,
    position: NDArray[np.floating],
    drift: float,
    listed: NDArray[np.floating],
    skin: float,
) -> bool:
    """Change velocities for one time, then positions for another.

    All arrays are (2, ...), components first, of a whole number of vectors.

    Returns:
        Whether a position, or what is not a number, is half a skin or more from the listed one.
    """
    half, n_far = position.size // 2, 0
    for x in range(0, half, width_of(position)):
        y = half + x
        velocity_x = load(velocity, x) + kick * load(force, x)
        velocity_y = load(velocity, y) + kick * load(force, y)
        position_x = load(position, x) + drift * velocity_x
        position_y = load(position, y) + drift * velocity_y
        store(velocity, x, velocity_x)
        store(velocity, y, velocity_y)
        store(position, x, position_x)
        store(position, y, position_y)
        dx, dy = position_x - load(listed, x), position_y - load(listed, y)
        n_far += not all_lanes(dx * dx + dy * dy < 0.25 * skin * skin)
    return n_far > 0
