"""The summary as a page to read and as JSON, from the plain data of `summary.compare`."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

from softmodes.analysis.statistics import CONFIDENCE
from softmodes.report import rendering
from softmodes.report.verdicts import TOO_SMALL
from softmodes.study import atomic


def write(found: dict[str, Any], markdown_path: str | Path, json_path: str | Path) -> None:
    """Write a summary as text to read and as JSON, each atomically."""
    with atomic.replacing(json_path) as temporary:
        text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")
    with atomic.replacing(markdown_path) as temporary:
        temporary.write_text(markdown(found), encoding="utf-8")


def markdown(found: dict[str, Any]) -> str:
    """A summary as `summary` gives it, as a page to read."""
    shown = found | {
        "checks": _closest(found["checks"]),
        "verdicts": Counter(item["verdict"] for item in found["statements"]),
        "confidence": f"{CONFIDENCE:.0%}",
        "too_small": TOO_SMALL,
    }
    return rendering.render("summary.md", **shown)


def _closest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row per check: the state point that comes closest to a limit, or is farthest off."""
    by_check: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_check.setdefault(row["check"], []).append(row)
    return [
        max(some, key=_nearness)
        | {"n_passed": sum(row["passed"] for row in some), "n_checked": len(some)}
        for some in by_check.values()
    ]


def _nearness(row: dict[str, Any]) -> float:
    """Distance from what is expected over that of the limit on that side."""
    if row["value"] is None:
        return math.inf
    limit = row["upper"] if row["value"] > row["expected"] else row["lower"]
    distance = row["value"] - row["expected"]
    return distance / (limit - row["expected"]) if distance and limit != row["expected"] else 0.0
