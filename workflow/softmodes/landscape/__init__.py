"""Inherent structures and their modes."""

__all__ = [
    "cyclic_shear",
    "hessian",
    "lanczos",
    "modes",
    "quench",
    "response",
    "shear",
    "visited",
]
