if "landscape" in config:

    use rule figure1 as figure5 with:
        input:
            landscape=f"{RESULTS}/tables/landscape.csv",
            critical=f"{RESULTS}/tables/gamma_c_trends.csv",
            states=f"{RESULTS}/tables/state_points.csv",
        output:
            **figure_files(5),
        log:
            f"{RESULTS}/logs/figure5.log",
        localrule: True
        params:
            number=5,
        message:
            "Draw soft modes along the dynamics, in and between metabasins."


if "cyclic" in config:

    use rule figure1 as figure6 with:
        input:
            cyclic=f"{RESULTS}/tables/cyclic_shear.csv",
            critical=f"{RESULTS}/tables/gamma_c_trends.csv",
            states=f"{RESULTS}/tables/state_points.csv",
        output:
            **figure_files(6),
        log:
            f"{RESULTS}/logs/figure6.log",
        localrule: True
        params:
            number=6,
        message:
            "Draw what cyclic shear comes to, against its amplitude."
