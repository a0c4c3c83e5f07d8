"""State of a long job on disk, from which a later run of the same job goes on.

    with Checkpoint(path, key) as checkpoint:
        state = checkpoint.load()
        ...
        if checkpoint.due():
            checkpoint.save(step=step, positions=positions)
        ...
        write the result

A job that ends well needs its checkpoint no more and removes it; a killed one leaves its last.
SIGTERM, which clusters send some time before they kill, and SIGINT, which Ctrl-C sends, make it due
at once, and `save` then ends the job.
"""

from __future__ import annotations

import hashlib
import json
import logging
import signal
import time
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from softmodes.errors import InputError
from softmodes.kernels.machine import vector_bytes
from softmodes.study.atomic import replacing
from softmodes.study.storage import digest

STOPPING = (signal.SIGTERM, signal.SIGINT)
"""Signals that ask a job to stop."""

logger = logging.getLogger(__name__)


class Checkpoint:
    """The checkpoint of one job; a context that must hold while the job may be asked to stop.

    Args:
        path: file, an .npz.
        key: what the state depends on, as text; another key's checkpoint is refused.
        interval: seconds between two checkpoints.
    """

    def __init__(self, path: str | Path, key: str, interval: float) -> None:
        self.path = Path(path)
        self._key, self._interval = key, interval
        self._saved = time.monotonic()
        self._stopped_by: int | None = None

    def __enter__(self) -> Checkpoint:
        self._handlers = {one: signal.signal(one, self._ask_to_stop) for one in STOPPING}
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if kind is None:
            self.path.unlink(missing_ok=True)

    def _ask_to_stop(self, number: int, _frame: FrameType | None) -> None:
        self._stopped_by = number

    def load(self) -> dict[str, NDArray] | None:
        """The state by name, as arrays; None where there is none.

        Raises:
            InputError: the file is damaged or another job's.
        """
        if not self.path.exists():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as file:
                state = {name: file[name] for name in file.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(f"{self.path}: damaged checkpoint, {error}; delete it") from error
        if str(state.pop("key", None)) != self._key:
            raise InputError(f"{self.path}: checkpoint of another configuration or code; delete it")
        logger.info("going on from %s", self.path)
        return state

    def due(self) -> bool:
        """Whether the interval has passed or the job is asked to stop."""
        return self._stopped_by is not None or time.monotonic() - self._saved >= self._interval

    def save(self, **state: ArrayLike) -> None:
        """Write the state.

        Raises:
            SystemExit: afterwards, if the job is asked to stop; with 128 and the signal's number.
        """
        with replacing(self.path) as temporary:
            arrays: dict[str, Any] = {"key": self._key, **state}
            np.savez(temporary, **arrays)
        self._saved = time.monotonic()
        if self._stopped_by is not None:
            logger.warning("asked to stop; the next run goes on from %s", self.path)
            raise SystemExit(128 + self._stopped_by)


def of_job(
    output: str | Path,
    inputs: Iterable[str | Path],
    parameters: Mapping[str, Any],
    *,
    interval: float,
) -> Checkpoint:
    """The checkpoint of the job that makes a file of a study.

    It lies in results/<study>/checkpoints/<stage>/, and its name tells parameters and inputs, so
    that a job with others neither takes it up nor stumbles over it. Nor does one on a machine whose
    vectors are of another width: they hold another number of runs, and sum in another order.

    Args:
        output: the file, results/<study>/<stage>/<name>.h5.
        inputs: HDF5 files that are read.
        parameters: everything else that the result depends on, the digest of the code among it.
        interval: seconds between two checkpoints.
    """
    output = Path(output)
    inputs_read = [digest(path) for path in inputs]
    depends_on = [dict(parameters), inputs_read, output.name, vector_bytes()]
    key = hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()
    folder = output.parent.parent / "checkpoints" / output.parent.name
    return Checkpoint(folder / f"{output.stem}.{key[:16]}.npz", key, interval)
