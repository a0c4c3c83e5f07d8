"""How the tests call Snakemake."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def snakemake_command(folder: Path, configuration: Path, *arguments: str) -> list[str]:
    """This repository's workflow in a folder of its own."""
    return [
        sys.executable,
        "-m",
        "snakemake",
        f"--snakefile={ROOT / 'Snakefile'}",
        f"--directory={folder}",
        f"--configfile={configuration}",
        *arguments,
    ]
