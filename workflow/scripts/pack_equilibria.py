"""Pack the equilibria that a study has so far, for others to start from."""

from softmodes.stages import pack_equilibria
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        pack_equilibria.pack(snakemake.params.results)
