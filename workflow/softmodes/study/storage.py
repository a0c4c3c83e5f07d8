"""Files between the stages: HDF5 in and out, atomic and checked against one declared contract.

`contract.CONTRACT` says for every stage which datasets and attributes its file holds. `write`
refuses what does not fit it and leaves either the whole file or nothing; `read` refuses what is
missing, cut short or of another format version; `digest` is what "equal to the bit" means.
Everything that may differ between two equal runs (times, machine, versions) lives in the group
`/provenance` and is no part of the digest. No other module of the package touches HDF5.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from softmodes.errors import InputError
from softmodes.kernels import machine
from softmodes.study.atomic import replacing
from softmodes.study.contract import (
    COMMON_ATTRIBUTES,
    CONTRACT,
    Dataset,
)

FORMAT_VERSION = 1
PROVENANCE = "provenance"
SIDE_FILE_SUFFIX = ".provenance.json"
"""Of the file beside a table, a figure or a summary that tells where it comes from."""

STATE = ["n_particles", "temperature", "sample"]
"""What names a state point: attributes of its files, columns of the tables."""

_LOADED = datetime.now(UTC)
_RECORDED_PACKAGES = ("softmodes", "numpy", "scipy", "numba", "h5py")


@dataclass(frozen=True)
class StateFile:
    """What `read` took out of one file.

    `data` holds the datasets asked for, by name; `dataset_attributes` those they carry;
    `attributes` the root's. Indexing gives a dataset.
    """

    path: Path
    stage: str
    attributes: dict[str, Any]
    data: dict[str, NDArray]
    dataset_attributes: dict[str, dict[str, Any]]

    def __getitem__(self, name: str) -> NDArray:
        if name not in self.data:
            raise InputError(
                f"{self.path}: dataset '{name}' is not there; it has {_list(self.data)}"
            )
        return self.data[name]

    @property
    def point(self) -> dict[str, Any]:
        """The state point: the attributes `STATE`."""
        return {name: self.attributes[name] for name in STATE}

    @property
    def common_attributes(self) -> dict[str, Any]:
        """The attributes that all files of a state point share, for the next stage's `write`.

        Stages run on the CPU, those that need not say so themselves.
        """
        return {name: self.attributes[name] for name in COMMON_ATTRIBUTES} | {"backend": "cpu"}


def write(
    path: str | Path,
    stage: str,
    datasets: Mapping[str, ArrayLike],
    *,
    attributes: Mapping[str, Any],
    provenance: Mapping[str, Any],
    dataset_attributes: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Write one stage's file of one state point, atomically.

    Args:
        datasets: arrays by name as in `CONTRACT[stage]`; a group is part of the name
            ("series/time").
        attributes: all that the contract gives the stage, its own and the common ones.
        provenance: from `provenance()`; texts are kept as they are, anything else as JSON.
        dataset_attributes: per dataset, the attributes the contract gives it besides `units`.

    Raises:
        ValueError: a name, dtype, shape or attribute is not that of the contract; then nothing
            is written.
        InputError: a number that has to be finite is not, or the disk is full.
    """
    arrays = {name: np.asarray(values) for name, values in datasets.items()}
    carried = dataset_attributes or {}
    root = _checked_attributes(path, stage, attributes)
    _check_datasets(path, stage, arrays, root["n_particles"])
    _check_finite(path, stage, arrays)
    _check_dataset_attributes(path, stage, arrays, carried)
    # in memory first: a disk that is full while HDF5 writes to it can end the whole process
    # and in a format that spends a quarter of the oldest one's bytes on every dataset
    with h5py.File(str(path), "w", driver="core", backing_store=False, libver="v110") as file:
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["stage"] = stage
        for name, value in sorted(root.items()):
            file.attrs[name] = value
        for name, values in sorted(arrays.items()):
            entry = CONTRACT[stage].datasets[name]
            dataset = file.create_dataset(
                name, data=values, track_times=False, **_layout(entry, values)
            )
            dataset.attrs["units"] = entry.units
            for key, value in sorted(carried.get(name, {}).items()):
                dataset.attrs[key] = value
        group = file.create_group(PROVENANCE)
        for key, value in provenance.items():
            group.create_dataset(key, data=_as_text(value), track_times=False)
        file.flush()
        image = file.id.get_file_image()
    with replacing(path) as temporary:
        temporary.write_bytes(image)


def read(path: str | Path, *names: str) -> StateFile:
    """Read the named datasets of a file, or all where none is named.

    An optional dataset that the file lacks is left out of `data` without complaint.

    Raises:
        InputError: the file is missing, locked, no readable HDF5, of another format version, lacks
            a dataset that its stage requires, or holds NaN or infinity where there must be none; or
            a name is not one of its stage's.
    """
    path = Path(path)
    with _opened(path) as file:
        stage = file.attrs["stage"]
        entries = CONTRACT[stage].datasets
        if unknown := set(names) - set(entries):
            raise InputError(f"{path}: a {stage} file has no dataset {_list(unknown)}")
        lacking = {name for name, entry in entries.items() if entry.required and name not in file}
        if lacking:
            raise InputError(f"{path}: incomplete, it lacks {_list(lacking)}; make it again")
        wanted = [name for name in (names or entries) if name in file]
        try:
            data = {name: file[name][...] for name in wanted}
            _check_finite(path, stage, data)
            return StateFile(
                path=path,
                stage=stage,
                attributes={key: _plain(value) for key, value in file.attrs.items()},
                data=data,
                dataset_attributes={
                    name: {key: _plain(value) for key, value in file[name].attrs.items()}
                    for name in wanted
                },
            )
        except OSError as error:
            raise InputError(f"{path}: damaged, {error}; make it again") from error


def read_provenance(path: str | Path) -> dict[str, str]:
    """Texts of the group `/provenance` by name, or of the side file of what is no HDF5.

    Raises:
        InputError: as `read` does; or the side file is missing or damaged.
    """
    if Path(path).suffix == ".h5":
        with _opened(Path(path)) as file:
            return {key: value[()].decode() for key, value in file[PROVENANCE].items()}
    side_file = Path(f"{path}{SIDE_FILE_SUFFIX}")
    try:
        entries = dict(json.loads(side_file.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"{side_file}: {error.strerror}, a readable file expected") from error
    except ValueError as error:
        raise InputError(f"{side_file}: damaged, no JSON object; make {path} again") from error
    return {key: _as_text(value) for key, value in entries.items()}


def digest(path: str | Path) -> str:
    """SHA-256, in hexadecimal, of what a file says, whenever and wherever it was made.

    It runs over root attributes and over dataset names, dtypes, shapes and bytes, each sorted by
    name, and leaves out `/provenance`, compression and chunking. Of a file that is no HDF5, it runs
    over the bytes. Raises as `read` does.
    """
    path = Path(path)
    if path.suffix != ".h5":
        return _digest_of_bytes(path)
    total = hashlib.sha256()
    with _opened(path) as file:
        for name in sorted(file.attrs):
            _absorb(total, f"@{name}", np.asarray(_plain(file.attrs[name])))
        found: list[str] = []
        file.visititems(lambda name, item: found.append(name) if _is_content(name, item) else None)
        for name in sorted(found):
            try:
                _absorb(total, name, file[name][...])
            except OSError as error:
                raise InputError(f"{path}: damaged, {error}; make it again") from error
    return total.hexdigest()


def provenance(
    inputs: Iterable[str | Path] = (),
    config: str = "",
    code: str = "",
    *,
    folder: str | Path | None = None,
) -> dict[str, Any]:
    """Where and from what a result comes: times, machine, versions, code, inputs, config.

    `inputs` are the files that were read: kept by folder and name with their `digest`, or by the
    way to them from `folder`, that of the results, where some are outside.
    `config` is the study's configuration as text, `code` what `code_digest` gives for the job's
    script. The start is when this module was loaded.
    """
    now = datetime.now(UTC)
    return {
        "started": _LOADED.isoformat(timespec="seconds"),
        "written": now.isoformat(timespec="seconds"),
        "wall_seconds": round((now - _LOADED).total_seconds(), 3),
        "host": platform.node(),
        "machine": f"{platform.platform()}; {machine.processor()}",
        **machine.processor_identity(),
        "vector_bytes": machine.vector_bytes(),
        "versions": _versions(),
        "git_commit": _git_commit(),
        "code_digest": code,
        "input_digests": {_stage_and_name(path, folder): digest(path) for path in inputs},
        "config": config,
    }


def write_provenance(
    paths: Iterable[str | Path],
    inputs: Iterable[str | Path],
    config: str = "",
    *,
    code: str = "",
    folder: str | Path | None = None,
) -> None:
    """Write what `provenance` gives beside each of the files that came of the inputs, atomically.

    The side file of `fig1.pdf` is `fig1.pdf.provenance.json`.
    """
    text = json.dumps(provenance(inputs, config, code, folder=folder), indent=1, ensure_ascii=False)
    for path in paths:
        with replacing(f"{path}{SIDE_FILE_SUFFIX}") as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")


def _digest_of_bytes(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}, a readable file expected") from error


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _stage_and_name(path: str | Path, folder: str | Path | None) -> str:
    """Stage folder and name of a file, or where it lies from a folder on.

    The stages of a state point share the name.
    """
    if folder is None:
        return "/".join(Path(path).parts[-2:])
    return os.path.relpath(os.path.realpath(path), os.path.realpath(folder))


def _checked_attributes(
    path: str | Path, stage: str, attributes: Mapping[str, Any]
) -> dict[str, Any]:
    if stage not in CONTRACT:
        raise ValueError(f"{path}: unknown stage '{stage}'; stages are {_list(CONTRACT)}")
    required = CONTRACT[stage].common | CONTRACT[stage].attributes
    known = required | CONTRACT[stage].optional
    if lacking := set(required) - set(attributes):
        raise ValueError(f"{path}: a {stage} file needs the attributes {_list(lacking)}")
    if unknown := set(attributes) - set(known):
        raise ValueError(f"{path}: a {stage} file has no attributes {_list(unknown)}")
    return {name: _typed(path, name, value, known[name]) for name, value in attributes.items()}


def _typed(path: str | Path, name: str, value: Any, kind: type) -> Any:
    """`value` as the attribute's own type; an integer may stand for a float, nothing else."""
    accepted = {
        int: (int, np.integer),
        float: (float, np.floating, int, np.integer),
        bool: (bool, np.bool_),
        str: (str,),
    }[kind]
    is_bool = isinstance(value, bool | np.bool_)
    if not isinstance(value, accepted) or (is_bool and kind is not bool):
        raise ValueError(f"{path}: attribute '{name}' is {value!r}, expected {kind.__name__}")
    return kind(value)


def _check_datasets(
    path: str | Path, stage: str, arrays: Mapping[str, NDArray], n_particles: int
) -> None:
    entries = CONTRACT[stage].datasets
    if unknown := set(arrays) - set(entries):
        raise ValueError(f"{path}: a {stage} file has no datasets {_list(unknown)}")
    required = {name for name, entry in entries.items() if entry.required}
    if lacking := required - set(arrays):
        raise ValueError(f"{path}: a {stage} file needs the datasets {_list(lacking)}")
    sizes: dict[str, int] = {"N": n_particles}
    for name, values in arrays.items():
        entry = entries[name]
        if values.dtype != np.dtype(entry.dtype):
            raise ValueError(f"{path}: '{name}' is {values.dtype}, expected {entry.dtype}")
        fits = len(entry.shape) == values.ndim and all(
            size == (sizes.setdefault(symbol, size) if isinstance(symbol, str) else symbol)
            for symbol, size in zip(entry.shape, values.shape, strict=True)
        )
        if not fits:
            expected = ", ".join(
                f"{symbol}={sizes[symbol]}" if symbol in sizes else str(symbol)
                for symbol in entry.shape
            )
            raise ValueError(f"{path}: '{name}' has shape {values.shape}, expected ({expected})")


def _check_finite(path: str | Path, stage: str, arrays: Mapping[str, NDArray]) -> None:
    for name, values in arrays.items():
        if CONTRACT[stage].datasets[name].finite and not np.isfinite(values).all():
            raise InputError(f"{path}: '{name}' holds NaN or infinity, finite numbers expected")


def _check_dataset_attributes(
    path: str | Path,
    stage: str,
    arrays: Mapping[str, NDArray],
    carried: Mapping[str, Mapping[str, Any]],
) -> None:
    if stray := set(carried) - set(arrays):
        raise ValueError(f"{path}: attributes are given for absent datasets {_list(stray)}")
    for name in arrays:
        expected = set(CONTRACT[stage].datasets[name].attributes)
        given = set(carried.get(name, {}))
        if expected != given:
            raise ValueError(
                f"{path}: '{name}' has attributes {_list(given)}, expected {_list(expected)}"
            )


def _layout(entry: Dataset, values: NDArray) -> dict[str, Any]:
    if not entry.chunked:
        return {}
    # over γ and cycles one by one; of an archive all together, for what its samples share
    first = 1 if entry.shape[0] in ("G", "S", "C") else values.shape[0]
    return {"chunks": (first, *values.shape[1:]), "shuffle": True, "compression": "gzip"}


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"{path}: {_unopened(error)}; HDF5 says: {error}") from error
    with file:
        version = file.attrs.get("format_version")
        if version != FORMAT_VERSION:
            raise InputError(f"{path}: format_version is {version}, expected {FORMAT_VERSION}")
        if file.attrs.get("stage") not in CONTRACT:
            raise InputError(f"{path}: stage is {file.attrs.get('stage')}, not one of this study's")
        yield file


def _unopened(error: OSError) -> str:
    """Why HDF5 did not open a file that is there, and what to do."""
    if "unable to lock" in str(error):
        return (
            "locked; close it where it is open, or, on a disk without locks, set "
            "HDF5_USE_FILE_LOCKING=FALSE"
        )
    if "already open" in str(error):
        return (
            "open for writing, or left so by a program that was killed; close it or make it again"
        )
    if error.errno:
        return "not readable"
    return "no readable HDF5, perhaps cut short; make it again"


def _is_content(name: str, item: h5py.Group | h5py.Dataset) -> bool:
    return isinstance(item, h5py.Dataset) and name.split("/")[0] != PROVENANCE


def _absorb(total: hashlib._Hash, name: str, values: NDArray) -> None:
    # dtype.str spells the byte order; lengths in the header keep neighbours from running together
    header = json.dumps([name, values.dtype.str, values.shape, values.nbytes])
    total.update(header.encode())
    total.update(np.ascontiguousarray(values).tobytes())


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _versions() -> dict[str, str]:
    versions = {"python": sys.version.split()[0], "hdf5": h5py.version.hdf5_version}
    for name in _RECORDED_PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def _git_commit() -> str:
    """Commit of the repository that tracks this file, marked where files were changed since."""
    here = Path(__file__)

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(here.parent), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", here.name)  # not of any repository around
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "HEAD") + ("-changed" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
