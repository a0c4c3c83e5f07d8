"""Check an archive against its manifest, and write down the verdict."""

from __future__ import annotations

import json
from pathlib import Path

from softmodes.errors import InputError
from softmodes.report import archive
from softmodes.study import atomic


def verify(path: str, verdict: str) -> None:
    """Write the verdict on an archive as JSON, whatever it is.

    Raises:
        InputError: the archive is not sound; the message names every fault.
    """
    faults = archive.faults(path)
    found = {
        "archive": Path(path).name,
        "sha256": archive.checksum(path),
        "intact": not faults,
        "faults": faults,
    }
    with atomic.replacing(verdict) as temporary:
        text = json.dumps(found, indent=1, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")
    if faults:
        raise InputError(f"{path}: not intact: {'; '.join(faults)}")
    print(f"{path}: intact, SHA-256 {found['sha256']}")
