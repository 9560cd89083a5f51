import numpy as np
import pytest
import torch

from scripts.reference.published_pipeline import (
    cropped_and_scaled,
    nearest,
    preprocessed,
    report_candidates,
    section_vectors,
    vote,
    vote_as_published,
)
from tests.model.echo.sector_clips import SCENES, render, scaled

SECTIONS = ("Left Ventricle", "Right Ventricle", "Aorta")
LABELS = {
    "ejection_fraction": np.array([60, 40, np.nan, 20], np.float32),
    "pacemaker": np.array([0, 1, 1, 0], np.float32),
}
SECTION_OF = {"ejection_fraction": "Left Ventricle", "pacemaker": "Aorta"}


def test_a_frame_is_cut_to_the_centre_of_its_centred_square() -> None:
    frame = np.zeros((600, 800, 3), np.uint8)
    frame[60:540, 160:640] = 255
    assert cropped_and_scaled(frame).shape == (224, 224, 3)
    assert cropped_and_scaled(frame).min() == 255


def test_a_dicom_is_masked_and_reaches_the_network_as_bgr() -> None:
    frames = render(scaled(SCENES["wide"], 0.5)).frames_rgb
    video, dicom = preprocessed(frames, "video"), preprocessed(frames, "dicom")
    assert video.shape == dicom.shape == (3, 16, 224, 224)
    red_in_rgb, blue_in_bgr = video[0].max(), dicom[2].max()
    assert red_in_rgb > 3
    assert blue_in_bgr > 3


def test_section_vectors_weigh_clips_by_their_view() -> None:
    clips = np.eye(2, dtype=np.float32)
    vectors = section_vectors(clips, np.array([0, 1]), np.array([[1.0, 0.0], [3.0, 4.0], [0.0, 0.0]]))
    assert np.allclose(vectors, np.array([[1, 0], [0.6, 0.8], [0, 0]]))


def test_neighbours_vote_by_the_name_of_their_section_and_the_published_rows_differ() -> None:
    candidates = np.array([[1, 0], [0.9, 0], [0, 1], [0, 0.9]], np.float32)
    ids, scores = nearest(np.array([[1, 0], [0, 1], [0, 1]], np.float32), candidates, 2)
    assert ids.tolist() == [[0, 1], [2, 3], [2, 3]]
    assert scores[0].tolist() == pytest.approx([1, 0.9])
    assert vote(ids, SECTIONS, LABELS, SECTION_OF) == {"ejection_fraction": 50.0, "pacemaker": 0.5}
    published = vote_as_published(ids, LABELS, {"Aorta": ["pacemaker"], "Left Ventricle": ["ejection_fraction"]})
    assert published == {"pacemaker": 0.5, "ejection_fraction": 20.0}


def test_the_report_takes_the_nearest_candidate_that_has_the_section() -> None:
    candidates = np.array([[1, 0], [0.9, 0], [0.5, 0]], np.float32)
    has = np.array([[False, False], [True, False], [True, False]])
    assert report_candidates(np.array([[1, 0], [1, 0]], np.float32), candidates, has) == [1, -1]


def test_frames_beyond_the_clip_are_zero_after_normalising() -> None:
    frames = render(scaled(SCENES["phased"], 0.3)).frames_rgb[:9]
    assert not torch.any(preprocessed(frames, "video")[:, 5:])
