# of blocks that the study may lack
BLOCK_TABLES = {
    table: f"{RESULTS}/tables/{table}.csv"
    for block, table in (
        ("landscape", "landscape"),
        ("cyclic", "cyclic_shear"),
        ("linear_response", "linear_response"),
        ("variants", "variants"),
        ("variants", "shear_directions"),
    )
    if block in config
}


rule summary:
    input:
        **BLOCK_TABLES,
        overlap_vs_gamma=f"{RESULTS}/tables/overlap_vs_gamma.csv",
        overlap_vs_temperature=f"{RESULTS}/tables/overlap_vs_temperature.csv",
        overlap_vs_modes=f"{RESULTS}/tables/overlap_vs_modes.csv",
        energy_stress=f"{RESULTS}/tables/energy_stress.csv",
        gamma_c=f"{RESULTS}/tables/gamma_c.csv",
        gamma_c_trends=f"{RESULTS}/tables/gamma_c_trends.csv",
        state_points=f"{RESULTS}/tables/state_points.csv",
        checks=f"{RESULTS}/tables/checks.csv",
    output:
        markdown=f"{RESULTS}/summary.md",
        json=f"{RESULTS}/summary.json",
        provenance=multiext(f"{RESULTS}/summary", ".md.provenance.json", ".json.provenance.json"),
    log:
        f"{RESULTS}/logs/summary.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("summary"),
        runtime=minutes("summary"),
    params:
        code=code("summary"),
        study=config["study"],
        model=MODEL,
        seed=config["seed"],
    message:
        "Set the study's figures beside the Letter's statements."
    script:
        "../scripts/summary.py"
