"""Check the files of all state points against each other."""

import json
from collections.abc import Mapping, Sequence
from itertools import chain

import pandas as pd

from softmodes.dynamics import trajectory
from softmodes.report import checks, tables
from softmodes.study import job_log, storage


def check(
    stages: Mapping[str, Sequence[str]],
    output: str,
    *,
    time_steps: Mapping[str, float],
    pressure: float | None,
    config: str = "",
    code: str = "",
    update: trajectory.Progress = lambda share: None,
) -> None:
    """Write the table of the checks.

    Args:
        stages: the files of each stage in `checks.STAGES`, in the same order of the state points.
        output: table to write.
        time_steps: of the equilibration, in τ, by temperature as file names have it.
        pressure: of the barostat, in ε/σ11²; None at fixed density.
        config, code: the study's configuration and `code_digest`, for the provenance.
        update: called with the share done.
    """
    samples = list(zip(*(stages[stage] for stage in checks.STAGES), strict=True))
    rows = []
    for number, files in enumerate(samples, start=1):
        rows.append(
            checks.measured(dict(zip(checks.STAGES, map(storage.read, files), strict=True)))
        )
        update(number / len(samples))
    steps = {float(temperature): step for temperature, step in time_steps.items()}
    tables.write_csv(checks.judged(pd.DataFrame(rows), steps, pressure), output)
    storage.write_provenance([output], chain.from_iterable(stages.values()), config, code=code)


if __name__ == "__main__":
    with job_log.job(snakemake.log[0]) as job:
        check(
            dict(snakemake.input.items()),
            snakemake.output.checks,
            config=json.dumps(snakemake.config),
            update=job.update,
            **snakemake.params,
        )
