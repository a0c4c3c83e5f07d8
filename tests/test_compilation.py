"""Compiled code is cached by the content of the package: numba alone would serve stale code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numba

import softmodes
from softmodes.compilation import cache_folder


def test_cache_folder_follows_the_source(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    before = cache_folder(tmp_path, tmp_path)
    assert cache_folder(tmp_path, tmp_path) == before
    (tmp_path / "a.py").write_text("x = 2\n")
    assert cache_folder(tmp_path, tmp_path) != before


def test_kernels_use_it() -> None:
    from softmodes.compilation import kernel

    assert (
        Path(numba.config.CACHE_DIR).name
        == cache_folder(Path(), Path(softmodes.__file__).parent).name
    )
    assert kernel.keywords["cache"]


def test_an_edited_callee_in_another_module_takes_effect(tmp_path: Path) -> None:
    package = tmp_path / "softmodes"
    package.mkdir()
    source = Path(softmodes.__file__).with_name("compilation.py").read_text()
    (package / "__init__.py").touch()
    (package / "compilation.py").write_text(source)
    head = "from softmodes.compilation import kernel\n"
    (package / "caller.py").write_text(
        head + "from softmodes.callee import f\n\n\n@kernel()\ndef g(x):\n    return f(x)\n"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def run() -> str:
        program = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        program += "from softmodes.caller import g; print(g(1.0))"
        command = [sys.executable, "-c", program]
        return subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True
        ).stdout.strip()

    callee = head + "\n\n@kernel()\ndef f(x):\n    return x + {}\n"
    (package / "callee.py").write_text(callee.format("1.0"))
    assert run() == "2.0"
    assert run() == "2.0"
    (package / "callee.py").write_text(callee.format("2.0"))
    assert run() == "3.0"
