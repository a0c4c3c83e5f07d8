"""Print what the study will cost, before anything is submitted."""

from softmodes import costs, progress

if __name__ == "__main__":
    with progress.job(snakemake.log[0]):
        print(costs.table(costs.estimate(snakemake.config, snakemake.params.cores)))
