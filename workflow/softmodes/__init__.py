"""Soft modes and nonaffine rearrangements in the inherent structures of supercooled liquids.

Names in `PUBLIC` are taken from their modules when they are first asked for, so that the package
alone is imported in no time. A module's name is never that of something else: what `overlap`
computes is `softmodes.overlap.overlap`.
"""

from importlib import import_module

__version__ = "0.1.0"

PUBLIC = {
    "Cell": "cell",
    "Configuration": "configuration",
    "Mixture": "model",
    "equilibrate": "dynamics",
    "hessian": "modes",
    "lowest_modes": "modes",
    "quench": "minimise",
    "random_start": "dynamics",
    "run_ensemble": "isoconfigurational",
    "schedule": "dynamics",
    "soft_participation": "modes",
    "top_clusters": "overlap",
}
"""The module of each public name."""


def __getattr__(name: str) -> object:
    if name not in PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC})
