"""Pack the equilibria that a study has so far, for others to start from."""

from __future__ import annotations

from pathlib import Path

from softmodes.study import equilibria


def pack(results: str) -> None:
    """Put all equilibrium and relaxation files of a study into its folder `equilibria`.

    Args:
        results: folder of the study's results.
    """
    folder = Path(results)
    files = [path for stage in equilibria.STAGES for path in sorted((folder / stage).glob("*.h5"))]
    equilibria.pack(files, folder / "equilibria")
