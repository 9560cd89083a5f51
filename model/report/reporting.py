"""How reports of a modality are told: the rules of editing, and what an impression says. Data, read once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from model.report.editing.rules import EditingRules
from model.report.impression.topics import ImpressionTopics
from model.report.impression.words import ImpressionWords
from model.report.language.language import Language


@dataclass(frozen=True)
class Reporting:
    """The data of a modality.

    language: what sentences are read by where a bundle brings no language; None leaves them unread.
    topics: None for a modality without impressions. words: by language tag.
    """

    rules: EditingRules = field(default_factory=EditingRules)
    topics: ImpressionTopics | None = None
    words: Mapping[str, ImpressionWords] = field(default_factory=dict)
    language: Language | None = None
