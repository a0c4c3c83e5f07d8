# takes what there is, whenever it is asked for; so it has neither inputs nor outputs
rule pack_equilibria:
    log:
        f"{RESULTS}/logs/pack_equilibria.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    params:
        results=RESULTS,
    message:
        "Pack the equilibria of the study {config[study]} into {RESULTS}/equilibria."
    script:
        "../scripts/pack_equilibria.py"
