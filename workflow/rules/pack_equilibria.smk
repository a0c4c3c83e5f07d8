# takes what there is, whenever it is asked for; so it has neither inputs nor outputs
rule pack_equilibria:
    log:
        f"{RESULTS}/logs/pack_equilibria.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    params:
        results=workflow.modifier.modify_path(RESULTS),
    message:
        f"Pack the equilibria of the study {config['study']}."
    script:
        "../scripts/pack_equilibria.py"
