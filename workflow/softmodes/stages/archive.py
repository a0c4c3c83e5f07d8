"""Pack a study's tables, figures and summary, with all that tells where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from softmodes.report import archive


def pack(
    results: Iterable[str],
    repository_files: Iterable[str],
    output: str,
    *,
    config: Mapping[str, Any],
) -> None:
    """Write the archive, into the folder of the results.

    Args:
        results: files under that folder, packed under their path in it.
        repository_files: files of a checkout of this repository, the licence among them, packed
            under their path in it.
        output: zip to write.
        config: the study's configuration.
    """
    of_repository = [Path(path) for path in repository_files]
    (licence,) = (path for path in of_repository if path.name == "LICENSE")
    files: dict[str, str | Path] = {
        Path(path).relative_to(Path(output).parent).as_posix(): path for path in results
    }
    files |= {path.relative_to(licence.parent).as_posix(): path for path in of_repository}
    archive.pack(output, files, config)
    print(f"{output}: {len(files)} files packed, SHA-256 {archive.checksum(output)}")
