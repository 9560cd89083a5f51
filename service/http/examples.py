"""The examples that the OpenAPI document shows; a test holds them against the schemas."""

from typing import Any, Final

STUDY_ID: Final = "3f0c9a52-6f7e-4c43-9a53-0b6c1d1f6c11"

PHENOTYPES: Final[dict[str, Any]] = {
    "ejection_fraction": {
        "value": 57.4,
        "unit": "%",
        "kind": "continuous",
        "p10": 50.0,
        "p90": 64.0,
        "labelled": 50,
        "k": 50,
        "threshold": None,
        "positive": None,
        "section": "Left Ventricle",
        "reason": None,
    },
    "dilated_ivc": {
        "value": None,
        "unit": None,
        "kind": "binary",
        "p10": None,
        "p90": None,
        "labelled": 0,
        "k": 0,
        "threshold": 0.5,
        "positive": None,
        "section": "IVC",
        "reason": "section_not_assessed",
    },
}

REPORT: Final[dict[str, Any]] = {
    "study_id": STUDY_ID,
    "status": "complete",
    "draft_notice": "Draft for a physician to edit and sign. Not a diagnosis.",
    "mode": "rag",
    "created": "2026-11-22T09:30:00Z",
    "header": {
        "files": 2,
        "used": 1,
        "skipped": 1,
        "views": [{"view": "A4C", "clips": [1]}],
        "frame_rates": [{"frame_rate_hz": 30.0, "source": "frame_time", "clips": [1]}],
        "quality": "limited",
        "limits": [{"code": "clip_skipped", "clips": [2]}],
        "sections_assessed": 1,
        "sections": 2,
    },
    "sections": [
        {
            "name": "Left Ventricle",
            "assessed": True,
            "reason": None,
            "text": "The left ventricle is normal in size. Ejection fraction is estimated at 57 %.",
            "sentences": [
                {
                    "text": "The left ventricle is normal in size.",
                    "source": "both",
                    "candidate_ids": [412, 1077],
                    "estimated": False,
                },
                {
                    "text": "Ejection fraction is estimated at 57 %.",
                    "source": "generated",
                    "candidate_ids": [],
                    "estimated": False,
                },
            ],
            "views": [{"clip": 1, "view": "A4C", "weight": 0.65}, {"clip": 3, "view": "A2C", "weight": 0.35}],
            "neighbours": [{"candidate_id": 412, "similarity": 0.91}, {"candidate_id": 1077, "similarity": 0.89}],
        },
        {
            "name": "IVC",
            "assessed": False,
            "reason": "no_clip_of_an_informative_view",
            "text": "",
            "sentences": [],
            "views": [],
            "neighbours": [],
        },
    ],
    "measurements": [
        {
            "name": "ejection_fraction",
            "phenotype": "ejection_fraction",
            "section": "Left Ventricle",
            "value": 57.0,
            "unit": "%",
            "decimals": 0,
            "source": "estimated",
            "p10": 50.0,
            "p90": 64.0,
            "candidates": 50,
            "asked": 50,
        }
    ],
    "phenotypes": PHENOTYPES,
    "clips": [
        {
            "clip": 1,
            "sha256": "9b4f0c4d8e1a7c1b2f3e4d5c6b7a89800112233445566778899aabbccddeeff0",
            "used": True,
            "skipped": None,
            "detail": None,
            "view": "A4C",
            "view_probability": 0.93,
            "start_frame": 0,
            "frame_rate_hz": 30.0,
            "frame_rate_source": "frame_time",
        },
        {
            "clip": 2,
            "sha256": "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
            "used": False,
            "skipped": "still_image",
            "detail": "The file holds one frame; a cine is needed.",
            "view": None,
            "view_probability": None,
            "start_frame": None,
        },
    ],
    "warnings": [{"code": "clip_not_read_to_its_end", "text": "Clips 1 are longer than the limit."}],
    "provenance": {"bundle": "default", "bank": "default", "candidates": 5000, "device": "cpu"},
    "stage_seconds": {"read": 0.4, "prepare": 0.2, "encode": 0.9, "retrieve": 0.01, "vote": 0.01, "write": 0.6},
}

REPORT_TEXT: Final = (
    "ECHOCARDIOGRAPHY REPORT (DRAFT)\n===============================\n\n"
    "Draft for a physician to edit and sign. Not a diagnosis.\n\nLEFT VENTRICLE\n"
    "  The left ventricle is normal in size. Ejection fraction is estimated at 57 %.\n"
)

PROCESSING: Final[dict[str, Any]] = {
    "study_id": STUDY_ID,
    "status": "processing",
    "stage": "encode",
    "report": f"/report/{STUDY_ID}",
    "events": f"/report/{STUDY_ID}/events",
}

PROBLEM: Final[dict[str, Any]] = {
    "type": "urn:echoscribe:problem:mixed_studies",
    "title": "Files of more than one study or patient",
    "status": 422,
    "detail": "files 3 and 7 belong to another study than file 1",
    "code": "mixed_studies",
    "positions": [3, 7],
    "request_id": "c0a8012e-4b57-4b6f-8d5e-0f4f0d6a1b22",
}

EVENTS: Final = (
    'event: progress\ndata: {"stage":"prepare","done":2,"total":0}\nid: 2\n\n'
    f'event: complete\ndata: {{"study_id":"{STUDY_ID}","report":"/report/{STUDY_ID}"}}\nid: 9\n\n'
)
