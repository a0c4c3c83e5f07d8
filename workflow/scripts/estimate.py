"""Print what the study will cost, before anything is submitted, and what it took so far."""

from pathlib import Path

from softmodes.study import costs, job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        config, published = snakemake.config, frozenset(snakemake.params.published)
        found = costs.estimate(config, snakemake.params.cores, published)
        if snakemake.params.here:
            from softmodes.study import calibration  # here: it needs kernels

            found = found.on(calibration.slowness(config["precision"]))
        taken = costs.measured(config, Path(snakemake.log[0]).parent, published)
        print("\n\n".join(filter(None, [costs.table(found), costs.measured_table(taken)])))
