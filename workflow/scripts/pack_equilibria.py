"""Pack the equilibria that a study has so far, for others to start from."""

from pathlib import Path

from softmodes.study import equilibria, job_log


def pack(results: str) -> None:
    """Put all equilibrium and relaxation files of a study into its folder `equilibria`.

    Args:
        results: folder of the study's results.
    """
    folder = Path(results)
    files = [path for stage in equilibria.STAGES for path in sorted((folder / stage).glob("*.h5"))]
    equilibria.pack(files, folder / "equilibria")


if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        pack(snakemake.params.results)
