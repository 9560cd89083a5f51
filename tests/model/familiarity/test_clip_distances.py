"""Clips beyond what is known are found, per view; statistics survive the disk and fit the bundle or are refused."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from model.embeddings import StudyEmbedding
from model.errors import BundleCorrupt, BundleMismatch, InvalidStudy
from model.familiarity.clip_distances import ClipDistances, ViewGaussians
from model.familiarity.view_mixture import ViewMixture

VIEWS = ("front", "side")


def statistics() -> ViewGaussians:
    generator = torch.Generator().manual_seed(0)
    directions = torch.linalg.qr(torch.randn(6, 6, generator=generator)).Q[:2]
    return ViewGaussians(
        torch.randn(2, 6, generator=generator),
        directions.contiguous(),
        torch.tensor([4.0, 2.0]),
        0.5,
        torch.tensor([3.0, 1.5]),
    )


def study(clips: torch.Tensor, views: list[int], names: tuple[str, ...] = VIEWS) -> StudyEmbedding:
    probabilities = torch.nn.functional.one_hot(torch.tensor(views, dtype=torch.int64), 2).float()
    return StudyEmbedding(clips, probabilities.view(-1, 2), tuple(range(1, len(views) + 1)), names)


def test_distance_is_that_of_the_whole_covariance() -> None:
    """The slow twin: the full covariance matrix, inverted."""
    known = statistics()
    rest = torch.eye(6) - known.components.T @ known.components
    covariance = (known.components.T * known.variances) @ known.components + 0.5 * rest
    clips = torch.randn(20, 6, generator=torch.Generator().manual_seed(1))
    views = torch.arange(20) % 2
    offset = clips - known.means[views]
    slow = torch.einsum("nd,de,ne->n", offset, covariance.inverse(), offset).sqrt()
    torch.testing.assert_close(known.distances(clips, views), slow, rtol=1e-4, atol=1e-4)


def test_views_are_met_by_name_and_each_has_its_limit() -> None:
    own = statistics()
    known = ClipDistances(VIEWS, own)
    clips = own.means + 0.1
    shares = known.shares(study(clips, [0, 1]))
    assert torch.allclose(shares, own.distances(clips, torch.tensor([0, 1])) / own.limits)
    turned = study(clips, [1, 0], ("side", "front"))
    assert torch.equal(known.shares(turned), shares)


def test_no_clip_has_no_share_and_misfits_are_refused() -> None:
    own = statistics()
    known = ClipDistances(VIEWS, own)
    assert known.shares(study(torch.zeros(0, 6), [])).shape == (0,)
    with pytest.raises(InvalidStudy, match="dimension 6, the clips of 5"):
        known.shares(study(torch.zeros(1, 5), [0]))
    with pytest.raises(InvalidStudy, match="2 views, 1 are named"):
        ClipDistances(("front",), own)
    with pytest.raises(InvalidStudy, match="other views"):
        known.shares(study(torch.zeros(1, 6), [0], ("front", "back")))
    with pytest.raises(InvalidStudy, match="limits must be float32"):
        replace(own, limits=torch.ones(3))
    with pytest.raises(InvalidStudy, match="positive"):
        replace(own, variances=torch.tensor([1.0, 0.0]))


def test_statistics_survive_the_disk(tmp_path: Path) -> None:
    known, path = ClipDistances(VIEWS, statistics()), tmp_path / "known.safetensors"
    known.write(path)
    again = ClipDistances.read(path, ("side", "front"), 6)
    clips = torch.randn(4, 6, generator=torch.Generator().manual_seed(2))
    assert torch.equal(again.shares(study(clips, [0, 1, 0, 1])), known.shares(study(clips, [0, 1, 0, 1])))
    with pytest.raises(BundleMismatch, match=r"known\.safetensors: is of views that differ.*back"):
        ClipDistances.read(path, ("front", "back"), 6)
    with pytest.raises(BundleMismatch, match="dimension 6, the bundle's is 7"):
        ClipDistances.read(path, VIEWS, 7)
    path.write_bytes(b"no tensors")
    with pytest.raises(BundleCorrupt, match=r"known\.safetensors"):
        ClipDistances.read(path, VIEWS, 6)


def test_the_farther_of_embedding_and_spectra_counts_and_both_survive_the_disk(tmp_path: Path) -> None:
    own, path = statistics(), tmp_path / "known.safetensors"
    spectra = ViewMixture(own.means[:, :4].clone(), torch.eye(4)[None], torch.zeros(1, 4), torch.zeros(1), 2.0)
    both = ClipDistances(VIEWS, own, spectra)
    clips = own.means.clone()
    plain = study(clips, [0, 1])
    seen = replace(plain, clip_spectra=spectra.means + torch.tensor([[0.0], [9.0]]))
    assert both.shares(plain).max() < 1e-3, "without spectra the embedding alone"
    assert both.shares(seen)[0] < 1e-3
    assert both.shares(seen)[1] > 1
    both.write(path)
    again = ClipDistances.read(path, VIEWS, 6)
    assert torch.equal(again.shares(seen), both.shares(seen))
    earlier = {**own.tensors(), **{"spectra_" + name: tensor for name, tensor in own.tensors().items()}}
    save_file(earlier, path, metadata={"views": '["front", "side"]'})
    with pytest.raises(BundleMismatch, match=r"known\.safetensors: its spectra .*`echoscribe calibrate` again"):
        ClipDistances.read(path, VIEWS, 6)
    with pytest.raises(InvalidStudy, match="2 views, 1 are named"):
        ClipDistances(("front",), replace(own, means=own.means[:1], limits=own.limits[:1]), spectra)


def test_limits_of_studies_survive_the_disk_and_without_them_no_study_is_judged(tmp_path: Path) -> None:
    own, clips = statistics(), torch.randn(3, 6, generator=torch.Generator().manual_seed(2))
    assert ClipDistances(VIEWS, own).study(study(clips, [0, 1, 0])) is None
    known = ClipDistances(VIEWS, own, study_limits=torch.tensor([7.0, -1.0]))
    known.write(tmp_path / "known.safetensors")
    back = ClipDistances.read(tmp_path / "known.safetensors", VIEWS, 6)
    found = back.study(study(clips, [0, 1, 0]))
    assert found is not None
    assert found == known.study(study(clips, [0, 1, 0]))
    assert found == back.study(study(clips, [1, 0, 1], ("side", "front"))), "views are met by name"
    assert found.limit == -1.0
    assert back.study(study(torch.zeros(0, 6), [])) is None
    with pytest.raises(InvalidStudy, match="study_limits must be float32"):
        ClipDistances(VIEWS, own, study_limits=torch.zeros(0))
