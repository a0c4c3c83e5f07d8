"""Run the benchmarks: python tests/benchmarks/run.py [word].

Starts the package in an interpreter whose libraries have one thread each from the very beginning;
numpy's would otherwise have taken more when the first line of any other module runs.
"""

import os
import subprocess
import sys
from pathlib import Path

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)

MEMORY = {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "67108864"}
"""As in the study's own jobs."""

if __name__ == "__main__":
    tests = Path(__file__).resolve().parents[1]
    packages = os.pathsep.join([str(tests), str(tests.parent / "workflow")])
    environment = os.environ | ONE_THREAD | MEMORY | {"PYTHONPATH": packages}
    command = [sys.executable, "-m", "benchmarks", *sys.argv[1:]]
    sys.exit(subprocess.call(command, env=environment))
