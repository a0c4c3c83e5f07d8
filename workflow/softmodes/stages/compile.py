"""Compile all kernels into the shared cache, before many jobs that have none start at once."""

from __future__ import annotations

import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from softmodes.analysis.comparison import Comparison
from softmodes.dynamics import equilibration, isoconfigurational, trajectory
from softmodes.landscape import hessian, modes, shear
from softmodes.stages.equilibrations import relaxation_curves
from softmodes.study import records
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture

N_PARTICLES, SIDE, TEMPERATURE = 144, 14.0, 1.0
"""A box twice as wide as the potential reaches."""
TIME_STEP, DURATION = 0.005, 2.0
NEIGHBOUR_DISTANCES = (1.45, 1.67, 1.91)


def compile_kernels(precision: str, processes: int) -> None:
    """Run every computation on a tiny system, in two chains beside each other.

    Args:
        precision: a key of `trajectory.PRECISIONS`; what has no choice uses double.
        processes: that run at a time.
    """
    # Ctrl-C ends them without a word: the parent has one
    quietly = signal.SIGINT, signal.SIG_DFL
    with ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=signal.signal, initargs=quietly
    ) as pool:
        for chain in [pool.submit(chain, precision) for chain in (_cool, _move_and_shear)]:
            chain.result()


def _cool(precision: str) -> None:
    """What a trajectory takes."""
    mixture, rng = Mixture(), np.random.default_rng(1)
    density = N_PARTICLES / SIDE**2
    start = trajectory.random_start(
        mixture, N_PARTICLES, density, temperature=TEMPERATURE, rng=rng
    ).configuration
    reached = equilibration.equilibrate(
        start,
        mixture,
        TEMPERATURE,
        schedule=equilibration.schedule(TIME_STEP, DURATION, 1, barostat_time=DURATION),
        rng=rng,
        pressure=10.0,
        precision=trajectory.PRECISIONS[precision],
    )
    relaxation_curves(reached, NEIGHBOUR_DISTANCES)


def _move_and_shear(precision: str) -> None:
    """What starts from one configuration, a shaken lattice that takes no kernel to make."""
    mixture, rng = Mixture(), np.random.default_rng(1)
    edge = round(N_PARTICLES**0.5)
    places = np.stack(np.meshgrid(*[(np.arange(edge) + 0.5) * SIDE / edge] * 2), axis=-1)
    places = places.reshape(-1, 2) + rng.uniform(-0.1, 0.1, (N_PARTICLES, 2))
    species = rng.permutation(mixture.species(N_PARTICLES))
    start = Configuration(places, species, Cell(SIDE))
    moved = isoconfigurational.run_ensemble(
        start,
        mixture,
        TEMPERATURE,
        time_step=TIME_STEP,
        n_runs=2,
        debye_waller_time=DURATION,
        sampling_interval=0.1,
        random_stream=np.random.default_rng,
        precision=trajectory.PRECISIONS[precision],
    )
    quenched = shear.quench_strains(start, mixture, [0.001, 0.1])
    shear.translation_switches(start, mixture, quenched, rng=rng)
    sheared = records.datasets("quench", quenched)
    structures = records.inherent_structures(start, sheared)
    soft = modes.modes_of_strains(
        structures,
        mixture,
        quenched.gamma,
        n_modes=3,
        scan_gamma=[0.001],
        scan_numbers=[3, 14],
        rng=rng,
    )
    modes.harmonic_debye_waller(
        hessian.hessian(structures[0], mixture),
        soft.unstrained,
        temperature=TEMPERATURE,
        window=DURATION,
    )
    compare = Comparison(start.species, 1, rng)
    fields = compare.fields(
        start,
        records.datasets("isoconfigurational", moved),
        sheared,
        soft=records.datasets("modes", soft),
        n_modes=3,
        neighbour_distances=NEIGHBOUR_DISTANCES,
    )
    for _row in compare.rows(fields):
        pass
