"""Kill the workflow at random moments, over and over, until it has come through: by hand, minutes.

    python tests/kills.py [number of kills] [seed]

Runs config/test.yaml, with longer equilibrations, once undisturbed and once killed by SIGKILL, the
whole process group at a time; every file of the two must be equal, to the bit of its data.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from softmodes.study import storage  # noqa: E402

EQUILIBRATION_TIME = 500
CHECKPOINT_INTERVAL = 0.5
DATA = ("h5", "csv", "png", "pdf", "md", "json")


def main(kills: int = 20, seed: int = 1) -> int:
    """0 if the killed study equals the other."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        configuration = folder / "config.yaml"
        study = yaml.safe_load((ROOT / "config" / "test.yaml").read_text())
        study["checkpoint_interval"] = CHECKPOINT_INTERVAL
        for entry in study["temperatures"]:
            entry["equilibration_time"] = EQUILIBRATION_TIME
        configuration.write_text(yaml.safe_dump(study))

        whole = folder / "whole"
        for first in (True, False):  # compilation would make the first run too long a measure
            started = time.monotonic()
            if run(whole, configuration, "--forceall").wait() != 0:
                print("the undisturbed run failed")
                return 1
            length = time.monotonic() - started
            print(f"undisturbed{', with compilation' if first else ''}: {length:.0f} s")
        expected = contents(whole / "results")
        rng, killed, differing = np.random.default_rng(seed), 0, 0
        while killed < kills:
            round_folder = folder / f"killed-after-{killed}"
            moments = disturbed(round_folder, configuration, kills - killed, rng, length)
            found = contents(round_folder / "results")
            names = {name for name in expected | found if expected.get(name) != found.get(name)}
            killed += len(moments)
            differing += len(names)
            print("killed after", *(f"{moment:.1f}" for moment in moments), "s:")
            print(f"  {len(found)} files, {len(names)} differ", *sorted(names))
    return int(differing > 0)


def disturbed(
    folder: Path, configuration: Path, kills: int, rng: np.random.Generator, length: float
) -> list[float]:
    """Run to the end, killed on the way; seconds from each start to each kill."""
    killed_after = []
    while True:
        process = run(folder, configuration)
        patience = rng.uniform(0.02, 0.3) * length if len(killed_after) < kills else None
        try:
            if process.wait(patience) != 0:
                raise SystemExit("a run that was not killed failed")
            return killed_after
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            killed_after.append(patience)
            snakemake(folder, configuration, "--unlock").wait()


def run(folder: Path, configuration: Path, *arguments: str) -> subprocess.Popen:
    return snakemake(folder, configuration, "--cores=2", *arguments)


def snakemake(folder: Path, configuration: Path, *arguments: str) -> subprocess.Popen:
    folder.mkdir(exist_ok=True)
    command = ["-m", "snakemake", f"--snakefile={ROOT / 'Snakefile'}", f"--directory={folder}"]
    return subprocess.Popen(
        [sys.executable, *command, f"--configfile={configuration}", *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def contents(results: Path) -> dict[str, str]:
    """Digests of all data files by name."""
    return {
        str(path.relative_to(results)): storage.digest(path)
        if path.suffix == ".h5"
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for suffix in DATA
        for path in results.rglob(f"*.{suffix}")
        if not path.name.endswith(".provenance.json")
    }


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
