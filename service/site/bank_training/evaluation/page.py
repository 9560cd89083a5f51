"""The evaluation as a page in Markdown."""

from collections.abc import Iterator, Mapping
from typing import Any

_ARMS = {
    "rag": "decoder with evidence (`rag`)",
    "generate": "decoder without evidence (`generate`)",
    "quoted": "nearest candidate's section, quoted",
    "consensus": "what most neighbours state",
}
_SPREAD = ("macro_f1", "core_metric")


def evaluation_page(result: Mapping[str, Any]) -> str:
    """The page."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    yield f"# How the decoder writes {result['studies']} held-out studies"
    yield ""
    yield f"Held-out studies: {result['held_out']}. None of them, nor their patients, is evidence or was trained on."
    count = len(result["findings"])
    yield f"Scored: {count} abnormal findings that some of them have; 95 % intervals over studies."
    yield ""
    yield "| arm | macro-F1, abnormal findings | precision | recall | Core Metric from text |"
    yield "|---|---|---|---|---|"
    for name, arm in result["arms"].items():
        spread = (f"{_cell(arm[n])} ({_cell(arm[n + '_low'])} to {_cell(arm[n + '_high'])})" for n in _SPREAD)
        f1, core = spread
        yield f"| {_ARMS[name]} | {f1} | {_cell(arm['precision'])} | {_cell(arm['recall'])} | {core} |"
    yield ""
    yield "| over | macro-F1 | Core Metric |"
    yield "|---|---|---|"
    for name, difference in result["differences"].items():
        yield f"| {_ARMS[name]} | {_interval(difference['macro_f1'])} | {_interval(difference['core_metric'])} |"
    yield ""
    yield "| bar | value | asked | met |"
    yield "|---|---|---|---|"
    for bar in result["bars"]:
        yield f"| {bar['name']} | {_cell(bar['value'])} | {bar['asked']} | {'yes' if bar['met'] else 'NO'} |"
    yield ""
    if "bits_per_byte" in result:
        yield "Bits per byte of the held-out reports' text, each section read with what its study found:"
        yield ""
        yield "| section | bits per byte |"
        yield "|---|---|"
        for section, bits in result["bits_per_byte"].items():
            yield f"| {section} | {_cell(bits)} |"
        yield ""
    yield "| trait | " + " | ".join(result["arms"]) + " |"
    yield "|---|" + "---|" * len(result["arms"])
    for trait in sorted({trait for arm in result["arms"].values() for trait in arm["traits"]}):
        cells = (arm["traits"].get(trait) for arm in result["arms"].values())
        yield f"| {trait} | " + " | ".join(map(_cell, cells)) + " |"


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _interval(figure: Mapping[str, float | None]) -> str:
    return f"{_cell(figure['value'])} ({_cell(figure['low'])} to {_cell(figure['high'])})"
