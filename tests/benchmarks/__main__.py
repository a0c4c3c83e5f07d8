"""All rows, or those with a word in their title; the table, its file and the figure."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from softmodes.report import drawing

from . import (
    ceilings,
    demo,
    figure,
    lammps_peer,
    openmm_peer,
    quenches,
    replicas,
    spectra,
    trajectory,
)
from .harness import Benchmark, run_all, selected, table, write_json

RESULTS = Path("results", "benchmarks")

BENCHMARKS = (
    Benchmark("trajectory against two wheels, N = 2000 and 8000", 110, trajectory.compare),
    Benchmark("DWF: 100 replicas over 10 τ", 40, replicas.debye_waller),
    Benchmark("DP: 100 replicas over 1.5 τ_e at T = 0.60", 20, replicas.warm_propensity),
    Benchmark("DP: 100 replicas over 1.5 τ_e at T = 0.40", 30, replicas.cold_propensity),
    Benchmark("quench of sheared configurations", 30, quenches.compare),
    Benchmark("modes against dense algebra, N = 2000", 40, spectra.against_dense),
    Benchmark("modes against eigsh, N = 2000 and 8000", 40, spectra.against_sparse),
    Benchmark("growth of a trajectory's cost with N", 45, trajectory.growth),
    Benchmark("memory of quench and modes, N = 32000", 240, spectra.memory),
    Benchmark("demo: everything but physics", 120, demo.compare),
    Benchmark("ceilings of the machine and the kernels' shares", 12, ceilings.compare),
)


def main(word: str = "") -> int:
    """0, or 1 if a row does not hold; only a run of all rows is written down."""
    chosen = selected(BENCHMARKS, word)
    if not chosen:
        print(f"no title holds {word!r}; the titles are:")
        print(*(f"  {benchmark.title}" for benchmark in BENCHMARKS), sep="\n")
        return 2
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(lammps_peer.build(), openmm_peer.build(), sep="\n")
    found = run_all(chosen)
    print("\n" + table(found.rows))
    if not word:
        write_json(RESULTS / "benchmarks.json", found.rows)
        drawing.save(figure.scaling(found.points), RESULTS / "scaling.pdf", RESULTS / "scaling.png")
        print(f"\nwritten: {RESULTS}/benchmarks.json, {RESULTS}/scaling.pdf and .png")
    return int(any(row.verdict == "not held" for row in found.rows))


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main(*sys.argv[1:]))
