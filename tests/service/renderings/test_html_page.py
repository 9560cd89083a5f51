"""HTML of a report: self-contained, under its own policy, complete, and nothing of the text can steer it."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.renderings.html_page import POLICY, report_html
from service.renderings.page_words import ENGLISH, GERMAN
from service.renderings.report_text import report_text
from service.schemas import ReportDocument
from tests.service.renderings.any_document import documents
from tests.service.renderings.told_reports import demonstration, german, measured, told

VOID = {"meta", "br"}


class Read(HTMLParser):
    """Elements, attributes and words of a page; fails where elements do not close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def test_nothing_is_loaded_and_nothing_runs() -> None:
    page = Read(report_html(told()))
    assert not {"script", "link", "img", "iframe", "form", "object", "base"} & set(page.tags)
    assert not {"src", "href", "style", "srcset"} & {name for name, _ in page.attributes}
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_the_one_style_is_that_of_the_policy() -> None:
    page = report_html(told())
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in POLICY
    assert "default-src 'none'" in POLICY
    assert f"sha256-{digest}" in page  # a copy on a disk brings its policy with it
    assert "url(" not in style
    assert "@import" not in style


def test_it_says_all_that_the_text_says() -> None:
    for document in (told(), measured(), demonstration(), german()):
        page = {word.casefold() for word in Read(report_html(document)).words}
        ours = {"!", "=", "-", "•", "1.", "2."}
        said = {word.casefold() for word in report_text(document).split() if not set(word) <= {"="}} - ours
        assert said - page == set()


def test_a_draft_and_a_demonstration_are_marked_on_screen_and_on_every_printed_page() -> None:
    page = report_html(demonstration())
    for mark in (ENGLISH.draft_mark, ENGLISH.demonstration_mark, ENGLISH.unlike_mark):
        assert page.count(mark) == 2
    assert ENGLISH.demonstration_mark not in report_html(told())
    assert ENGLISH.draft_mark in report_html(told())
    assert page.index(ENGLISH.demonstration_mark) < page.index("<h2>")


def test_german_is_german() -> None:
    page = report_html(german())
    assert '<html lang="de">' in page
    for part in (GERMAN.draft_mark, "Linker Ventrikel", "Die Größe ist normal, ≥ 57 %.", "Warnungen", "Phänotypen"):
        assert part in page
    assert ENGLISH.draft_mark not in page


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</style>&#0;"])
def test_text_is_text(hostile: str) -> None:
    section = told().sections[0].model_copy(update={"text": hostile, "title": hostile})
    changes: dict[str, Any] = {"sections": [section], "draft_notice": hostile, "lang": hostile}
    page = Read(report_html(told().model_copy(update=changes)))
    assert not {"script", "img"} & set(page.tags)


def test_headings_and_tables_are_what_they_look_like() -> None:
    page = report_html(told())
    assert page.count("<h1>") == 1
    assert "<h2>Impression</h2>" in page
    assert '<th scope="col">' in page
    assert '<th scope="row">mitral stenosis</th>' in page


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(documents(ReportDocument), st.sampled_from(["en", "de", "fr", ""]), st.sampled_from(["echo", "", "toy"]))
def test_any_document_is_a_page(whole: ReportDocument, lang: str, modality: str) -> None:
    one = whole.model_copy(update={"lang": lang, "modality": modality})
    assert Read(report_html(one)).tags[0] == "html"
    assert report_html(one) == report_html(one)
