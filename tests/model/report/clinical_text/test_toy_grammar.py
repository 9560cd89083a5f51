"""The engine knows no organ: a grammar of knees in a few lines reads knees."""

from pathlib import Path

import pytest

from model.errors import LanguageError
from model.report.clinical_text.finding_table import FindingTable
from model.report.clinical_text.grammar import Grammar
from model.report.clinical_text.labels import LabelDefinitions
from model.report.clinical_text.lexicon import Lexicon

LEXICON = """
language: en
endings: [ly, s]
shortest_stem: 4
compounds: false
abbreviations: approx
expansions: [["w/o", "without"]]
grades: {mild: mild, severe: severe | marked}
cues: {negation: no | without, negation_after: is absent, hedge: possible, hedge_after: cannot be excluded,
       not_assessed: not seen, prior: previously, history: history of, plan: recommend}
joins: {and: and, or: or, with: with, stop: but}
methods: {1_tape: tape}
mentions:
  "left::": left knee
  "right::": right knee
  ":effusion:": effusion
  ":width:": width
  "::normal": normal
ordinary: patient
function_words: the is of
eponyms: baker
place_words: of on
none: no
"""
FINDINGS = """
kinds:
  lesion: {attribute: severity, graded: true, plain: present, negated: none, states: {normal: none}}
  quantity: {attribute: measurement, states: {}}
entities:
  Left: {left_effusion: {kind: lesion, rank: 0}, left_width: {kind: quantity, units: [mm, cm], low: 0, high: 50}}
  Right: {right_effusion: {kind: lesion, rank: 0}}
aspects: {effusion: {left: left_effusion, right: right_effusion}, width: {left: left_width, "*": left}}
defaults: {}
lengths: {}
groups: {}
lesions: [effusion]
unseen: {left: effusion}
negative: [none]
unknown: [not_assessed]
parents: {}
outweighs: {}
turns: {}
quiet: []
attends: {}
measured: {}
lasting: []
between: []
foreign: []
"""
LABELS = "wet_left_knee: {entities: {left_effusion: {positive: [mild, severe, present], negative: [none]}}}\n"


@pytest.fixture(scope="module")
def grammar(tmp_path_factory: pytest.TempPathFactory) -> Grammar:
    folder = tmp_path_factory.mktemp("knee")
    for name, text in (("lexicon", LEXICON), ("findings", FINDINGS), ("labels", LABELS)):
        (folder / f"{name}.yaml").write_text(text)
    return Grammar(
        {"en": Lexicon.read(folder / "lexicon.yaml")},
        FindingTable.read(folder / "findings.yaml"),
        LabelDefinitions.read(folder / "labels.yaml"),
        {},
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Mild effusion of the left knee.", [("left_effusion", "mild", "positive", "stated")]),
        ("No effusion of the left knee.", [("left_effusion", "none", "negative", "stated")]),
        ("Possible severe effusion, left knee.", [("left_effusion", "severe", "positive", "hedged")]),
        ("Left knee: severe effusion.", [("left_effusion", "severe", "positive", "stated")]),
        ("Left and right knee w/o effusion.", [("right_effusion", "none", "negative", "stated")]),
        ("Left knee effusion cannot be excluded.", [("left_effusion", "present", "positive", "hedged")]),
        ("Left knee not seen.", [("left_effusion", "not_assessed", "unknown", "stated")]),
    ],
)
def test_knees(grammar: Grammar, text: str, found: list[tuple[str, str, str, str]]) -> None:
    findings = grammar.findings(text, "en")
    assert [(f.entity, f.value, f.polarity, f.certainty) for f in findings] == found


def test_a_number_and_its_label(grammar: Grammar) -> None:
    (finding,) = grammar.findings("Left knee width 12 mm.", "en")
    assert (finding.entity, finding.number, finding.unit, finding.polarity) == ("left_width", 12.0, "mm", "measured")
    assert grammar.read("Left knee: marked effusion.").labels == {"wet_left_knee": "yes"}
    assert grammar.read("Left knee: effusion cannot be excluded.").straddling == ("wet_left_knee",)


def test_a_table_that_names_an_unknown_entity_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(FINDINGS.replace("left: left_effusion,", "left: elbow,"))
    with pytest.raises(LanguageError, match="elbow"):
        FindingTable.read(tmp_path / "t.yaml")


def test_a_lexicon_without_a_table_or_with_a_number_in_a_term_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.yaml"
    path.write_text(LEXICON.replace("methods:", "manners:"))
    with pytest.raises(LanguageError, match="methods"):
        Lexicon.read(path)
    path.write_text(LEXICON.replace("left knee", "left knee 2"))
    with pytest.raises(LanguageError, match="holds a number"):
        _ = Lexicon.read(path).trie
    path.write_text(LEXICON.replace('"left::"', '"left"'))
    with pytest.raises(LanguageError, match="subject:aspect:state"):
        Lexicon.read(path)
