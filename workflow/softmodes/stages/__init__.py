"""One module per stage of the study: read, compute, write."""

__all__ = [
    "batches",
    "ensembles",
]
