"""One table of all those of a study's state points."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from softmodes.report import tables
from softmodes.study import storage


def collect(files: Sequence[str], output: str, *, config: str = "", code: str = "") -> None:
    """Write the rows of all tables, which have the same columns, into one.

    Args:
        files: tables, by N and temperature.
        output: table to write.
        config, code: the study's configuration and `code_digest`, for the provenance.
    """
    tables.write_csv(pd.concat(map(tables.read_csv, files), ignore_index=True), output)
    storage.write_provenance([output], files, config, code=code)
