"""The HTML report of a run, looked at in a browser: what a reader sees, and what it asks for."""

import base64
import json
from pathlib import Path

import chromium
import pytest

from softmodes.report import drawing, tables

ROOT = Path(__file__).parents[1]
TEST = ROOT / "config" / "test.yaml"
ROWS = "document.querySelectorAll('#app tbody tr')"

pytestmark = pytest.mark.skipif(
    chromium.EXECUTABLE is None,
    reason="no chromium here: apt-get install --no-install-recommends chromium",
)


@pytest.fixture(scope="module")
def report(study, snakemake, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    done = snakemake(study, TEST, "--report", str(path))
    assert done.returncode == 0, done.stdout
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium.page(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def page(browser, report):
    """The report, just opened."""
    browser.open(report)
    browser.wait("document.querySelector('#app a') !== null")
    return browser


def follow(page, link):
    """Click on what reads as `link`."""
    links = f"[...document.querySelectorAll('#app a')].filter(a => a.innerText.trim() === '{link}')"
    page.wait(f"{links}.length === 1")
    page.evaluate(f"{links}[0].click()")


def show(page, category, row):
    """Show an entry of a category beside it, by the eye in its row."""
    follow(page, category)
    page.wait(f"{ROWS}.length > {row}")
    page.evaluate(f"{ROWS}[{row}].querySelectorAll('a')[0].click()")
    page.wait("document.querySelectorAll('iframe').length === 1")


def describe(page, row):
    """The text of the description of an entry, by the i in its row."""
    page.evaluate(f"{ROWS}[{row}].querySelectorAll('a')[1].click()")
    page.wait("document.body.innerText.includes('DESCRIPTION')")
    return page.text()


def test_the_front_page_says_what_the_study_is(page):
    text = page.text()
    assert "Soft modes and nonaffine rearrangements: study test" in text
    assert "2 samples of N = 120 soft disks of two sizes, at T = 1.0, 0.6." in text
    assert "{{" not in text


@pytest.mark.parametrize(
    ("number", "first", "last"),
    [
        (
            1,
            "Do soft places stay mobile places under shear",
            "what its error bars, lines and bands are.",
        ),
        (2, "The colder the liquid", "what the error bars and lines are."),
        (3, "One configuration, seen four ways", "took the system to a neighbouring minimum."),
        (4, "How many modes make a soft place", "many modes take part in yielding."),
    ],
)
def test_a_figure_is_shown_whole_with_its_caption(page, results, number, first, last):
    show(page, "1. Figures", number - 1)
    page.wait("document.images.length === 1 && document.images[0].naturalWidth > 500", True)
    source = page.evaluate("document.images[0].src", True)
    drawn = (results / "figures" / f"fig{number}.png").read_bytes()
    assert base64.b64decode(source.removeprefix("data:image/png;base64,")) == drawn
    assert page.evaluate(
        "(box => 0 <= box.top && box.bottom <= innerHeight && box.right <= innerWidth)"
        "(document.images[0].getBoundingClientRect())",
        True,
    )
    below = page.evaluate("document.querySelector('figcaption').innerText", True)
    assert below == drawing.caption(results / "figures" / f"fig{number}.png") != ""
    text = describe(page, number - 1)
    assert first in text
    assert last in text
    assert len(text) > 600
    assert "{{" not in text
    assert "System Message" not in text


def test_the_summary_is_shown_as_tables(page, results):
    show(page, "2. Summary", 0)
    page.wait("document.querySelectorAll('table').length > 5", True)
    text = page.evaluate("document.body.innerText", True)
    found = json.loads((results / "summary.json").read_text())
    for item in found["statements"] + found["controls"]:
        assert f"{item['name']}\t{item['statement']}\t" in text
        assert f"\t{item['verdict']}" in text


def test_each_sample_has_a_page_under_its_labels(page, results):
    follow(page, "3. Samples")
    page.wait(f"{ROWS}.length === 4")
    labels = page.evaluate(
        f"[...{ROWS}].map(row => [...row.querySelectorAll('td')].slice(0, 3).map(e => e.innerText))"
    )
    assert labels == [["120", t, s] for t in ("0.600", "1.000") for s in ("000", "001")]
    states = tables.read_csv(results / "tables" / "state_points.csv")
    for row, (_, temperature, sample) in enumerate(labels):
        page.evaluate(f"{ROWS}[{row}].querySelectorAll('a')[0].click()")
        title = f"N = 120, T = {float(temperature):g}, sample {int(sample)}"
        page.wait(f"document.querySelector('h1')?.innerText === '{title}'", True)
        text = page.evaluate("document.body.innerText", True)
        (state,) = states[
            (states["temperature"] == float(temperature)) & (states["sample"] == int(sample))
        ].to_dict("records")
        assert f"density, 1/σ11²\t{state['density']:.4g}\n" in text
        assert f"mean Debye–Waller factor, σ11²\t{state['debye_waller']:.4g}\n" in text
        assert "equilibrated\tno\n" in text


def test_the_run_times_of_all_jobs_are_drawn(page, study):
    follow(page, "Statistics")
    page.wait("document.querySelectorAll('.vega-embed canvas, .vega-embed svg.marks').length === 2")
    drawn = page.evaluate("runtimes_spec.data.values")
    assert len(drawn) == 1 + 4 * 4 + 2 + 5 + 4 + 1 + 1
    assert all(job["runtime"] > 0 for job in drawn)


def test_it_asks_nothing_of_the_network(browser, report):
    """Whatever is clicked on."""
    del browser.requests[:]
    browser.open(report)
    for link in ("Workflow", "Statistics", "About"):
        follow(browser, link)
    for category, rows in (("1. Figures", 4), ("2. Summary", 1), ("3. Samples", 4)):
        browser.open(report)
        show(browser, category, 0)
        for row in range(rows):
            browser.evaluate(f"{ROWS}[{row}].querySelectorAll('a')[0].click()")
            browser.wait("document.querySelector('iframe').src === app.state.contentPath")
            browser.wait("document.readyState === 'complete'", True)
    elsewhere = [
        address
        for address in browser.requests
        if address != report.as_uri() and not address.startswith(("data:", "blob:"))
    ]
    assert len({address for address in browser.requests if "text/html" in address[:20]}) == 9
    assert elsewhere == []


def test_the_browser_would_have_noticed_a_request(browser, tmp_path):
    """From within a frame too."""
    inner = base64.b64encode(b"<img src='http://192.0.2.1/picture.png'>").decode()
    path = tmp_path / "page.html"
    path.write_text(f"<iframe src='data:text/html;base64,{inner}'></iframe>")
    browser.open(path)
    browser.wait("document.images.length === 1", True)
    assert "http://192.0.2.1/picture.png" in browser.requests
