"""What the study will cost, before anything is submitted, and what it took so far."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from softmodes.report import tables
from softmodes.study import costs

COLUMNS = list(costs.Measured._fields)


def write_costs(
    config: Mapping[str, Any],
    published: costs.Published,
    *,
    logs: str | Path,
    output: str | Path,
) -> None:
    """Write what the jobs took that have finished beside what was expected, as CSV.

    One row per stage, N and T, in core hours.

    Args:
        config: the study's configuration.
        published: the state points that are taken, not simulated.
        logs: the study's folder of logs.
        output: file to write.
    """
    rows = pd.DataFrame(costs.measured(config, Path(logs), published), columns=COLUMNS)
    hours = rows[["expected", "took"]] / 3600.0
    tables.write_csv(rows.assign(expected=hours["expected"], took=hours["took"]), output)


def estimate(
    config: Mapping[str, Any],
    cores: int,
    published: costs.Published,
    *,
    here: bool,
    logs: str | Path,
) -> str:
    """The bill as a table, and below it what the jobs took that have finished.

    Args:
        config: the study's configuration.
        cores: that work at a time.
        published: the state points that are taken, not simulated.
        here: whether to time this machine first.
        logs: the study's folder of logs.
    """
    found = costs.estimate(config, cores, published)
    if here:
        from softmodes.stages import calibration  # here: it needs kernels

        found = found.on(calibration.slowness(config["precision"]))
    taken = costs.measured(config, Path(logs), published)
    return "\n\n".join(filter(None, [costs.table(found), costs.measured_table(taken)]))
