"""Compile all kernels into the shared cache, before many jobs that have none start at once."""

import functools
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import diagonalise
import equilibrate
import numpy as np
import overlap
import quench

from softmodes.dynamics import isoconfigurational, trajectory
from softmodes.stages import ensembles
from softmodes.study import job_log, storage
from softmodes.system.mixture import Mixture

N_PARTICLES = 144
SIDE = 14.0
"""Of the box, in σ11: twice as wide as the potential reaches."""
TEMPERATURE = 1.0
TIME_STEP = 0.005
DURATION = 2.0
"""Of every run, in τ."""
GAMMA = [0.001, 0.1]
FRACTIONS = [0.01, 0.05]
NEIGHBOUR_DISTANCES = [1.45, 1.67, 1.91]


def write_lattice(path: Path) -> None:
    """An equilibrium file that no kernel was needed for: a square lattice, shaken."""
    rng = np.random.default_rng(1)
    edge = round(N_PARTICLES**0.5)
    places = np.stack(np.meshgrid(*[(np.arange(edge) + 0.5) * SIDE / edge] * 2), axis=-1)
    mixture = Mixture()
    datasets = {
        "positions": places.reshape(-1, 2) + rng.uniform(-0.1, 0.1, (N_PARTICLES, 2)),
        "velocities": trajectory.maxwell_boltzmann(N_PARTICLES, TEMPERATURE, rng),
        "species": rng.permutation(mixture.species(N_PARTICLES)),
    }
    datasets |= {
        f"series/{name}": np.zeros(1) for name in ("time", "energy", "pressure", "inherent_energy")
    }
    storage.write(
        path,
        "equilibrium",
        datasets,
        attributes={
            "study": "compile",
            "n_particles": N_PARTICLES,
            "temperature": TEMPERATURE,
            "sample": 0,
            "seed": 1,
            "density": N_PARTICLES / SIDE**2,
            **vars(mixture),
            "backend": "cpu",
            "box_length": SIDE,
            "pressure": 0.0,
            "time": DURATION,
        },
        provenance={},
    )


def cool(folder: Path, precision: str) -> None:
    """The stage in which a trajectory runs."""
    equilibrate.equilibrate(
        None,
        str(folder / "cooled.h5"),
        str(folder / "relaxation.h5"),
        study="compile",
        seed=1,
        n_particles=N_PARTICLES,
        temperature=TEMPERATURE,
        sample=0,
        model=vars(Mixture()),
        start_density=N_PARTICLES / SIDE**2,
        pressure=10.0,
        time_step=TIME_STEP,
        barostat_time=DURATION,
        equilibration_time=DURATION,
        series_points=1,
        precision=precision,
        neighbour_distances=NEIGHBOUR_DISTANCES,
    )


def move_and_shear(folder: Path, precision: str) -> None:
    """The stages that start from one configuration, up to their overlaps."""
    start, moved, quenched, modes = (
        str(folder / f"{name}.h5") for name in ("lattice", "moved", "quenched", "modes")
    )
    ensembles.write_ensemble(
        functools.partial(
            isoconfigurational.run_ensemble, precision=trajectory.PRECISIONS[precision]
        ),
        start,
        [],
        output=moved,
        time_step=TIME_STEP,
        runs=2,
        precision=precision,
        debye_waller_time=DURATION,
        sampling_interval=0.1,
        propensity_multiple=None,
    )
    quench.quench_strains(start, quenched, gamma=GAMMA)
    diagonalise.diagonalise(
        start,
        quenched,
        modes,
        fraction=FRACTIONS[0],
        scan_gamma=GAMMA[:1],
        scan_fractions=FRACTIONS,
        debye_waller_time=DURATION,
    )
    overlap.write_overlaps(
        {
            "equilibrium": [start],
            "isoconfigurational": [moved],
            "quench": [quenched],
            "modes": [modes],
        },
        str(folder / "overlap.csv"),
        top_fraction=0.25,
        minimum_cluster=3,
        neighbour_distances=NEIGHBOUR_DISTANCES,
        shuffles=1,
    )


def compile_kernels(precision: str, processes: int) -> None:
    """Run every stage on a tiny system, two chains of stages beside each other.

    Args:
        precision: a key of `dynamics.PRECISIONS`; stages that have no choice use double.
        processes: that run at a time.
    """
    chains: list[Callable[[Path, str], None]] = [cool, move_and_shear]
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_lattice(folder / "lattice.h5")
        # Ctrl-C ends them without a word: the parent has one
        quietly = signal.SIGINT, signal.SIG_DFL
        with ProcessPoolExecutor(
            processes, get_context("spawn"), initializer=signal.signal, initargs=quietly
        ) as pool:
            for chain in [pool.submit(chain, folder, precision) for chain in chains]:
                chain.result()


if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        compile_kernels(snakemake.params.precision, snakemake.threads)
        Path(snakemake.output.done).touch()
