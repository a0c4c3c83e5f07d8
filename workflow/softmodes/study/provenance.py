"""Where a file comes from: the file, what it was made of, what that was made of, and so on.

Inputs are recorded by folder and name, `modes/N120_T0.600_s000.h5`, and looked for in the folder of
the study's results; what lies outside, by the way to it from there, `../glass.xyz`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from softmodes.errors import InputError
from softmodes.study import storage

FIRST, RECORDED, CHANGED = "asked for", "as recorded", "CHANGED since"
MISSING, UNREADABLE = "not found", "unreadable"


@dataclass(frozen=True)
class Link:
    """One file of a chain.

    Attributes:
        name: as it was asked for, or as its user recorded it.
        depth: number of steps from the file asked for.
        state: whether the file is still what its user read: one of the words above.
        provenance: texts from `storage.read_provenance`; nothing where there are none.
        repeated: whether the chain has come by this file before; its inputs are not told again.
    """

    name: str
    depth: int
    state: str
    provenance: dict[str, str]
    repeated: bool


def chain(path: str | Path) -> Iterator[Link]:
    """A file of a study, then its inputs, each followed by its own.

    Raises:
        InputError: the file does not tell where it comes from.
    """
    provenance = storage.read_provenance(path)
    yield Link(str(path), 0, FIRST, provenance, repeated=False)
    root = Path(path).resolve()
    yield from _inputs(root, provenance, 1, {root})


def _inputs(path: Path, provenance: dict[str, str], depth: int, seen: set[Path]) -> Iterator[Link]:
    for name, recorded in json.loads(provenance["input_digests"]).items():
        source = _found(path, name)
        state = MISSING if source is None else _state(source, recorded)
        if source is None or state == UNREADABLE:
            yield Link(name, depth, state, {}, repeated=False)
            continue
        own = _provenance(source)
        repeated = bool(own) and source in seen
        seen.add(source)
        yield Link(name, depth, state, own, repeated)
        if own and not repeated:
            yield from _inputs(source, own, depth + 1, seen)


def _found(path: Path, name: str) -> Path | None:
    """The input of that name in the study that a file belongs to."""
    places = [path.parent.parent / name, path.parent / name]
    return next((place for place in places if place.is_file()), None)


def _state(path: Path, recorded: str) -> str:
    try:
        return RECORDED if storage.digest(path) == recorded else CHANGED
    except InputError:
        return UNREADABLE


def _provenance(path: Path) -> dict[str, str]:
    """Of a file that need not tell any: one that came from elsewhere."""
    try:
        return storage.read_provenance(path)
    except InputError:
        return {}
