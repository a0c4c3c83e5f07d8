"""Trajectories, equilibration and isoconfigurational runs."""

__all__ = [
    "cuda",
    "cuda_kernels",
    "equilibration",
    "interruption",
    "isoconfigurational",
    "replicas",
    "trajectory",
]
