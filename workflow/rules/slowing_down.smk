rule slowing_down:
    input:
        relaxation=stage_files("relaxation"),
    output:
        slowing_down=f"{RESULTS}/tables/slowing_down.csv",
        slowing_down_laws=f"{RESULTS}/tables/slowing_down_laws.csv",
        provenance=expand(
            f"{RESULTS}/tables/{{table}}.csv.provenance.json",
            table=["slowing_down", "slowing_down_laws"],
        ),
    log:
        f"{RESULTS}/logs/slowing_down.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("slowing_down"),
        runtime=minutes("slowing_down"),
    params:
        code=code("slowing_down"),
        seed=config["seed"],
    message:
        "Measure how relaxation slows down on cooling."
    script:
        "../scripts/slowing_down.py"
