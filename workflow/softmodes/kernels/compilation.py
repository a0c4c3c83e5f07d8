"""How the kernels are compiled, and where compiled code is cached.

Compiled kernels are cached in a folder named by a digest of this package's source and of numba's
version: numba itself does not notice a change in a kernel that another module calls. Processes
that share the folder compile each kernel once: the others wait for it. Where the user's folder
cannot be written, one for temporary files serves, and where that cannot either, nothing is cached.
"""

from __future__ import annotations

import functools
import hashlib
import os
import stat
import tempfile
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache, InTreeCacheLocator
from numba.core.dispatcher import Dispatcher

import softmodes

try:
    import fcntl
except ImportError:  # not a Unix: processes may compile the same kernel
    fcntl = None  # type: ignore[assignment]

FASTMATH = {"reassoc", "contract", "arcp", "nsz"}
"""Floating-point freedoms of every kernel: none that assumes away NaN or infinity."""


def kernel(**options: Any) -> Callable[[Callable], Dispatcher]:
    """Decorator of every compiled function; division by zero gives infinity, as in numpy."""

    def compiled(function: Callable) -> Dispatcher:
        decorate = numba.njit(fastmath=FASTMATH, error_model="numpy", nogil=True, **options)
        dispatcher = decorate(function)
        try:
            dispatcher._cache = cache = _SharedCache(function)
        except RuntimeError:  # numba's for a folder that it cannot write to
            _warn_of_no_cache()
            return dispatcher
        compile_alone = dispatcher.compile

        def compile_once(signature: Any) -> Any:
            try:
                return compile_alone(signature)
            finally:
                cache.release()

        dispatcher.compile = compile_once
        return dispatcher

    return compiled


@functools.cache
def _warn_of_no_cache() -> None:
    warnings.warn(
        "compiled kernels cannot be cached, every process compiles its own: set NUMBA_CACHE_DIR to "
        "a folder that can be written to",
        stacklevel=1,
    )


class _KernelFolder(InTreeCacheLocator):
    """numba's way to the folder of kernels; none where there is no such folder."""

    def __init__(self, function: Callable, file: str) -> None:
        super().__init__(function, file)
        self._cache_path = str(Path(str(kernel_folder()), self.get_suitable_cache_subpath(file)))

    @classmethod
    def from_function(cls, function: Callable, file: str) -> Any:
        return super().from_function(function, file) if kernel_folder() else None


class _CacheFiles(CompileResultCacheImpl):
    """Files in that folder alone: no digest names the others that numba would take."""

    _locator_classes = (_KernelFolder,)


class _SharedCache(FunctionCache):
    """Compiled code of one kernel; a process that finds none has the kernel's lock from then on.

    Kernels lock those that they call, and none calls in a circle: no two processes can wait for
    each other. The system takes the lock from a process that dies.
    """

    _impl_class = _CacheFiles
    _lock: int | None = None

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        found = super().load_overload(signature, target_context)
        if found is None and self._acquire():
            # another process may have compiled it meanwhile
            found = super().load_overload(signature, target_context)
        return found

    def _acquire(self) -> bool:
        """Wait for the lock; False without waiting where it is held or there are no locks."""
        if self._lock is not None or fcntl is None:
            return False
        folder = Path(self.cache_path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(
                folder / f"{self._impl.filename_base}.lock", os.O_RDWR | os.O_CREAT, 0o666
            )
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        except OSError:  # some network file systems have none
            self.release()
            return False
        return True

    def release(self) -> None:
        """Give the lock back, if it is held."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def cache_folder(root: Path, package: Path) -> Path:
    """The folder below `root` for the kernels of `package` and its sub-packages."""
    digest = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__}".encode())
    for module in sorted(package.rglob("*.py")):
        digest.update(module.relative_to(package).as_posix().encode() + module.read_bytes())
    return root / digest.hexdigest()[:16]


def _users_root() -> Path:
    if "NUMBA_CACHE_DIR" in os.environ:
        return Path(os.environ["NUMBA_CACHE_DIR"])
    if "XDG_CACHE_HOME" in os.environ:
        return Path(os.environ["XDG_CACHE_HOME"]) / "softmodes"
    return Path.home() / ".cache" / "softmodes"


def _temporary_root() -> Path:
    """A folder among the system's temporary files that only this user can write to."""
    if not hasattr(os, "getuid"):
        raise PermissionError("not a Unix: no telling whose a folder is")
    user = os.getuid()
    root = Path(tempfile.gettempdir()) / f"softmodes-{user}"
    root.mkdir(mode=0o700, exist_ok=True)
    found = root.lstat()
    # cached code is run: not another's
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != user or found.st_mode & 0o022:
        raise PermissionError(f"{root}: others can write to it")
    return root


@functools.cache
def kernel_folder() -> Path | None:
    """Where kernels are cached, made if need be; None where nothing can be written."""
    for root in (_users_root, _temporary_root):
        with suppress(OSError, RuntimeError):  # not writable; no home
            folder = cache_folder(root(), Path(softmodes.__file__).parent)
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
            return folder
    return None
