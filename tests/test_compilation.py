"""Compiled code is cached by the content of the package: numba alone would serve stale code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numba

import softmodes
from softmodes.compilation import cache_folder
from softmodes.neighbours import build_pair_list


def test_cache_folder_follows_the_source(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    before = cache_folder(tmp_path, tmp_path)
    assert cache_folder(tmp_path, tmp_path) == before
    (tmp_path / "a.py").write_text("x = 2\n")
    assert cache_folder(tmp_path, tmp_path) != before
    nested = tmp_path / "deep" / "deeper"
    nested.mkdir(parents=True)
    folders = set()
    for text in ("x = 1\n", "x = 2\n"):
        (nested / "b.py").write_text(text)
        folders.add(cache_folder(tmp_path, tmp_path))
    (nested / "b.py").rename(tmp_path / "deep" / "b.py")
    folders.add(cache_folder(tmp_path, tmp_path))
    assert len(folders) == 3


def test_kernels_use_it() -> None:
    assert (
        Path(numba.config.CACHE_DIR).name
        == cache_folder(Path(), Path(softmodes.__file__).parent).name
    )
    folder = Path(build_pair_list.stats.cache_path)
    assert Path(numba.config.CACHE_DIR) in folder.parents


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


def test_processes_that_start_together_compile_a_kernel_once(tmp_path: Path) -> None:
    module = tmp_path / "sums.py"
    module.write_text(
        "from softmodes.compilation import kernel\n\n\n"
        "@kernel()\ndef inner(x):\n    return (x + 1.0).sum()\n\n\n"
        "@kernel()\ndef outer(x):\n    return inner(x) + 1.0\n"
    )
    # each says that it is ready and starts at the word
    program = (
        "import sys, numpy; from sums import inner, outer; print('ready', flush=True); input()\n"
        "assert outer(numpy.ones(3)) == 7.0\n"
        "print(sum(sum(f.stats.cache_misses.values()) for f in (inner, outer)))"
    )
    search = os.pathsep.join([str(tmp_path), str(Path(softmodes.__file__).parents[1])])
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": search}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    misses = [int(process.communicate()[0]) for process in processes]
    assert sorted(misses) == [0, 2]
