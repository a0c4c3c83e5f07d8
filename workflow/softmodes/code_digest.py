"""What a result depends on in the code: a digest of a script, the modules it imports and its lock.

It tells a change of what is computed from one of how it reads. Modules of this package count if the
script imports them, directly or through others; of other packages, the locked version counts.
Comments, docstrings, formatting and what is logged count for nothing, nor do `progress` and
`machine`.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent
WITHOUT_EFFECT = {"progress", "machine"}
"""Modules of this package that tell how a job is doing and where it runs."""

DISTRIBUTIONS = {
    "yaml": ("pyyaml",),
    "numba": ("numba", "llvmlite"),
    "markdown_it": ("markdown-it-py",),
}
"""Whose names differ from those of their modules, or that bring one with them that matters."""

LOGGERS = {"logger", "_logger"}


def code_digest(script: str | Path, lock: str | Path, package: Path = PACKAGE) -> str:
    """SHA-256, in hexadecimal, of all code that a script's results depend on.

    Args:
        script: Python file.
        lock: requirements file with a line `name==version ...` per package.
        package: folder of this package.
    """
    total = hashlib.sha256(_normal(Path(script)).encode())
    modules, packages = set(_imports(Path(script), package)), set()
    reached: set[str] = set()
    while modules:
        name = modules.pop()
        if name in reached or name in WITHOUT_EFFECT:
            continue
        path = package / f"{name}.py"
        if path.is_file():
            reached.add(name)
            modules |= _imports(path, package)
        else:
            packages.add(name)
    for name in sorted(reached):
        total.update(f"\0{name}\0{_normal(package / f'{name}.py')}".encode())
    for version in _locked(packages, Path(lock)):
        total.update(f"\0{version}".encode())
    return total.hexdigest()


@functools.cache
def _imports(path: Path, package: Path) -> frozenset[str]:
    """Names of this package's modules that a file imports, and of other packages."""
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Import(names=names):
                full = [name.name for name in names]
            case ast.ImportFrom(module=module, names=names) if module == package.name:
                full = [f"{module}.{name.name}" for name in names]
            case ast.ImportFrom(module=module):
                full = [module]
            case _:
                continue
        for name in full:
            first, *rest = name.split(".")
            found.add(rest[0] if first == package.name and rest else first)
    return frozenset(found)


def _locked(packages: set[str], lock: Path) -> Iterator[str]:
    """`name==version` of those packages that a lock holds, sorted."""
    names = {name for package in packages for name in DISTRIBUTIONS.get(package, (package,))}
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8"), re.M)
    yield from sorted({f"{name}=={version}" for name, version in pins if name.lower() in names})


@functools.cache
def _normal(path: Path) -> str:
    """A file's code without what has no effect on results."""
    return ast.unparse(_WithoutWords().visit(ast.parse(path.read_bytes())))


class _WithoutWords(ast.NodeTransformer):
    """Takes out texts that stand alone, as docstrings do, and calls of loggers."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        match node.value:
            case ast.Constant(value=str()):
                return ast.Pass()
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if name in LOGGERS:
                return ast.Pass()
        return node
