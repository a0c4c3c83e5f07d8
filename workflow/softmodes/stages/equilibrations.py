"""The equilibrium and the relaxation file of a state point, whatever moved the particles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softmodes.analysis import relaxation, structure
from softmodes.dynamics.equilibration import Equilibration
from softmodes.study import records, storage
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture

SIGNIFICANT_BITS = 16
"""Of the curves in a relaxation file: 1e-5 of a value, whose standard error is 1e-3 or more."""


def write_equilibrium(
    equilibrium_output: str | Path,
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

    Args:
        equilibrium_output, relaxation_output: files to write.
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
        equilibrium_output,
        "equilibrium",
        end_datasets(end, n_particles, temperature, sample=sample, seed=seed)
        | {
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


def end_datasets(
    end: Configuration, n_particles: int, temperature: float, *, sample: int, seed: int
) -> dict[str, NDArray]:
    """What an equilibrium file holds of the configuration that an equilibration ends in.

    Positions are wrapped and rounded to multiples of box_length/2³², some 1e-8 σ11, which a
    particle moves in 1e-8 τ: two numbers of 32 bits then hold them exactly, and whoever keeps no
    more than these gives every later stage the same bits. Velocities are drawn anew from the state
    point's own stream; in the canonical ensemble they are independent of the positions.

    Args:
        end: the configuration.
        n_particles, temperature, sample, seed: the state point.
    """
    length = end.cell.length
    whole = records.grid_positions(end.positions, length)
    return {
        "positions": records.positions_on_grid(whole, length),
        "velocities": records.drawn_velocities(seed, n_particles, temperature, sample=sample),
        "species": end.species,
    }


def relaxation_curves(
    reached: Equilibration, neighbour_distances: Sequence[float]
) -> tuple[dict[str, NDArray[np.float64]], float]:
    """The datasets of a relaxation file, and the first peak of S(k).

    S(k) and g_ab(r) are averaged over the time origins, F_s is taken at that peak.

    Args:
        reached: what the equilibration left.
        neighbour_distances: (3,) by pair type, in σ11; they define the cages.

    Returns:
        The datasets by name, in the units of the contract, and the wavenumber of the peak, in
        1/σ11.
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
