"""What the demo spends on everything but physics, from the records of a finished run.

Of each job the HDF5 file tells, under `/provenance`, the CPU seconds of its inner loops
(`physics_cpu_seconds`); the run tells what it took in all, Snakemake and every process started
(`logs/cpu.json`: `cpu_seconds`). The rest are overlaps, tables, figures, starts of interpreters,
loading of compiled code, and Snakemake. A run that made only a part of the study tells nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from softmodes.storage import read_provenance

from .harness import Outcome, Row

STUDY = Path("results", "demo")
STAGES = ("equilibrium", "relaxation", "isoconfigurational", "quench", "modes")
MOST = 90.0
"""CPU seconds."""


def everything_else(total: float, physics: Iterable[float]) -> float:
    """CPU seconds outside the inner loops."""
    return total - sum(physics)


def recorded(study: Path = STUDY) -> float | None:
    """`everything_else` of a finished study; None where the records lack."""
    run = study / "logs" / "cpu.json"
    files = [path for stage in STAGES for path in sorted((study / stage).glob("*.h5"))]
    provenances = [read_provenance(path) for path in files]
    if not (run.exists() and all("physics_cpu_seconds" in told for told in provenances)):
        return None
    physics = (float(told["physics_cpu_seconds"]) for told in provenances)
    return everything_else(json.loads(run.read_text())["cpu_seconds"], physics)


def compare() -> Outcome:
    """Against the most that is allowed."""
    seconds = recorded()
    if seconds is None:
        print(f"    {STUDY} holds no finished run with CPU times; run the demo first")
    return Outcome([Row("everything else of the demo, CPU s", seconds, MOST, 1.0)])
