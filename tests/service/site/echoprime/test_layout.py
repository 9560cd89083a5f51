from pathlib import Path

import pytest

from service.site.echoprime.errors import ReleaseIncomplete
from service.site.echoprime.layout import find_release
from tests.service.site.echoprime.small_release import write_release


def test_files_are_found_at_their_places_or_at_the_root(tmp_path: Path) -> None:
    release = find_release(write_release(tmp_path / "R"))
    assert release.thresholds == tmp_path / "R" / "roc_thresholds.csv"
    assert [path.name for path in release.embeddings] == ["candidate_embeddings_p1.pt", "candidate_embeddings_p2.pt"]
    assert not release.synthetic
    assert set(release.absent) == {"text_encoder", "section_to_phenotypes"}


def test_every_file_that_is_needed_and_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReleaseIncomplete, match=r"echo_prime_encoder\.pt.*all_phr\.json.*candidate_embeddings_p1\.pt"):
        find_release(tmp_path)


def test_a_gap_between_the_parts_is_named(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "R")
    part = folder / "model_data/candidates_data/candidate_embeddings_p2.pt"
    part.rename(part.with_name("candidate_embeddings_p3.pt"))
    with pytest.raises(ReleaseIncomplete, match=r"\[1, 3\] leave a gap"):
        find_release(folder)


def test_ten_parts_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "R") / "model_data/candidates_data"
    for number in range(3, 12):
        (folder / f"candidate_embeddings_p{number}.pt").touch()
    numbers = [path.stem.rpartition("p")[2] for path in find_release(tmp_path / "R").embeddings]
    assert numbers == [str(number) for number in range(1, 12)]
