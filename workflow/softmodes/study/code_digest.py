"""What a result depends on in the code: a digest of a script, the modules it imports and its lock.

It tells a change of what is computed from one of how it reads. Modules of this package count if the
script imports them, directly or through others, in sub-packages too, with the files in `DATA`; of
other packages, the locked version counts.
Comments, docstrings, formatting, `__all__` and what is logged count for nothing, nor do
`study.job_log`, `kernels.machine` and the package's own `__init__`, which only tells its version
and what is public.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import re
import symtable
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import softmodes

PACKAGE = Path(softmodes.__file__).parent
WITHOUT_EFFECT = {"study.job_log", "kernels.machine"}
"""Modules, by their names within this package, that tell how a job is doing and where it runs."""

DATA = {
    "report.drawing": ("letter.mplstyle",),
    "report.pages": tuple(
        f"templates/{name}.html" for name in ("figure", "page", "published", "sample")
    ),
    "report.summary_page": ("templates/summary.md",),
}
"""Files beside a module, named likewise, that its results depend on."""

DISTRIBUTIONS = {
    "yaml": ("pyyaml",),
    "numba": ("numba", "llvmlite"),
    "jinja2": ("jinja2", "markupsafe"),
    "markdown_it": ("markdown-it-py",),
    "PIL": ("pillow",),
}
"""Whose names differ from those of their modules, or that bring one with them that matters."""

LOGGER = "logger"
"""How every module calls its own."""


def code_digest(script: str | Path, lock: str | Path, package: Path = PACKAGE) -> str:
    """SHA-256, in hexadecimal, of all code that a script's results depend on.

    Args:
        script: Python file.
        lock: requirements file with a line `name==version ...` per package.
        package: folder of this package.

    Raises:
        ModuleNotFoundError: an import from this package that no file of it answers.
    """
    total = hashlib.sha256(_normal(Path(script)).encode())
    modules, packages = _reached(Path(script), package)
    for name in sorted(modules):
        total.update(f"\0{name}\0{_normal(modules[name])}".encode())
        for data in DATA.get(name.removeprefix(f"{package.name}."), ()):
            total.update(f"\0{data}\0{_content(modules[name].parent / data)}".encode())
    for version in _locked(packages, Path(lock)):
        total.update(f"\0{version}".encode())
    return total.hexdigest()


def _reached(script: Path, package: Path) -> tuple[dict[str, Path], set[str]]:
    """What a script imports, directly or through others.

    Files of this package's modules by their dotted names, and names of other packages.
    """
    modules: dict[str, Path] = {}
    packages: set[str] = set()
    without_effect = {package.name, *(f"{package.name}.{name}" for name in WITHOUT_EFFECT)}
    todo = set(_imports(script, package))
    while todo:
        name = todo.pop()
        path = _file(name, package)
        if path is None:
            packages.add(name)
        elif name not in modules and name not in without_effect:
            modules[name] = path
            todo |= _imports(path, package)
    return modules, packages


@functools.cache
def _imports(path: Path, package: Path) -> frozenset[str]:
    """What a file itself imports.

    Dotted names of this package's modules and of the packages around them, and names of other
    packages.
    """
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Import(names=names):
                full = [name.name for name in names]
            case ast.ImportFrom(module=str(module), names=names, level=0):
                full = [_imported(module, name.name, package) for name in names]
            case ast.ImportFrom(module=module, names=names, level=level):
                around = ".".join(path.relative_to(package.parent).parent.parts)
                source = resolve_name("." * level + (module or ""), around)
                full = [_imported(source, name.name, package) for name in names]
            case _:
                continue
        for name in full:
            first, *rest = name.split(".")
            found.add(first)
            if first == package.name:
                found |= {".".join([first, *rest[:depth]]) for depth in range(1, len(rest) + 1)}
    for name in sorted(found):
        if name.split(".")[0] == package.name and _file(name, package) is None:
            raise ModuleNotFoundError(f"{path}: imports {name}, which no file of {package} answers")
    return frozenset(found)


def _imported(source: str, name: str, package: Path) -> str:
    """The module that `from source import name` takes the name from, or that the name is."""
    path = _file(source, package)
    if path is None or path.name != "__init__.py" or name == "*":
        return source
    inner = f"{source}.{name}"
    if _file(inner, package) is not None:
        return inner
    table = symtable.symtable(path.read_text(encoding="utf-8"), str(path), "exec")
    return source if name in table.get_identifiers() else inner


def _file(name: str, package: Path) -> Path | None:
    """The file of a module of this package by its dotted name, if there is one."""
    first, *rest = name.split(".")
    if first != package.name:
        return None
    place = package.joinpath(*rest)
    files = (place / "__init__.py", place.with_name(f"{place.name}.py"))
    return next(filter(Path.is_file, files), None)


def _locked(packages: set[str], lock: Path) -> Iterator[str]:
    """`name==version` of those packages that a lock holds, sorted."""
    names = {name for package in packages for name in DISTRIBUTIONS.get(package, (package,))}
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8"), re.M)
    yield from sorted({f"{name}=={version}" for name, version in pins if name.lower() in names})


def _content(path: Path) -> str:
    """A data file's text; of matplotlib's style, the lines that say something."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".mplstyle":
        return text
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("#"))


@functools.cache
def _normal(path: Path) -> str:
    """A file's code without what has no effect on results."""
    return ast.unparse(_WithoutWords().visit(ast.parse(path.read_bytes())))


class _WithoutWords(ast.NodeTransformer):
    """Takes out texts that stand alone, as docstrings do, calls of loggers, and what is public."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        match node.value:
            case ast.Constant(value=str()):
                return ast.Pass()
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if name == LOGGER:
                return ast.Pass()
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        match node.targets:
            case [ast.Name(id="__all__")]:
                return ast.Pass()
        return node
