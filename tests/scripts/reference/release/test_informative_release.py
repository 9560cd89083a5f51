"""An informative release: reports are true, labels agree with the text, vectors carry the state, less over the gap."""

import hashlib
import json
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.echo.phrases.reader import english
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.reference import make_echoprime_release
from scripts.reference.release.informative_candidates import write_candidates
from scripts.reference.release.informative_release import InformativeRelease
from scripts.reference.release.informative_vectors import InformativeVectors, Sizes
from scripts.reference.release.invented_studies import BLOCK, InventedStudies, StudyBlock, study_blocks
from scripts.reference.release.said_labels import said_label_sources
from scripts.reference.release.said_phrases import invented_phrases, users_phrases
from scripts.reference.release.study_features import FEATURES, NAMES, shown_by, view_weights
from scripts.reference.release.truthful_reports import TruthfulReports
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import state_of
from service.site.echoprime.derived_labels import read_label_sources
from service.site.encoded_folder import EncodedFolder

STUDIES = {"train": 6, "tuning": 3, "test": 3}
FILES = ("assets", "model_data/candidates_data", "studies")


@cache
def invented() -> InventedStudies:
    return InventedStudies(TruthfulReports(invented_phrases()), 11)


@cache
def blocks(count: int) -> StudyBlock:
    return invented().block(0, count)


def test_there_are_250_phrases_in_every_section_with_the_flaws_of_releases() -> None:
    phrases = invented_phrases()
    assert len(phrases.phrases) >= 250
    assert set(ECHO_TAXONOMY.sections) < set(phrases.groups)
    templates = [phrase.template for phrase in phrases.phrases]
    assert any(template.count("<numerical>") > 1 for template in templates)
    assert any("<string>" in template for template in templates)
    assert sum(not template.endswith(".") for template in templates) > 30
    assert max(Counter(templates).values()) > 1
    known = {finding.name for phrase in english().phrases for finding in phrase.findings}
    said = {finding.name for phrase in phrases.phrases for finding in phrase.findings}
    assert known - said <= {"intracardiac_devices"}, "a finding of patients that no phrase can say"


def test_reports_say_what_is_true_and_every_label_that_is_positive(tmp_path: Path) -> None:
    """Labels agree with the text as `per_section.json` reads it, for all 25 phenotypes."""
    path = tmp_path / "per_section.json"
    path.write_text(json.dumps(said_label_sources(invented_phrases())))
    sources = read_label_sources(path, ECHO_TAXONOMY)
    assert set(sources) == set(ECHO_TAXONOMY.phenotype_names)
    for number in range(150):
        labels = labels_of(state_of(11, number, "clinical"))
        sentences = [(phrase.section, phrase.text(value)) for phrase, value in invented().sentences(number)]
        for name, source in sources.items():
            read = [source.read(text) for section, text in sentences if section in source.sections]
            found = min((label for label in read if label is not None), default=None)
            if source.mode == "binary":
                assert float(found is not None) == labels[name], (name, sentences)
            else:
                assert found is None or found[1] == pytest.approx(labels[name]), (name, sentences)


def test_the_report_carries_the_numbers_that_are_labels() -> None:
    stated = Counter[str]()
    for number in range(100):
        labels = labels_of(state_of(11, number, "clinical"))
        for phrase, value in invented().sentences(number):
            if phrase.stated is not None and phrase.stated.slot == "ejection_fraction":
                stated["ejection_fraction"] += 1
                assert value == labels["ejection_fraction"]
    assert stated["ejection_fraction"] >= 95


def test_a_users_phrases_are_said_only_where_they_are_true(tmp_path: Path) -> None:
    groups = {section: {"": ["Nothing is known about this part."]} for section in ECHO_TAXONOMY.sections}
    groups["Mitral Valve"][""] += ["Severe mitral regurgitation", "No mitral regurgitation", "Vegetation on the valve."]
    groups["Left Ventricle"][""] += ["LVEF <numerical> %"]
    path = tmp_path / "all_phr.json"
    path.write_text(json.dumps(groups))
    reports = TruthfulReports(users_phrases(path))
    for number in range(80):
        state = state_of(3, number, "clinical")
        said = [phrase.template for phrase, _ in reports.of(state, np.random.default_rng(number))]
        assert ("Severe mitral regurgitation" in said) == (state.mitral_regurgitation.name == "SEVERE")
        assert "Vegetation on the valve." not in said
        assert "LVEF <numerical> %" in said


@pytest.mark.parametrize("content", ["[", '{"Left Ventricle": 3}', '{"Left Ventricle": {"": [1]}}', "{}"])
def test_a_phrase_file_of_another_form_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "phrases.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"phrases\.json"):
        users_phrases(path)


def nearest(queries: NDArray[np.float32], candidates: NDArray[np.float32], count: int = 25) -> NDArray[np.int64]:
    return np.argsort(-queries @ candidates.T, axis=1)[:, :count]


def agreement(vectors: InformativeVectors, *, gap: bool) -> float:
    """Mean over findings of the correlation between a study's own value and its neighbours' mean."""
    features = blocks(900).features
    rng = np.random.default_rng(5)
    bank, asked = features[:750], features[750:]
    plain = InformativeVectors(vectors.seed, Sizes(text_noise=vectors.sizes.text_noise, clip_noise=2, gap_degrees=0))
    side = vectors if gap else plain
    views = np.full(len(asked), ECHO_TAXONOMY.views.index("Apical_Doppler"))
    queries = side.clip_side(asked, views, rng)
    found = bank[nearest(queries, side.text_side(bank, rng))].mean(axis=1)
    shown = [n for n in range(len(NAMES)) if shown_by()[views[0], n] and asked[:, n].std() and found[:, n].std()]
    return float(np.mean([np.corrcoef(asked[:, n], found[:, n])[0, 1] for n in shown]))


def test_neighbours_carry_the_state_and_less_of_it_across_the_gap() -> None:
    near = agreement(InformativeVectors(1), gap=False)
    far = agreement(InformativeVectors(1, Sizes(clip_noise=2, gap_degrees=70)), gap=True)
    assert near > 0.3
    assert far < near - 0.05


def test_without_a_gap_a_clip_lies_near_its_own_report_and_with_one_far_off() -> None:
    features = blocks(900).features[:50]
    views = np.zeros(50, np.int64)
    quiet = {"text_noise": 0.0, "clip_noise": 0.0}
    cosines = []
    for degrees, offset in ((0.0, 0.0), (60.0, 0.0), (60.0, 1.0)):
        vectors = InformativeVectors(2, Sizes(**quiet, gap_degrees=degrees, gap_offset=offset))
        clips = vectors.clip_side(features, views, np.random.default_rng(0))
        straight = InformativeVectors(2, Sizes(**quiet, gap_degrees=0.0, gap_offset=0.0))
        cosines.append(
            float((clips * straight.clip_side(features, views, np.random.default_rng(0))).sum(axis=1).mean())
        )
    assert cosines[0] == pytest.approx(1.0, abs=1e-5)
    assert cosines[1] == pytest.approx(np.cos(np.deg2rad(60)), abs=0.01)
    assert cosines[2] < cosines[1]


def test_a_view_carries_only_what_it_shows() -> None:
    vectors = InformativeVectors(2, Sizes(text_noise=0, clip_noise=0))
    features = blocks(900).features[:1].repeat(2, axis=0)
    hidden = NAMES.index("ivc_size")
    features[1, hidden] += 3
    for view, name in enumerate(ECHO_TAXONOMY.views):
        clips = vectors.clip_side(features, np.full(2, view), np.random.default_rng(0))
        assert np.allclose(clips[0], clips[1], atol=1e-6) == (not shown_by()[view, hidden]), name


def test_every_finding_is_shown_by_a_view_and_every_section_is_weighed() -> None:
    assert shown_by().any(axis=0).all()
    table = view_weights(ECHO_TAXONOMY.views)
    assert set(table) == set(FEATURES) == set(ECHO_TAXONOMY.sections)
    assert all(max(row.values()) == 1 and min(row.values()) > 0 for row in table.values())
    assert max(table["IVC"], key=table["IVC"].__getitem__) == "Subcostal"


def test_blocks_are_the_same_from_one_process_and_from_two() -> None:
    count = 2 * BLOCK + 10
    alone, shared = (list(study_blocks(None, 4, 10**9, count, workers)) for workers in (1, 2))
    assert [len(block.reports) for block in alone] == [BLOCK, BLOCK, 10]
    for one, other in zip(alone, shared, strict=True):
        assert repr(one.reports) == repr(other.reports)
        assert np.array_equal(one.labels, other.labels)
        assert np.array_equal(one.features, other.features)


def test_a_release_is_the_same_for_a_seed_and_another_for_another(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / name).mkdir()
        InformativeRelease(candidates=40, seed=seed, studies=STUDIES).write(tmp_path / name, print)
    first, again, other = (hashes(tmp_path / name) for name in "abc")
    assert first == again
    changed = {name for name in first if first[name] != other[name]}
    assert {"candidate_reports.pkl", "candidate_labels.pkl", "candidate_embeddings_p1.pt"} <= {
        p.rsplit("/")[-1] for p in changed
    }


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for part in FILES for path in (folder / part).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): content_hash(path) for path in files}


def content_hash(path: Path) -> str:
    """Of the arrays of an .npz, which states the time it was written, or of the bytes of another file."""
    if path.suffix != ".npz":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    with np.load(path) as arrays:
        return hashlib.sha256(b"".join(arrays[name].tobytes() for name in sorted(arrays.files))).hexdigest()


def test_held_out_studies_have_clips_views_and_their_truth(tmp_path: Path) -> None:
    InformativeRelease(candidates=30, seed=6, studies=STUDIES).write(tmp_path, print)
    listed = json.loads((tmp_path / "assets/all_phr.json").read_text())
    templates = [text for groups in listed.values() for group in groups.values() for text in group]
    patients: list[str] = []
    for part, count in STUDIES.items():
        studies = EncodedFolder.read(tmp_path / "studies" / part)
        assert len(studies) == count
        patients += studies.patients
        embedding = studies.embedding(0)
        assert embedding.clip_embeddings.shape[1] == 512
        assert np.allclose(np.linalg.norm(studies.clip_embeddings, axis=1), 1, atol=1e-2)
        assert np.allclose(studies.view_probabilities.sum(axis=1), 1, atol=1e-2)
        lines = [json.loads(line) for line in (tmp_path / "studies" / part / "reports.jsonl").read_text().splitlines()]
        assert [line["study"] for line in lines] == list(studies.studies)
        first = templates[studies.report(0)[0][0]].partition("<")[0].rstrip()
        assert " ".join(lines[0]["report"].values()).startswith(first)
        assert set(studies.labels) == set(ECHO_TAXONOMY.phenotype_names)
    assert len(set(patients)) == sum(STUDIES.values())


def test_memory_does_not_grow_with_the_candidates(tmp_path: Path) -> None:
    """What is held beside the memory map and the labels is a block, however many blocks there are."""
    peaks = []
    block = StudyBlock(blocks(200).reports, blocks(200).labels[:200], blocks(200).features[:200])
    vectors = InformativeVectors(1)
    vectors.text_side(block.features[:1], np.random.default_rng(0))
    for count in (10, 40):
        tracemalloc.start()
        write_candidates(tmp_path / str(count), repeated(block, count), vectors, count * 200, lambda _: None)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    per_candidate = (peaks[1] - peaks[0]) / (30 * 200)
    assert per_candidate < 700, "bytes; the vectors alone are 2048, the labels 100, the names 100"


def repeated(block: StudyBlock, count: int) -> Sequence[StudyBlock]:
    return [block] * count


def test_the_command_refuses_phrases_without_informative(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = ["make", "--candidates", "5", "--out", str(tmp_path / "R"), "--phrases", "x.json"]
    monkeypatch.setattr("sys.argv", given)
    with pytest.raises(SystemExit):
        make_echoprime_release.main()
    assert not (tmp_path / "R").exists()
