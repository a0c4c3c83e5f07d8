"""One module per stage of the study: read, compute, write."""

__all__ = [
    "aggregate",
    "archive",
    "checks",
    "compile",
    "diagonalise",
    "ensembles",
    "equilibrate",
    "equilibrate_batch",
    "estimate",
    "figure",
    "gamma_c",
    "isoconfigurational",
    "isoconfigurational_batch",
    "overlap",
    "pack_equilibria",
    "pages",
    "quench",
    "summary",
    "verify",
]
