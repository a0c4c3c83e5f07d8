"""How the kernels are compiled, and where compiled code is cached.

Compiled kernels are cached in a folder named by a digest of this package's source and of numba's
version: numba itself does not notice a change in a kernel that another module calls.
"""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path

import llvmlite
import numba

FASTMATH = {"reassoc", "contract", "arcp", "nsz"}
"""Floating-point freedoms of every kernel: none that assumes away NaN or infinity."""

kernel = functools.partial(
    numba.njit, cache=True, fastmath=FASTMATH, error_model="numpy", nogil=True
)
"""Decorator of every compiled function; division by zero gives infinity, as in numpy."""


def cache_folder(root: Path, package: Path) -> Path:
    """The folder below `root` for kernels compiled from the modules of `package`."""
    digest = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__}".encode())
    for module in sorted(package.glob("*.py")):
        digest.update(module.name.encode() + module.read_bytes())
    return root / digest.hexdigest()[:16]


def _cache_root() -> Path:
    if "NUMBA_CACHE_DIR" in os.environ:
        return Path(os.environ["NUMBA_CACHE_DIR"])
    default = Path.home() / ".cache"
    return Path(os.environ.get("XDG_CACHE_HOME", default)) / "softmodes"


numba.config.CACHE_DIR = str(cache_folder(_cache_root(), Path(__file__).parent))
