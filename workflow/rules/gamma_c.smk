rule gamma_c:
    input:
        overlap=f"{RESULTS}/tables/overlap_vs_gamma.csv",
        energy=f"{RESULTS}/tables/energy_stress.csv",
    output:
        gamma_c=f"{RESULTS}/tables/gamma_c.csv",
        gamma_c_trends=f"{RESULTS}/tables/gamma_c_trends.csv",
        provenance=expand(
            f"{RESULTS}/tables/{{table}}.csv.provenance.json",
            table=["gamma_c", "gamma_c_trends"],
        ),
    log:
        f"{RESULTS}/logs/gamma_c.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("gamma_c"),
        runtime=minutes("gamma_c"),
    params:
        code=code("gamma_c"),
        seed=config["seed"],
    message:
        "Find the critical strains, and how they depend on T and N."
    script:
        "../scripts/gamma_c.py"
