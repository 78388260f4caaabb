# SPDX-License-Identifier: Apache-2.0
"""The page of a run: whole in itself, harmless whatever boards say, and read in any browser."""

from __future__ import annotations

import html.parser
import pathlib
import re

import pytest

from hil_tests.report import rendering, shown
from tests.hil import recorded_runs
from tests.hil.chromium import Chromium

RUNS = {
    "one": recorded_runs.run,
    "thirty": lambda: recorded_runs.run(boards=30, failing=2),
    "hostile": recorded_runs.hostile,
}
VOID = ("meta", "br")


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, pathlib.Path]:
    """The pages of runs that were made up."""
    directory = tmp_path_factory.mktemp("pages")
    made = {name: directory / f"{name}.html" for name in RUNS}
    for name, path in made.items():
        rendering.write(RUNS[name](), path)
    return made


class Page(html.parser.HTMLParser):
    """What a page consists of."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def of(self, *names):
        return [(tag, attrs) for tag, attrs in self.tags if tag in names]


@pytest.mark.parametrize("name", RUNS)
def test_nothing_runs_and_nothing_is_fetched(pages, name):
    text = pages[name].read_text(encoding="utf-8")
    page = Page(text)
    assert not page.of("script", "link", "img", "iframe", "object", "base", "form", "use", "image")
    for tag, attrs in page.tags:
        assert not [one for one in attrs if one.startswith("on") or one in ("src", "srcset")], tag
        assert attrs.get("href", "#").startswith("#")
    policy = [attrs["content"] for _, attrs in page.of("meta") if "http-equiv" in attrs]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]


@pytest.mark.parametrize("name", RUNS)
def test_what_is_invisible_or_turns_the_writing_is_shown_escaped(pages, name):
    text = pages[name].read_text(encoding="utf-8")
    assert {char for char in text if not char.isprintable()} <= {"\n", "\t"}


def test_hostile_words_are_all_there_to_be_read(pages):
    text = html.unescape(pages["hostile"].read_text(encoding="utf-8"))
    for word in ("</script></style></pre>", "{{ 7 * 7 }}", r"\x1b[2J", r"right\u202eot", r"\ud800"):
        assert word in text
    assert "(4,800 more characters)" in text


@pytest.mark.parametrize("name", RUNS)
def test_it_has_headings_labels_and_targets_in_order(pages, name):
    page = Page(pages[name].read_text(encoding="utf-8"))
    levels = [int(tag[1]) for tag, _ in page.of("h1", "h2", "h3", "h4")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    wanted = {attrs["href"][1:] for _, attrs in page.of("a")}
    wanted |= {attrs["aria-labelledby"] for _, attrs in page.tags if "aria-labelledby" in attrs}
    assert wanted <= set(ids)
    assert all(attrs.get("scope") in ("col", "row") for _, attrs in page.of("th"))
    for _, attrs in page.of("svg"):
        assert attrs.get("aria-label") or attrs.get("aria-hidden") == "true"


def first_words(run) -> str:
    body = rendering.render(run).partition("<body>")[2]
    return " ".join(re.sub("<[^>]*>", " ", body).split())


def test_the_first_line_says_when_nothing_was_attached():
    run = recorded_runs.run()
    run.line = "hil: no board is attached: this runs on the host template"
    run.boards[0].kind = "host"
    assert first_words(run).startswith("No board is attached: this runs on the host template")
    assert 'class="line stand-in"' in rendering.render(run)
    assert 'class="line stand-in"' not in rendering.render(recorded_runs.run())


def test_what_went_wrong_comes_before_all_else():
    said = first_words(recorded_runs.run(boards=3, failing=2))
    order = ["2 of 3 boards failed", "2 failed, 27 not run, 58 passed of 87 tests", "SIGKILL"]
    places = [said.index(words) for words in [*order, "Dead since", "Boards", "Latencies"]]
    assert places == sorted(places)


def test_a_run_that_was_killed_is_no_success():
    run = recorded_runs.run()
    run.exit_status = None
    assert "The run did not come to its end" in first_words(run)


def test_logs_are_cut_in_the_middle_and_reasons_found():
    log = shown.log("begin\n" + "x" * 50 * shown.LONG + "\nend")
    assert len(log) < 1.1 * shown.LONG
    assert log.startswith("begin") and log.endswith("end") and "characters are left out" in log
    assert shown.reason("a\nE   Lost: b\nE   c\nd") == "Lost: b"
    assert shown.reason("worker crashed") == "worker crashed"
    assert shown.reason("") == "it is not said why"


def colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})\b", css))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(share * one for share, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's ratio."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_texts_stand_out_in_both_colour_schemes():
    css = pathlib.Path(rendering.__file__).with_name("page").joinpath("page.css").read_text()
    light, dark, _ = css.split(":root {")[1:]
    for scheme in (colours(light.partition("}")[0]), colours(dark.partition("}")[0])):
        for ground in ("page", "panel", "wrong-panel"):
            for text in ("text", "muted", "right", "wrong"):
                assert contrast(scheme[text], scheme[ground]) >= 4.5, (text, ground)
        assert contrast(scheme["notice"], scheme["notice-panel"]) >= 4.5
        assert contrast(scheme["data"], scheme["page"]) >= 3


def test_in_a_browser(require, pages, tmp_path):
    browser = Chromium(require("chromium", "look at the report's page"), tmp_path)
    try:
        browser.show(pages["one"], 1280)
        assert browser.pdf().startswith(b"%PDF")
        for name, page in pages.items():
            for width, scheme in ((360, "light"), (1280, "dark")):
                browser.show(page, width, scheme=scheme)
                seen = browser.evaluate(SEEN)
                assert seen["width"] <= width, (name, width, seen["over"])
                assert (seen["ground"] == "rgb(255, 255, 255)") == (scheme == "light")
                assert seen["title"].endswith("HIL tests")
                assert seen["dots"] > 0
                assert seen["closedLogs"] == 0
        assert browser.complaints == []
    finally:
        browser.close()


SEEN = """({
    width: document.documentElement.scrollWidth,
    over: [...document.querySelectorAll("main *")]
        .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
        .slice(0, 5).map(one => one.outerHTML.slice(0, 200)),
    ground: getComputedStyle(document.documentElement).backgroundColor,
    title: document.title,
    dots: [...document.querySelectorAll(".dot")].filter(one => one.getBBox().width >= 0).length,
    closedLogs: [...document.querySelectorAll("details[open] .log")]
        .filter(one => one.clientHeight < 10).length,
})"""
