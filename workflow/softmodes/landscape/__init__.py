"""Inherent structures and their modes."""

__all__ = [
    "hessian",
    "lanczos",
    "modes",
    "quench",
    "response",
    "shear",
    "visited",
]
