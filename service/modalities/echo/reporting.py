"""How echo reports are told: the order of their sections, and the words of their impressions."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from model.echo.phrases.reader import english
from model.report.editing.rules import EditingRules
from model.report.impression.topics import ImpressionTopics
from model.report.impression.words import ImpressionWords
from model.report.reporting import Reporting

LANGUAGES = ("en", "de")


@cache
def echo_reporting() -> Reporting:
    """The rules of `editing.yaml`, the topics of `impression.yaml` and their words in every language, read once."""
    return Reporting(
        EditingRules.from_fields(_fields("editing.yaml")),
        ImpressionTopics.from_fields(_fields("impression.yaml")),
        {tag: ImpressionWords.from_fields(_fields(f"impression.{tag}.yaml")) for tag in LANGUAGES},
        english(),
    )


def _fields(name: str) -> Any:
    text = (files("model.echo.phrases") / name).read_text(encoding="utf-8")
    return yaml.load(text, Loader=yaml.CSafeLoader)
