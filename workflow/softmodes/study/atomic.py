"""Files written whole or not at all: to another name, then renamed."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from softmodes.errors import InputError

_UNWRITABLE = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENXIO,
}
"""Errors of the user's disk, folders and devices."""


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Temporary path whose file takes the place of `path` when the block ends without an error.

    An error removes the temporary file and leaves an older `path` untouched; what is left of a
    killed process goes with the next that succeeds. The folder is made where it lacks. The suffix
    is kept, because writers choose their format by it. Links are followed. Into what is there and
    no regular file, as a pipe or a device, the finished file is copied.

    Raises:
        InputError: `path` is a folder, the disk is full, or the folder not to be written to.
    """
    try:
        followed = Path(os.path.realpath(path))
        with _copied(Path(path)) if _is_stream(path) else _renamed(followed) as temporary:
            yield temporary
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        raise InputError(f"{path}: not written, {os.strerror(error.errno or 0)}") from error


def check_folder(folder: Path) -> None:
    """Try whether files can be written to a folder, which is left as it is, made or not.

    Raises:
        InputError: they cannot.
    """
    lacking = [path for path in (folder, *folder.parents) if not path.exists()]
    made: list[Path] = []
    try:
        for path in reversed(lacking):
            path.mkdir()
            made.append(path)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}, a folder to write to expected") from error
    finally:
        for path in reversed(made):
            path.rmdir()


def _make_folder_of(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: not written, {error.strerror}") from error


def _is_stream(path: str | Path) -> bool:
    """Whether `path` is no regular file, or the one that this program prints to."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"{path}: a folder, a file to write expected")
    return not stat.S_ISREG(found.st_mode) or _is_printed_to(found)


def _is_printed_to(found: os.stat_result) -> bool:
    with suppress(OSError):  # closed
        return os.path.samestat(found, os.fstat(1))
    return False


@contextmanager
def _copied(path: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder, f"whole{path.suffix}")
        yield temporary
        # appended: another end may be writing to it already
        with temporary.open("rb") as whole, path.open("ab") as stream:
            shutil.copyfileobj(whole, stream)


@contextmanager
def _renamed(path: Path) -> Iterator[Path]:
    temporary = path.with_name(f".{path.stem}-{os.getpid()}.part{path.suffix}")
    try:
        _make_folder_of(path)
        yield temporary
        _sync(temporary)
        temporary.replace(path)
        # what killed processes left
        number = re.compile(re.escape(f".{path.stem}-") + r"\d+" + re.escape(f".part{path.suffix}"))
        for stale in filter(lambda other: number.fullmatch(other.name), path.parent.iterdir()):
            stale.unlink(missing_ok=True)
        _sync(path.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
