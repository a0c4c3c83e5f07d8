"""How the kernels are compiled, and where compiled code is cached.

Compiled kernels are cached in a folder named by a digest of this package's source and of numba's
version: numba itself does not notice a change in a kernel that another module calls. Processes
that share the folder compile each kernel once: the others wait for it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core.caching import FunctionCache
from numba.core.dispatcher import Dispatcher

try:
    import fcntl
except ImportError:  # not a Unix: processes may compile the same kernel
    fcntl = None

FASTMATH = {"reassoc", "contract", "arcp", "nsz"}
"""Floating-point freedoms of every kernel: none that assumes away NaN or infinity."""


def kernel(**options: Any) -> Callable[[Callable], Dispatcher]:
    """Decorator of every compiled function; division by zero gives infinity, as in numpy."""

    def compiled(function: Callable) -> Dispatcher:
        decorate = numba.njit(
            cache=True, fastmath=FASTMATH, error_model="numpy", nogil=True, **options
        )
        dispatcher = decorate(function)
        dispatcher._cache = cache = _SharedCache(function)
        compile_alone = dispatcher.compile

        def compile_once(signature: Any) -> Any:
            try:
                return compile_alone(signature)
            finally:
                cache.release()

        dispatcher.compile = compile_once
        return dispatcher

    return compiled


class _SharedCache(FunctionCache):
    """Compiled code of one kernel; a process that finds none has the kernel's lock from then on.

    Kernels lock those that they call, and none calls in a circle: no two processes can wait for
    each other. The system takes the lock from a process that dies.
    """

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
    """The folder below `root` for kernels compiled from the modules of `package` and those of its
    sub-packages."""
    digest = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__}".encode())
    for module in sorted(package.rglob("*.py")):
        digest.update(module.relative_to(package).as_posix().encode() + module.read_bytes())
    return root / digest.hexdigest()[:16]


def _cache_root() -> Path:
    if "NUMBA_CACHE_DIR" in os.environ:
        return Path(os.environ["NUMBA_CACHE_DIR"])
    default = Path.home() / ".cache"
    return Path(os.environ.get("XDG_CACHE_HOME", default)) / "softmodes"


numba.config.CACHE_DIR = str(cache_folder(_cache_root(), Path(__file__).parent))
