rule checks:
    input:
        equilibrium=stage_files("equilibrium"),
        isoconfigurational=stage_files("isoconfigurational"),
        quench=stage_files("quench"),
        modes=stage_files("modes"),
    output:
        checks=f"{RESULTS}/tables/checks.csv",
        provenance=f"{RESULTS}/tables/checks.csv.provenance.json",
    log:
        f"{RESULTS}/logs/checks.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("checks"),
        runtime=minutes("checks"),
        kernels=1,
    params:
        code=code("checks"),
        time_steps={
            f"{entry['temperature']:.3f}": entry["time_step"] for entry in config["temperatures"]
        },
        pressure=config["ensemble"].get("pressure"),
    message:
        "Check the results of all state points against each other."
    script:
        "../scripts/checks.py"
