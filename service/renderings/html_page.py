"""A report as one HTML file that prints: no script, nothing is loaded, and its one style is known by its hash.

The file carries its policy itself, so that a copy on a disk may do as little as the answer over HTTP.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from typing import Final

from service.renderings.page_blocks import Block, Heading, Items, Paragraph, Table, page_blocks
from service.renderings.page_sentences import Page
from service.renderings.standing import marks_of
from service.schemas import ReportDocument

# Contrast of text on its ground is 4.5 and more (WCAG 2.2, 1.4.3). On paper, what is fixed stands on every page.
_STYLE: Final = (
    "html{color-scheme:light}body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;"
    "color:#1a1a1a;background:#fff}h1{font-size:1.5rem;line-height:1.2;margin:0 0 1rem}"
    "h2{font-size:1.125rem;margin:1.75rem 0 .375rem;color:#0b4f6c}p,ul,ol{margin:.25rem 0}"
    "ul,ol{padding-left:1.5rem}.mark{font-weight:700;border:2px solid #8a1c1c;color:#8a1c1c;padding:.25rem .75rem;"
    "margin:0 0 .375rem}.notice{border-left:4px solid #0b4f6c;padding:.25rem .75rem;margin:.75rem 0}"
    ".warning{background:#fff4e0;border-left:4px solid #8a5a00;padding:.5rem .75rem .5rem 2rem}"
    ".small{font-size:.875rem;color:#4a4a4a}.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;"
    "font-size:.875rem}th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;"
    "border-bottom:1px solid #ccc}tbody th{font-weight:400}.running{display:none}"
    "@page{margin:18mm 16mm 22mm}@media print{body{margin:0;max-width:none;padding:0;font-size:10pt}"
    "h2{break-after:avoid}tr,li{break-inside:avoid}thead{display:table-header-group}.scroll{overflow:visible}"
    ".running{display:block;position:fixed;bottom:-14mm;left:0;right:0;font-size:8pt;font-weight:700;color:#8a1c1c}}"
)
_HASH: Final = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_NOTHING_BUT_STYLE: Final = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
POLICY: Final = f"{_NOTHING_BUT_STYLE}; frame-ancestors 'none'"  # a page may not say by itself who frames it


def report_html(document: ReportDocument) -> str:
    """The report as one HTML file."""
    return "".join(_page(document))


def _page(document: ReportDocument) -> Iterator[str]:
    page = Page.of(document)
    lang = escape(document.lang, quote=True)
    yield f'<!doctype html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
    yield f"<title>{escape(page.title)}</title>\n"
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(_NOTHING_BUT_STYLE, quote=True)}">\n'
    yield f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
    for block in page_blocks(document):
        yield f"{_element(block)}\n"
    marks = escape(" · ".join(marks_of(document, page.words)))
    # what is repeated on paper has been read out at the top
    yield f'</main>\n<div class="running" aria-hidden="true">{marks}</div>\n</body>\n</html>\n'


def _element(block: Block) -> str:
    match block:
        case Heading(level, text):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Paragraph(text, kind):
            return f"<p>{escape(text)}</p>" if kind == "plain" else f'<p class="{kind}">{escape(text)}</p>'
        case Items():
            return _list(block)
        case Table():
            return _table(block)


def _list(block: Items) -> str:
    items = "".join(f"<li>{escape(item)}</li>" for item in block.items)
    if block.kind == "numbered":
        return f"<ol>{items}</ol>"
    return f'<ul class="warning">{items}</ul>' if block.kind == "warning" else f"<ul>{items}</ul>"


def _table(block: Table) -> str:
    heads = "".join(f'<th scope="col">{escape(head)}</th>' if head else "<td></td>" for head in block.heads)
    rows = "".join(_row(*row) for row in block.rows)
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    # who has no pointer must be able to reach what scrolls (WCAG 2.2, 2.1.1)
    name = escape(block.name, quote=True)
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{name}">{table}</div>'


def _row(name: str, *cells: str) -> str:
    return f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
