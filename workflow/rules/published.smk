PUBLISHED = REPOSITORY / "results" / "published" / config["study"]
# tables that not every study has, and the figures that are drawn of them
BEYOND = {
    name: number
    for name, number in {"landscape": 5, "cyclic_shear": 6, "linear_response": 7}.items()
    if Path(PUBLISHED, f"{name}.csv").exists()
}


rule figures:
    input:
        **{name: f"{PUBLISHED}/{name}.csv" for name in BEYOND},
        overlap_vs_gamma=f"{PUBLISHED}/overlap_vs_gamma.csv",
        energy_stress=f"{PUBLISHED}/energy_stress.csv",
        gamma_c=f"{PUBLISHED}/gamma_c.csv",
        gamma_c_trends=f"{PUBLISHED}/gamma_c_trends.csv",
        overlap_vs_temperature=f"{PUBLISHED}/overlap_vs_temperature.csv",
        maps=f"{PUBLISHED}/maps.csv",
        overlap_vs_modes=f"{PUBLISHED}/overlap_vs_modes.csv",
        state_points=f"{PUBLISHED}/state_points.csv",
        summary=f"{PUBLISHED}/summary.md",
    output:
        report=f"{RESULTS}/published/report.html",
        figures=expand(
            f"{RESULTS}/published/fig{{number}}.{{suffix}}",
            number=[1, 2, 3, 4, *BEYOND.values()],
            suffix=["pdf", "png", "pdf.provenance.json", "png.provenance.json"],
        ),
    log:
        f"{RESULTS}/logs/published_figures.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    params:
        code=code("published_figures"),
    message:
        f"Draw the figures of the tables published in {PUBLISHED}: nothing is simulated."
    script:
        "../scripts/published_figures.py"
