"""Trajectories, equilibration and isoconfigurational runs."""

__all__ = [
    "cuda",
    "cuda_kernels",
    "interruption",
    "isoconfigurational",
    "trajectory",
]
