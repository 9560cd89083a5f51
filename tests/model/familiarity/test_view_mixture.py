"""Distance from a mixture: Mahalanobis's with one component, the nearest component's kind with more."""

from dataclasses import replace

import pytest
import torch

from model.errors import InvalidStudy
from model.familiarity.view_mixture import ViewMixture

MEANS = torch.tensor([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0]])


def mixture(components: int) -> ViewMixture:
    generator = torch.Generator().manual_seed(components)
    whitening = torch.randn(components, 3, 3, generator=generator)
    centres = torch.randn(components, 3, generator=generator) * 4
    peaks = torch.linspace(-1, 0, components) if components > 1 else torch.zeros(1)
    return ViewMixture(MEANS, whitening, centres, peaks, 2.0)


def test_one_component_is_mahalanobis() -> None:
    known = mixture(1)
    clips, views = torch.randn(30, 3, generator=torch.Generator().manual_seed(5)) * 3, torch.arange(30) % 2
    inverse = known.whitening[0] @ known.whitening[0].T
    centre = torch.linalg.solve(known.whitening[0].T, known.centres[0])
    offset = clips - MEANS[views] - centre
    slow = torch.einsum("nd,de,ne->n", offset, inverse, offset).sqrt()
    torch.testing.assert_close(known.distances(clips, views), slow, rtol=1e-3, atol=1e-3)
    assert torch.equal(known.shares(clips, views), known.distances(clips, views) / 2)


def test_more_components_are_their_densities_added() -> None:
    known = mixture(3)
    clip, view = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([1])
    density = 0.0
    for part in range(3):
        left = (clip - MEANS[1]) @ known.whitening[part] - known.centres[part]
        density += float((known.log_peaks[part] - left.square().sum() / 2).exp())
    expected = (-2 * torch.tensor(density).log()).clamp_min(0).sqrt()
    torch.testing.assert_close(known.distances(clip[None], view)[0], expected, rtol=1e-4, atol=1e-4)


def test_stored_tensors_give_the_same_again_and_misfits_are_refused() -> None:
    known = mixture(2)
    again = ViewMixture.of_tensors(known.tensors())
    clips, views = torch.randn(5, 3), torch.zeros(5, dtype=torch.int64)
    assert torch.equal(again.shares(clips, views), known.shares(clips, views))
    with pytest.raises(InvalidStudy, match="centres must be float32"):
        replace(known, centres=known.centres.double())
    with pytest.raises(InvalidStudy, match="positive limit"):
        replace(known, limit=0.0)
    with pytest.raises(InvalidStudy, match="of 3 numbers, the clips of 4"):
        known.shares(torch.zeros(1, 4), torch.zeros(1, dtype=torch.int64))
