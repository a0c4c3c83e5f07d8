"""What the demo spends on everything but physics: its jobs, with next to no physics in them.

The study has the demo's temperatures, samples, strains and shuffles, hence all of its jobs, but
120 particles, which move for a few τ. What is left is Snakemake, the starts of interpreters,
kernels compiled from scratch, overlaps, tables, figures and the summary. Overlaps of 120 particles
cost less than the demo's, by two or three seconds in all.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from .harness import Outcome, Row, cpu_seconds

ROOT = Path(__file__).resolve().parents[2]

MOST = 90.0
"""CPU seconds."""


def without_physics(study: dict[str, Any], small: dict[str, Any]) -> dict[str, Any]:
    """A study with the size, times and modes of a small one, and as many jobs as before."""
    times = small["temperatures"][0]
    kept = ("temperature", "propensity")
    return study | {
        "n_particles": small["n_particles"],
        "series_points": small["series_points"],
        "temperatures": [
            times | {key: entry[key] for key in kept} for entry in study["temperatures"]
        ],
        "isoconfigurational": small["isoconfigurational"],
        "modes": small["modes"] | {"scan_gamma": study["modes"]["scan_gamma"]},
    }


def compare() -> Outcome:
    """Against the most that is allowed."""
    study, small = (
        yaml.safe_load((ROOT / "config" / name).read_text())
        for name in ("config.yaml", "test.yaml")
    )
    with TemporaryDirectory() as folder:
        config = Path(folder, "config.yaml")
        config.write_text(yaml.safe_dump(without_physics(study, small)))
        command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile"]
        command += ["--directory", folder, "--configfile", config, "--cores", "2", "--quiet", "all"]
        environment = os.environ | {"NUMBA_CACHE_DIR": str(Path(folder, "kernels"))}
        before = cpu_seconds()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        seconds = cpu_seconds() - before
    return Outcome([Row("everything else of the demo, CPU s", seconds, MOST, 1.0)])
