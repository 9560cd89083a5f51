"""The published algorithm once, plainly: float32, clip by clip. The slow twin of parity checks and benchmarks.

    python -m scripts.reference.published_pipeline CLIP...    # preprocesses, encodes and classifies with seeded
        networks

Nothing of it runs in the service. It follows design section 6 step by step and shares no code with model.echo, so an
equal number was computed in two independent ways. Two of the published faults are left out on purpose: the mask's count
that wraps at 256, and frames that stay unmasked when masking fails. The misaligned rows of its phenotype vote are here
(`vote_as_published`), only to show the difference.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import av
import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pydicom.pixels.utils import pixel_array
from torch import nn
from torchvision.models import convnext_base
from torchvision.models.video import mvit_v2_s

from model.study import Clip, SkippedClip
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study

SIZE = 224
FRAMES_READ = 32
STRIDE = 2
MEAN = np.array([29.110628, 28.076836, 29.096405], np.float32)
STD = np.array([47.989223, 46.456997, 47.20083], np.float32)
SQUARE = np.ones((3, 3), np.uint8)


class MaskNotFound(Exception):
    """No ultrasound region was found, so the frames must not be used."""


def read(path: Path) -> tuple[NDArray[np.uint8], Literal["dicom", "video"]]:
    """Every frame of a file, uint8 (T, H, W, 3) RGB, and what kind it is."""
    with path.open("rb") as file:
        if file.read(132)[128:] == b"DICM":
            return np.asarray(pixel_array(path), np.uint8), "dicom"
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return np.stack(frames), "video"


def published_mask(frames_rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The ultrasound region of a DICOM cine, bool (H, W). Raises MaskNotFound."""
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames_rgb]
    lit = np.zeros(grey[0].shape, np.uint8)
    for frame in grey:
        lit[frame > 0] = 1
    lit = cv2.erode(lit, SQUARE, iterations=10)
    changed = (grey[0] != grey[-1]).astype(np.uint8)
    changed[:20, :20] = 0
    overlap = cv2.dilate(lit & changed, SQUARE, iterations=10)
    cv2.floodFill(overlap, None, (0, 0), 100)
    overlap = np.where(overlap != 100, 255, 0).astype(np.uint8)
    contours, _ = cv2.findContours(overlap, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    for contour in contours:
        cv2.drawContours(overlap, [cv2.convexHull(contour)], -1, (255, 0, 0), 3)
    overlap = (overlap > 0).astype(np.uint8)
    cv2.floodFill(overlap, None, (0, 0), 100)
    mask = overlap != 100
    if not mask.any() or mask.all():
        raise MaskNotFound("no ultrasound region was found")
    return np.asarray(mask)


def cropped_and_scaled(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (224, 224, 3): the centred square, 10 % cut off each side, bicubic."""
    height, width = frame.shape[:2]
    margin = round(abs(width - height) / 2)
    if margin and width > height:
        frame = frame[:, margin:-margin]
    elif margin:
        frame = frame[margin:-margin]
    cut_y, cut_x = int(frame.shape[0] * 0.1), int(frame.shape[1] * 0.1)
    frame = frame[cut_y : frame.shape[0] - cut_y, cut_x : frame.shape[1] - cut_x]
    return np.asarray(cv2.resize(frame, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def preprocessed(frames_rgb: NDArray[np.uint8], source: Literal["dicom", "video"]) -> torch.Tensor:
    """float32 (3, 16, 224, 224): every frame cropped, scaled and normalised, then zeros added, then 16 taken."""
    if source == "dicom":
        mask = published_mask(frames_rgb)[..., None]
        frames_rgb = (frames_rgb * mask)[..., ::-1]  # reaches the network as BGR
    every = np.zeros((len(frames_rgb), SIZE, SIZE, 3), np.float32)
    for number, frame in enumerate(frames_rgb):
        every[number] = (cropped_and_scaled(np.ascontiguousarray(frame)).astype(np.float32) - MEAN) / STD
    missing = max(0, FRAMES_READ - len(every))
    padded = np.concatenate((every, np.zeros((missing, SIZE, SIZE, 3), np.float32)))
    return torch.from_numpy(np.ascontiguousarray(padded[:FRAMES_READ:STRIDE].transpose(3, 0, 1, 2)))


def seeded_networks(seed: int, views: int = 11, dimension: int = 512) -> tuple[nn.Module, nn.Module]:
    """(video encoder, view classifier), each built right after seeding, untrained, in evaluation mode."""
    torch.manual_seed(seed)
    encoder = mvit_v2_s()
    encoder.head[-1] = nn.Linear(encoder.head[-1].in_features, dimension)
    torch.manual_seed(seed)
    classifier = convnext_base()
    classifier.classifier[-1] = nn.Linear(classifier.classifier[-1].in_features, views)
    return encoder.eval(), classifier.eval()


@torch.no_grad()
def embeddings_of(encoder: nn.Module, clips: Sequence[torch.Tensor]) -> torch.Tensor:
    """float32 (N, 512): one forward pass per clip."""
    return torch.cat([encoder(clip[None]) for clip in clips])


@torch.no_grad()
def view_logits_of(classifier: nn.Module, clips: Sequence[torch.Tensor]) -> torch.Tensor:
    """float32 (N, 11): from the first of the 16 frames, one forward pass per clip."""
    return torch.cat([classifier(clip[None, :, 0]) for clip in clips])


def section_vectors(
    embeddings: NDArray[np.float32], clip_views: NDArray[np.int64], section_weights: NDArray[np.float64]
) -> NDArray[np.float32]:
    """float32 (S, 512): sum over clips of the weight of the clip's view × its embedding, then unit norm."""
    rows = []
    for weights in section_weights.astype(np.float32):
        summed = np.zeros(embeddings.shape[1], np.float32)
        for embedding, view in zip(embeddings, clip_views, strict=True):
            summed += weights[view] * embedding
        rows.append(summed / max(float(np.linalg.norm(summed)), 1e-12))
    return np.stack(rows)


def nearest(
    sections: NDArray[np.float32], candidates: NDArray[np.float32], count: int = 50
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """(ids int64, scores float32), both (S, count), best first: inner product with all candidates."""
    similarities = torch.from_numpy(sections) @ torch.from_numpy(candidates).T
    top = torch.topk(similarities, count, dim=1)
    return top.indices.numpy(), top.values.numpy()


def vote(
    top_ids: NDArray[np.int64],
    sections: Sequence[str],
    labels: Mapping[str, NDArray[np.float32]],
    section_of: Mapping[str, str],
) -> dict[str, float]:
    """Phenotype → mean label of the neighbours of its own section that carry it (NaN = unlabelled)."""
    rows = {name: sections.index(section_of[name]) for name in labels}
    return {name: float(np.nanmean(labels[name][top_ids[rows[name]]])) for name in labels}


def vote_as_published(
    top_ids: NDArray[np.int64],
    labels: Mapping[str, NDArray[np.float32]],
    section_to_phenotypes: Mapping[str, Sequence[str]],
) -> dict[str, float]:
    """Phenotype → the mean the published code returns: it counts through its 11 sections and reads that row of 15."""
    return {
        name: float(np.nanmean(labels[name][top_ids[row]]))
        for row, names in enumerate(section_to_phenotypes.values())
        for name in names
    }


def report_candidates(
    sections: NDArray[np.float32], candidates: NDArray[np.float32], has_section: NDArray[np.bool_]
) -> list[int]:
    """Per section the nearest candidate that has it, -1 where none has; its text becomes the report's section."""
    chosen = []
    for row, vector in enumerate(sections):
        similarities = candidates @ vector
        found = -1
        for candidate in np.argsort(-similarities, kind="stable"):
            if has_section[candidate, row]:
                found = int(candidate)
                break
        chosen.append(found)
    return chosen


def main() -> None:
    """Prints seconds per stage for each clip given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path, help="DICOM or video files")
    parser.add_argument("--seed", type=int, default=0, help="seed of the untrained networks")
    arguments = parser.parse_args()
    encoder, classifier = seeded_networks(arguments.seed)
    with open_study(arguments.clips, IngestLimits()) as study:
        for item in study.read():
            print(_timed(item, encoder, classifier))


def _timed(item: Clip | SkippedClip, encoder: nn.Module, classifier: nn.Module) -> str:
    """One line: a clip's stage times, or why it was skipped."""
    if isinstance(item, SkippedClip):
        return f"clip {item.position}: skipped ({item.text})"
    started = time.perf_counter()
    model_input = preprocessed(item.frames_rgb, item.source)
    ready = time.perf_counter()
    embeddings_of(encoder, [model_input])
    encoded = time.perf_counter()
    view = int(view_logits_of(classifier, [model_input]).argmax())
    done = time.perf_counter()
    return (
        f"clip {item.position}: preprocess {ready - started:.2f} s, encode {encoded - ready:.2f} s, "
        f"view {view} in {done - encoded:.2f} s"
    )


if __name__ == "__main__":
    main()
