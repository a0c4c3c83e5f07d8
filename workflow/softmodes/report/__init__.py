"""Tables, verdicts, figures and pages."""

__all__ = [
    "archive",
    "beyond",
    "causes",
    "checks",
    "choices",
    "drawing",
    "evidence",
    "figures",
    "figures_beyond",
    "letter",
    "maps",
    "pages",
    "rendering",
    "summary",
    "summary_page",
    "tables",
    "verdicts",
]
