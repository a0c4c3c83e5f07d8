rule compile:
    output:
        done=KERNELS,
    log:
        f"{RESULTS}/logs/compile.log",
    # goes before any number of other jobs; as an input of theirs it would make their files out of
    # date whenever it lacks
    priority: 1000000
    conda:
        ENVIRONMENT
    threads: 2
    resources:
        mem_mb=megabytes("compile"),
        runtime=minutes("compile"),
        # all there are: with a limit, as in profiles/slurm, jobs with kernels wait for this one;
        # without, they wait for each kernel that is not compiled yet
        kernels=1000000,
    params:
        code=[
            code(stage)
            for stage in (
                "equilibrate",
                "isoconfigurational",
                "quench",
                "diagonalise",
                "overlap",
                "vary",
            )
        ],
        precision=config["precision"],
    message:
        "Compile the kernels once, for all jobs to come: a minute or two on two cores."
    script:
        "../scripts/compile.py"
