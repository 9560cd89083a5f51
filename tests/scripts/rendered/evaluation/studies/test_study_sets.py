import pytest

from scripts.rendered.evaluation.studies.study_sets import SHIFTS, Protocol, StudySet, refuse_seed
from scripts.rendered.phantom.scan.looks import HELD_OUT_LOOKS


@pytest.mark.parametrize("seed", [1, 20_000, 50_900, 89_999, 99_999])
def test_only_test_seeds_are_tested(seed: int) -> None:
    assert refuse_seed(seed) is not None
    assert refuse_seed(90_001) is None


def test_no_set_shares_a_seed_with_training() -> None:
    sets = Protocol.of(90_001, 500, 40).sets()
    assert {s.seed for s in sets.values() if s.name != "calibration"} <= set(range(90_000, 100_000))
    assert sets["calibration"].seed in range(50_000, 60_000)
    assert sets["files"].studies == 40


def test_a_shift_changes_only_what_it_names() -> None:
    plain = StudySet("plain", 90_001, "clinical", 1, 6)
    for name in SHIFTS:
        shifted = StudySet(name, 90_001, "clinical", 1, 6, shift=name)
        pairs = list(zip(plain.planned(0), shifted.planned(0), strict=True))
        assert all(a.view == b.view and a.noise_seed == b.noise_seed for a, b in pairs)
        if name == "looks":
            assert {b.acquisition.look for _, b in pairs} <= set(HELD_OUT_LOOKS)
        elif name != "organ_masked":
            assert all(a.acquisition != b.acquisition for a, b in pairs)
            assert all(a.acquisition.look == b.acquisition.look for a, b in pairs)


def test_a_plan_is_cut_to_so_many_clips() -> None:
    assert all(len(StudySet("x", 90_001, "clinical", 1, 7).planned(study)) <= 7 for study in range(5))
