"""OpenMM's CPU platform on the same system: our formula to compare with, its fastest force to time.

OpenMM has three dimensions: the particles lie in a plane of a box twice the cutoff high, and
nothing pushes them out of it. Pairs are computed in single precision, with one cutoff for all.

- `our_formula`, a `CustomNonbondedForce`, is compiled as it is set up, for vectors of 16 bytes;
- `soft_spheres`, a `NonbondedForce`, is written by hand for vectors of 32 bytes. A diameter of 1000
  and an energy to match drive the attraction of Lennard-Jones below 1e-17, and a switching
  function takes the rest smoothly to zero, as in LAMMPS's `lennard/mdf`.

On one core of an Intel Xeon with AVX-512, at N = 2000 and T = 0.40, a step takes 1920 µs with the
first and 430 µs with the second. Neither the height of the box nor `DeterministicForces` changes
that; other spellings of the formula take as long, within 3%, or longer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from softmodes.dynamics.trajectory import PhasePoint
from softmodes.system.mixture import Mixture

from .systems import MIXTURE, TIME_STEP, in_space

try:
    import openmm
except ModuleNotFoundError:  # of the extra "benchmark"
    openmm = None

NAME = "OpenMM wheel, smooth"
"""In rows and figure."""

HUGE = 1000.0
"""Diameter, in units of ours, at which single precision holds (HUGE)^12 and the energy to match."""

SWITCHED = 0.95
"""Where the switching function begins, in units of the cutoff."""


def expression(mixture: Mixture) -> str:
    """Our formula for particles of diameters d; the coefficients are those of x = r/σ."""
    table, sigma = mixture.pair_table(), mixture.sigma_small
    n, constant = mixture.exponent, table.constant[0]
    quadratic, quartic = table.quadratic[0] * sigma**2, table.quartic[0] * sigma**4
    terms = f"x^(-{n}) + {constant:.17g} + ({quadratic:.17g})*x^2 + ({quartic:.17g})*x^4"
    return f"step({mixture.cutoff!r} - x)*({terms}); x = 2*r/(d1 + d2)"


def our_formula(species: NDArray[np.int8], mixture: Mixture = MIXTURE) -> openmm.Force:
    """The pair potential to the last digit of single precision."""
    force = openmm.CustomNonbondedForce(expression(mixture))
    force.addPerParticleParameter("d")
    for diameter in diameters(species, mixture):
        force.addParticle([diameter])
    force.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(mixture.largest_cutoff)
    return force


def soft_spheres(species: NDArray[np.int8], mixture: Mixture = MIXTURE) -> openmm.Force:
    """The bare r^-12, smooth at the longest cutoff: Lennard-Jones with its attraction off."""
    force = openmm.NonbondedForce()
    for diameter in diameters(species, mixture):
        force.addParticle(0.0, HUGE * diameter, 0.25 / HUGE**12)
    force.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(mixture.largest_cutoff)
    force.setUseSwitchingFunction(True)
    force.setSwitchingDistance(SWITCHED * mixture.largest_cutoff)
    force.setUseDispersionCorrection(False)
    return force


def diameters(species: NDArray[np.int8], mixture: Mixture) -> list[float]:
    """Of each particle; OpenMM takes the mean of two for σ12, as the Letter's mixture does."""
    assert np.isclose(2.0 * mixture.sigma_mixed, mixture.sigma_small + mixture.sigma_large)
    return np.where(species, mixture.sigma_large, mixture.sigma_small).tolist()


def system(start: PhasePoint, force: openmm.Force, mixture: Mixture = MIXTURE) -> openmm.Context:
    """OpenMM with the same particles, box and velocities, ready to run at constant energy on one
    core: `openmm.Context.getIntegrator().step(n)`. Its units of length, mass and time are nm, u
    and ps."""
    configuration = start.configuration.wrapped()
    length, tilt = configuration.cell.length, configuration.cell.symmetric_tilt
    height = 2.01 * mixture.largest_cutoff
    code = openmm.System()
    code.setDefaultPeriodicBoxVectors((length, 0, 0), (tilt, length, 0), (0, 0, height))
    for _ in range(configuration.n_particles):
        code.addParticle(1.0)
    code.addForce(force)
    platform = openmm.Platform.getPlatformByName("CPU")
    context = openmm.Context(code, openmm.VerletIntegrator(TIME_STEP), platform, {"Threads": "1"})
    context.setPositions(in_space(configuration.positions))
    # its leapfrog has them half a step before the positions
    before = start.velocities - 0.5 * TIME_STEP * forces(context)
    context.setVelocities(in_space(before))
    return context


def build() -> str:
    """Its version, or how to have it."""
    return f"OpenMM version: {openmm.__version__}" if openmm else "no OpenMM: pip install openmm"


def forces(context: openmm.Context) -> NDArray[np.float64]:
    """On all particles (N, 2)."""
    return context.getState(getForces=True).getForces(asNumpy=True)._value[:, :2]


def energy(context: openmm.Context) -> float:
    """Potential energy of all particles."""
    return context.getState(getEnergy=True).getPotentialEnergy()._value


def positions(context: openmm.Context) -> NDArray[np.float64]:
    """Of all particles (N, 2)."""
    return context.getState(getPositions=True).getPositions(asNumpy=True)._value[:, :2]
