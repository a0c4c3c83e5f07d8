"""Tables, verdicts, figures and pages."""

__all__ = [
    "archive",
    "beyond",
    "causes",
    "checks",
    "evidence",
    "figures",
    "letter",
    "maps",
    "pages",
    "rendering",
    "summary",
    "summary_page",
    "tables",
    "verdicts",
]
