"""Soft modes and nonaffine rearrangements in the inherent structures of supercooled liquids.

Names in `PUBLIC` are taken from their modules when they are first asked for, so that the package
alone is imported in no time. A module's name is never that of something else: what `overlap`
computes is `softmodes.analysis.overlap.overlap`.
"""

from importlib import import_module

__version__ = "0.1.0"

PUBLIC = {
    "Cell": "system.cell",
    "Configuration": "system.configuration",
    "Mixture": "system.mixture",
    "equilibrate": "dynamics.equilibration",
    "hessian": "landscape.hessian",
    "lowest_modes": "landscape.modes",
    "quench": "landscape.quench",
    "random_start": "dynamics.trajectory",
    "run_ensemble": "dynamics.isoconfigurational",
    "schedule": "dynamics.equilibration",
    "soft_participation": "landscape.modes",
    "top_clusters": "analysis.overlap",
}
"""The module of each public name."""


def __getattr__(name: str) -> object:
    if name not in PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC})
