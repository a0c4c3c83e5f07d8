"""How public functions of the library and the scripts take their arguments."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

WORKFLOW = Path(__file__).parents[1] / "workflow"
FILES = sorted([*WORKFLOW.rglob("softmodes/**/*.py"), *WORKFLOW.glob("scripts/*.py")])


def public(node: ast.AST) -> Iterator[ast.FunctionDef]:
    """Functions and methods that others call, `__init__` among them, but for kernels."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from public(child)
        elif isinstance(child, ast.FunctionDef):
            compiled = re.search(
                "kernel|intrinsic", " ".join(map(ast.unparse, child.decorator_list))
            )
            if not compiled and (child.name == "__init__" or not child.name.startswith("_")):
                yield child


def parameters(function: ast.FunctionDef) -> list[str]:
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_parameters_beyond_three_are_named_and_a_configuration_is_one(path: Path) -> None:
    for function in public(ast.parse(path.read_text(encoding="utf-8"))):
        names = parameters(function)
        assert len(names) <= 3, f"{function.name}({', '.join(names)})"
        every = {*names, *(each.arg for each in function.args.kwonlyargs)}
        assert not {"positions", "species"} <= every, function.name
        if {"configuration", "mixture"} <= every:
            assert names[:2] == ["configuration", "mixture"], function.name
