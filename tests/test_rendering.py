"""Numbers and texts as pages show them, and pages that lack what they ask for."""

import math

import jinja2
import pytest

from softmodes.report import rendering


@pytest.mark.parametrize(
    ("mean", "error", "shown"),
    [
        (0.33512, 0.02371, "0.335 ± 0.024"),
        (13.448, 1.2, "13.4 ± 1.2"),
        (1234.5, 123.4, "1234 ± 123"),
        (0.0123, 0.0, "0.0123"),
        (0.0123, None, "0.0123"),
        (None, 0.1, "–"),
    ],
)
def test_an_error_gives_two_digits_to_both(mean, error, shown):
    assert rendering.plus_minus(mean, error) == shown


def test_an_interval_may_lack_an_end():
    assert rendering.to(0.04377, 0.07463) == "0.0438 to 0.0746"
    assert rendering.to(0.04377, 0.07463, 2) == "0.044 to 0.075"
    assert rendering.to(0.04377, None) == "0.0438 to –"
    assert rendering.to(None, None) == "–"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "yes"),
        (False, "no"),
        (0.123456, "0.1235"),
        (123456, "123456"),
        ("fit failed", "fit failed"),
        (math.nan, "–"),
        (None, "–"),
    ],
)
def test_an_entry_is_short(value, shown):
    assert rendering.entry(value) == shown


def test_a_text_is_no_part_of_a_page_of_html():
    page = rendering.render("figure.html", title="a <b>", image="", caption='r < r_c, "N" & T')
    assert "<title>a &lt;b&gt;</title>" in page
    assert "<figcaption>r &lt; r_c, &#34;N&#34; &amp; T</figcaption>" in page


def test_a_page_that_lacks_a_value_is_not_written():
    with pytest.raises(jinja2.UndefinedError, match="'caption' is undefined"):
        rendering.render("figure.html", title="Figure 1", image="")
