"""The files between the stages and the objects that the physics takes, one from the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softmodes.analysis import relaxation, structure
from softmodes.dynamics.equilibration import Equilibration
from softmodes.dynamics.trajectory import maxwell_boltzmann
from softmodes.random_streams import stream
from softmodes.study import storage
from softmodes.study.storage import StateFile
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture

SIGNIFICANT_BITS = 16
"""Of the curves in a relaxation file: 1e-5 of a value, whose standard error is 1e-3 or more."""


def mixture(file: StateFile) -> Mixture:
    """The model that a file's attributes name."""
    return Mixture(**{field.name: file.attributes[field.name] for field in fields(Mixture)})


def configuration(equilibrium: StateFile) -> Configuration:
    """The thermal configuration X, in a box that is untilted but for one from elsewhere."""
    cell = Cell(equilibrium.attributes["box_length"], equilibrium.attributes.get("tilt", 0.0))
    return Configuration(equilibrium["positions"], equilibrium["species"], cell)


def random_stream(file: StateFile, use: str, replica: int = 0) -> np.random.Generator:
    """The generator of one use at a file's state point."""
    point = {name: file.attributes[name] for name in ("n_particles", "temperature", "sample")}
    return stream(file.attributes["seed"], use, **point, replica=replica)


def grid_positions(positions: NDArray[np.float64], length: float) -> NDArray[np.uint32]:
    """Positions (N, 2), wrapped or not, as whole multiples of length/2³², in the box."""
    return (np.rint(positions * (2.0**32 / length)).astype(np.int64) % 2**32).astype(np.uint32)


def positions_on_grid(whole: NDArray[np.uint32], length: float) -> NDArray[np.float64]:
    """Positions (N, 2) in the box, of such multiples."""
    return whole.astype(np.float64) * (length / 2.0**32)


def drawn_velocities(
    seed: int, n_particles: int, temperature: float, *, sample: int
) -> NDArray[np.float64]:
    """The velocities (N, 2) in the equilibrium file of a state point."""
    rng = stream(seed, "velocities", n_particles, temperature=temperature, sample=sample)
    return maxwell_boltzmann(n_particles, temperature, rng)


def write_equilibrium(
    equilibrium: str | Path,
    relaxation_output: str | Path,
    reached: Equilibration,
    *,
    mixture: Mixture,
    study: str,
    seed: int,
    temperature: float,
    sample: int,
    neighbour_distances: Sequence[float],
    provenance: Mapping[str, Any],
    backend: str = "cpu",
) -> None:
    """Write the equilibrium and the relaxation file of one state point.

    Positions are wrapped and rounded to multiples of box_length/2³², some 1e-8 σ11, which a
    particle moves in 1e-8 τ: two numbers of 32 bits then hold them exactly, and whoever keeps no
    more than these gives every later stage the same bits. Velocities are drawn anew from the state
    point's own stream; in the canonical ensemble they are independent of the positions.

    Args:
        equilibrium, relaxation_output: files to write.
        reached: the equilibration.
        mixture: its model.
        study, seed, temperature, sample: the state point, with `n_particles` of the configuration.
        neighbour_distances: (3,) by pair type, in σ11; they define the cages.
        provenance: from `storage.provenance`, of both files.
        backend: what moved the particles.
    """
    end = reached.end.configuration
    n_particles, length = end.n_particles, end.cell.length
    common = {
        "study": study,
        "n_particles": n_particles,
        "temperature": temperature,
        "sample": sample,
        "seed": seed,
        "density": n_particles / end.cell.area,
        **asdict(mixture),
        "backend": backend,
        "box_length": length,
    }
    curves, peak_wavenumber = relaxation_curves(reached, neighbour_distances)
    storage.write(
        equilibrium,
        "equilibrium",
        {
            "positions": positions_on_grid(grid_positions(end.positions, length), length),
            "velocities": drawn_velocities(seed, n_particles, temperature, sample=sample),
            "species": end.species,
            "series/time": reached.time,
            "series/energy": reached.energy,
            "series/pressure": reached.pressures,
            "series/inherent_energy": reached.inherent_energy,
        },
        attributes=common | {"pressure": reached.pressure, "time": float(reached.time[-1])},
        provenance=provenance,
    )
    storage.write(
        relaxation_output,
        "relaxation",
        curves,
        attributes=common | {"peak_wavenumber": peak_wavenumber},
        provenance=provenance,
    )


def relaxation_curves(
    reached: Equilibration, neighbour_distances: Sequence[float]
) -> tuple[dict[str, NDArray[np.float64]], float]:
    """The datasets of a relaxation file, and the first peak of S(k), in 1/σ11.

    S(k) and g_ab(r) are averaged over the time origins, F_s is taken at that peak.
    """
    species, cell = reached.end.configuration.species, reached.end.configuration.cell
    interval = reached.frame_time[1]
    blocks = np.rint(reached.frame_time / interval).astype(np.int64)
    spread = reached.frames[relaxation.time_origins(blocks)]
    wavenumber, factor = structure.structure_factor(spread, species, cell)
    radius, distribution = structure.radial_distribution(spread, species, cell)
    peak = structure.first_peak(wavenumber, factor[0])
    lags = relaxation.lags_of(blocks)
    moved = relaxation.self_dynamics(
        reached.frames,
        species,
        cell,
        times=blocks,
        lags=lags,
        wavenumber=peak,
        neighbour_distances=neighbour_distances,
    )
    curves = asdict(moved) | {"structure_factor": factor, "radial_distribution": distribution}
    grids = {"time": lags * interval, "wavenumber": wavenumber, "radius": radius}
    return {name: _rounded(curve) for name, curve in curves.items()} | grids, peak


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of SIGNIFICANT_BITS; the others are noise, which does not compress."""
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.rint(np.ldexp(mantissa, SIGNIFICANT_BITS)), exponent - SIGNIFICANT_BITS)
