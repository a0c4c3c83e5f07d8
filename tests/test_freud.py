"""Pair distribution, displacements and clusters against freud, which knows nothing of ours.

Its structure factors are for three dimensions alone.
"""

import freud
import numpy as np
import pytest

from softmodes.analysis.overlap import top_clusters
from softmodes.analysis.relaxation import self_dynamics
from softmodes.analysis.structure import hexatic_order, radial_distribution
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration

N_PARTICLES, N_FRAMES, LENGTH = 300, 6, 20.0


def walk(tilt: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray, Cell]:
    """Frames of particles that diffuse, unwrapped; species; cell."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(0.0, LENGTH, (N_PARTICLES, 2))
    steps = rng.normal(0.0, 0.8, (N_FRAMES, N_PARTICLES, 2))
    frames = start + np.cumsum(steps, axis=0)
    return frames, rng.permutation(np.arange(N_PARTICLES) % 2).astype(np.int8), Cell(LENGTH, tilt)


def box(cell: Cell) -> freud.box.Box:
    """The same cell; freud's tilt factor is that of its upper edge over the height."""
    return freud.box.Box(
        Lx=cell.length, Ly=cell.length, xy=cell.symmetric_tilt / cell.length, is2D=True
    )


def points(frame: np.ndarray, cell: Cell) -> np.ndarray:
    """Positions as freud takes them: in three dimensions, wrapped."""
    return box(cell).wrap(np.column_stack([frame, np.zeros(len(frame))]))


@pytest.mark.parametrize("tilt", [0.0, 6.0])
def test_radial_distribution_is_freuds(tilt):
    frames, species, cell = walk(tilt)
    radius, ours = radial_distribution(frames, species, cell)
    width = radius[1] - radius[0]
    known = np.isfinite(ours[0])
    rdf = freud.density.RDF(bins=int(known.sum()), r_max=radius[known][-1] + width / 2)
    small = species == 0
    for frame in frames:
        at = points(frame, cell)
        rdf.compute((box(cell), at[small]), at[~small], reset=False)
    # single precision moves pairs across the edges of bins
    counts = ours[1][known] * radius[known]
    theirs = rdf.rdf * radius[known]
    np.testing.assert_allclose(np.cumsum(counts), np.cumsum(theirs), rtol=2e-3, atol=0.05)


@pytest.mark.parametrize("tilt", [0.0, 6.0])
def test_hexatic_order_is_freuds(tilt):
    frames, species, cell = walk(tilt)
    ours = hexatic_order(Configuration(frames[0], species, cell), (1.9, 1.9, 1.9))
    theirs = freud.order.Hexatic(k=6)
    theirs.compute((box(cell), points(frames[0], cell)), neighbors={"r_max": 1.9})
    # particles without neighbours have NaN there
    expected = np.nan_to_num(np.abs(theirs.particle_order)).mean()
    assert ours == pytest.approx(expected, abs=1e-5)


def test_mean_squared_displacement_is_freuds():
    frames, species, cell = walk()
    times = np.arange(N_FRAMES)
    found = self_dynamics(
        frames,
        species,
        cell,
        times=times,
        lags=times,
        wavenumber=6.0,
        neighbour_distances=[1.45, 1.67, 1.91],
    )
    three = np.concatenate([frames, np.zeros((N_FRAMES, N_PARTICLES, 1))], axis=2)
    theirs = freud.msd.MSD(mode="window").compute(three).msd
    # sums of squares up to 400, by Fourier transforms in single precision
    np.testing.assert_allclose(found.mean_squared_displacement[0], theirs, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("tilt", [0.0, 6.0])
def test_clusters_are_freuds(tilt):
    frames, species, cell = walk(tilt, seed=3)
    reach = 1.3
    configuration = Configuration(frames[0], species, cell)
    field = np.random.default_rng(4).normal(size=N_PARTICLES)
    kept = top_clusters(field, configuration.bonds([reach] * 3), top_fraction=0.5)
    top = np.argsort(-field, kind="stable")[: N_PARTICLES // 2]
    cluster = freud.cluster.Cluster().compute(
        (box(cell), points(frames[0], cell)[top]), neighbors={"r_max": reach}
    )
    sizes = np.bincount(cluster.cluster_idx)
    expected = np.zeros(N_PARTICLES, bool)
    expected[top] = sizes[cluster.cluster_idx] > 2
    np.testing.assert_array_equal(kept, expected)
    assert 0 < kept.sum() < len(top)
