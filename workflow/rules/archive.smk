# tables that others are made of: their provenance names the HDF5 files
PARTS = [
    *OVERLAPS,
    *(VARIED if "variants" in config else []),
    *(LANDSCAPES if "landscape" in config else []),
    *(RESPONSES if "linear_response" in config else []),
]
# all that a study comes to but the HDF5 files: what is asked for, and what is packed
STUDY_FILES = [
    *PARTS,
    *(f"{part}.provenance.json" for part in PARTS),
    *rules.aggregate.output,
    *rules.gamma_c.output,
    *rules.checks.output,
    *rules.slowing_down.output,
    *rules.maps.output,
    *(rules.variants.output if "variants" in config else []),
    *(rules.cyclic_table.output if "cyclic" in config else []),
    *(rules.landscape_table.output if "landscape" in config else []),
    *(rules.linear_response.output if "linear_response" in config else []),
    *(path for number in figure_numbers(config) for path in flatten(figure_files(number).values())),
    *rules.summary.output,
]


rule archive:
    input:
        results=STUDY_FILES,
        repository=[
            str(REPOSITORY / name)
            for name in (
                "LICENSE",
                "CITATION.cff",
                "envs/Dockerfile",
                "envs/lock.txt",
                "envs/softmodes.def",
                "envs/softmodes.yaml",
            )
        ],
    output:
        archive=f"{RESULTS}/{config['study']}.zip",
    log:
        f"{RESULTS}/logs/archive.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    params:
        code=code("archive"),
    message:
        f"Pack the study {config['study']}."
    script:
        "../scripts/archive.py"


# without an output of its own it runs whenever it is asked for
rule verify:
    input:
        archive=rules.archive.output.archive,
    log:
        f"{RESULTS}/logs/verify.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    params:
        verdict=lambda _, input: str(Path(input.archive).with_suffix(".verdict.json")),
    message:
        f"Check the archive of the study {config['study']}."
    script:
        "../scripts/verify.py"
