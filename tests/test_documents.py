"""Documents cannot lie: sample, drawing, tree, pages, stages and log are what is there."""

import ast
import importlib
import inspect
import re
import tomllib
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from model.echo.taxonomy import PHENOTYPES, SECTIONS
from service.documents.examination import HeaderOut, MeasurementOut
from service.renderings.page_words import ENGLISH
from service.renderings.report_text import report_text
from service.schemas import (
    DEMONSTRATION_NOTICE,
    DRAFT_NOTICE,
    ClipOut,
    ImpressionStatement,
    PhenotypeOut,
    ReportDocument,
    SectionOut,
    WarningOut,
)

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
LOG = (ROOT / "LOG.md").read_text(encoding="utf-8")
ORDER = ["A sample report", "Two commands", "The service", "The drawing", "Tree", "Links"]
MOST_LINES = 150
MOST_FILES = {"a clip becomes a tensor": 10, "a section finds its neighbours": 8, "evidence becomes a sentence": 12}


def block(text: str, heading: str) -> str:
    """The text of one section of a page."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"no section {heading!r}"
    return found[1]


def sources() -> list[Path]:
    """Every file of text that may cite the log."""
    folders = [ROOT / name for name in ("service", "model", "index", "scripts", "tests", "docs")]
    inner = [path for folder in folders for path in folder.rglob("*") if path.suffix in {".py", ".md", ".sh"}]
    return [*inner, *(path for path in ROOT.glob("*.md") if path.name != "LOG.md")]


def test_readme_keeps_its_order_and_its_length() -> None:
    assert re.findall(r"^## (.+)$", README, re.MULTILINE) == ORDER
    assert len(README.splitlines()) <= MOST_LINES


def sample_document() -> ReportDocument:
    """A document of the shipped modality whose frame is that of the sample: sections, notices, warnings."""
    section: dict[str, Any] = {
        "assessed": True,
        "reason": None,
        "text": "Text.",
        "sentences": [],
        "views": [],
        "neighbours": [],
    }
    phenotypes = {
        row.name: PhenotypeOut(
            value=0.5, unit=row.unit, kind=row.kind, p10=0.0, p90=1.0, labelled=50, k=50,
            threshold=None, positive=None, section=row.section, reason=None,
        )
        for row in PHENOTYPES
    }  # fmt: skip
    clip = {"sha256": "0" * 64, "used": True, "skipped": None, "view": "A4C", "view_probability": 0.9, "start_frame": 0}
    estimated = (
        f"Numbers marked {ENGLISH.estimated} are the middle of what similar studies report, not measured in this one."
    )
    return ReportDocument(
        study_id="0",
        status="demonstration",
        draft_notice=f"{DRAFT_NOTICE} {DEMONSTRATION_NOTICE}",
        mode="rag",
        created=datetime(2026, 11, 29, tzinfo=UTC),
        header=HeaderOut(
            files=9,
            used=9,
            skipped=0,
            views=[],
            frame_rates=[],
            quality="no_limit_found",
            limits=[],
            sections_assessed=15,
            sections=15,
        ),
        impression=[ImpressionStatement(text="Severe mitral stenosis.", kind="finding", rests_on=[])],
        measurements=[
            MeasurementOut(
                name="atrial_septum_thickness",
                phenotype=None,
                section="Atrial Septum",
                value=7,
                unit="mm",
                decimals=0,
                source="estimated",
                candidates=15,
                asked=50,
            )
        ],
        sections=[SectionOut.model_validate({"name": name, **section}) for name in SECTIONS],
        phenotypes=phenotypes,
        clips=[ClipOut.model_validate({"clip": 1, **clip})],
        warnings=[
            WarningOut(code="synthetic_domain", text=DEMONSTRATION_NOTICE),
            WarningOut(code="estimated_numbers", text=estimated),
        ],
        provenance={},
        stage_seconds={},
    )


def frame(text: str) -> list[str]:
    """What of a printed report does not depend on the study: notices, warnings, headings, head of the table."""
    fixed = [line for line in text.splitlines() if line and not re.match(r"    |  \S", line)]
    lines = [line for line in fixed if not line.startswith((ENGLISH.study.split("{")[0], "Made by"))]
    notice = [line for line in text.splitlines() if line.startswith(("  any patient", "  one. [", "  name "))]
    whole = [re.sub(r" +", " ", line) for line in [*lines, *notice]]
    return [re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "DATE", line) for line in whole]


def test_the_sample_report_has_the_frame_of_a_report() -> None:
    sample = re.search(r"^```\n(.*?)^```", block(README, "A sample report"), re.MULTILINE | re.DOTALL)
    assert sample
    shown, whole = frame(sample[1]), frame(report_text(sample_document()))
    headings = {name.upper() for name in SECTIONS}
    assert [line for line in shown if line not in headings] == [line for line in whole if line not in headings]
    named = [line for line in shown if line in headings]
    assert len(named) > 3
    assert named == [line for line in whole if line in named]
    assert f"{len(SECTIONS) - len(named)} of its {len(SECTIONS)} sections" in README


def layers_of(contract: dict[str, object]) -> list[list[str]]:
    """The floors of an import contract, top first."""
    floors = contract["layers"]
    assert isinstance(floors, list)
    return [[name.strip() for name in floor.split("|")] for floor in floors]


def test_the_drawing_has_the_arrows_of_the_import_contracts() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    held = [one for one in contracts if one["type"] == "layers" and one.get("containers", ["service"]) == ["service"]]
    assert len(held) == 2
    demanded = {
        (upper, lower)
        for contract in held
        for above, below in pairwise(layers_of(contract))
        for upper in above
        for lower in below
    }
    drawn: set[tuple[str, str]] = set()
    for line in block(README, "The drawing").splitlines():
        if "-->" in line:
            groups = [[name.strip() for name in part.split("&")] for part in line.split("-->")]
            drawn |= {(upper, lower) for above, below in pairwise(groups) for upper in above for lower in below}
    assert drawn == demanded


def test_every_line_of_the_tree_exists_and_every_room_has_a_line() -> None:
    listed = [line.split()[0] for line in block(README, "Tree").splitlines() if line and line[0].isalnum()]
    assert [path for path in listed if not (ROOT / path).is_dir()] == []
    floors = [path for path in ROOT.iterdir() if (path / "__init__.py").is_file()]
    rooms = [inner for floor in floors if floor.name != "tests" for inner in floor.iterdir()]
    packages = {f"{path.relative_to(ROOT)}/" for path in [*floors, *rooms] if (path / "__init__.py").is_file()}
    assert packages <= set(listed)


def test_every_page_is_one_click_from_the_readme() -> None:
    linked = {ROOT / target for target in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in target}
    pages = {*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")} - {ROOT / "README.md"}
    assert pages == linked


@pytest.mark.parametrize("page", [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")], ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = [
        target for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")) if "://" not in target
    ]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def walk() -> list[tuple[str, str]]:
    """(file, function) of each row of the way of one clip."""
    table = block(ARCHITECTURE, "One clip, from upload to stored report")
    return re.findall(r"^\| `([\w/.]+\.py)` \| `([\w.]+)` \|", table, re.MULTILINE)


def names_in(path: Path) -> set[str]:
    """Functions and classes of a file, members as Class.member."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = {node.name for node in tree.body if isinstance(node, kinds)}
    for holder in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        names |= {f"{holder.name}.{node.name}" for node in holder.body if isinstance(node, kinds)}
    return names


def test_the_way_of_a_clip_names_existing_functions_and_goes_one_way() -> None:
    rows = walk()
    assert len(rows) > 20
    assert [row for row in rows if row[1] not in names_in(ROOT / row[0])] == []
    files = [path for path, _ in rows]
    assert len(files) == len(set(files)), "a file that was left is entered again"


def test_what_a_newcomer_opens_exists_and_stays_short() -> None:
    text = block(ARCHITECTURE, "What a newcomer opens")
    for topic, most in MOST_FILES.items():
        found = re.search(rf"\*\*{topic}\*\*(.*?)(?=\n\n|\Z)", text, re.DOTALL)
        assert found, topic
        files = set(re.findall(r"`((?:service|model|index)/[\w/]+\.py)`", found[1]))
        assert [path for path in files if not (ROOT / path).is_file()] == []
        assert 0 < len(files) <= most, topic


def test_entries_of_the_log_are_numbered_and_newest_first() -> None:
    entries = re.findall(r"^## (.*)$", LOG, re.MULTILINE)
    heads = [re.fullmatch(r"L-(\d{3}) · (\d{4}-\d\d-\d\d)", entry) for entry in entries]
    assert all(heads), [entry for entry, head in zip(entries, heads, strict=True) if not head]
    assert [int(head[1]) for head in heads if head] == list(range(len(entries), 0, -1))
    dates = [head[2] for head in heads if head]
    assert dates == sorted(dates, reverse=True)


def test_what_is_cited_of_the_log_is_there() -> None:
    known = set(re.findall(r"^## (L-\d{3}) · (\d{4}-\d\d-\d\d)", LOG, re.MULTILINE))
    ids, dates = {number for number, _ in known}, {date for _, date in known}
    cited_ids, cited_dates = set(re.findall(r"\bL-\d{3}\b", LOG)), set[str]()
    for path in sources():
        text = re.sub(r"\s+#?\s*", " ", path.read_text(encoding="utf-8"))
        cited_ids |= set(re.findall(r"\bLOG[, ]+(L-\d{3})\b", text))
        cited_dates |= set(re.findall(r"\bLOG(?:\.md)?,? (\d{4}-\d\d-\d\d)", text))
    assert cited_ids <= ids
    assert cited_dates <= dates
    assert len(cited_ids | cited_dates) > 1


@pytest.mark.parametrize("name", ["model.errors", "index.errors", "service.errors", "service.editing_errors"])
def test_error_trees_are_drawn_as_they_are(name: str) -> None:
    module = importlib.import_module(name)
    drawn = re.findall(r"^(?:[│ ]*[├└]── )?([A-Z]\w+)(?=\s{2,}|$)", module.__doc__ or "", re.MULTILINE)
    own = {
        error
        for error, thing in inspect.getmembers(module, inspect.isclass)
        if thing.__module__ == module.__name__ and issubclass(thing, Exception)
    }
    assert set(drawn) == own
