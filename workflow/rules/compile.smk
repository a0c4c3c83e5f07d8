rule compile:
    output:
        done=KERNELS,
    log:
        f"{RESULTS}/logs/compile.log",
    priority: 20
    conda:
        ENVIRONMENT
    threads: 2
    resources:
        mem_mb=megabytes("compile"),
        runtime=minutes("compile"),
    params:
        code=[
            code(stage)
            for stage in (
                "equilibrate",
                "relaxation",
                "isoconfigurational",
                "quench",
                "diagonalise",
                "overlap",
            )
        ],
        precision=config["precision"],
    message:
        "Compile the kernels once, for all jobs to come."
    script:
        "../scripts/compile.py"
