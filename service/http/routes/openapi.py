"""What FastAPI cannot read off the handlers: the multipart body that is parsed by hand, examples, and problems."""

from typing import Any, Final, get_args

from index.candidate_keys import KEY_PATTERN
from model.report.decoder.sampling import HIGHEST_TEMPERATURE, LARGEST_SEED, MOST_SAMPLES
from service.http import examples
from service.problem import MEDIA_TYPE, Problem
from service.renderings.negotiation import FORMATS
from service.schemas import Mode, ProcessingDocument

_FILES: Final[dict[str, Any]] = {
    "type": "array",
    "minItems": 1,
    "items": {"type": "string", "format": "binary"},
    "description": "The clips of one study (DICOM, MP4, AVI, MOV), or one zip of them.",
}
_FILES_ENCODING: Final = {"files": {"contentType": "application/dicom, video/mp4, application/zip"}}

FORMAT_PARAMETER: Final[dict[str, Any]] = {
    "name": "format",
    "in": "query",
    "schema": {"type": "string", "enum": list(FORMATS)},
    "description": "Format of the answer by its short name; it wins over Accept, and another one is a 406.",
}
REPORT_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "additionalProperties": False,
                    "properties": {
                        "files": _FILES,
                        "mode": {
                            "type": "string",
                            "enum": list(get_args(Mode)),
                            "description": "How the report is written; without it the bundle's default.",
                        },
                        "k": {
                            "type": "integer",
                            "minimum": 1,
                            "maximum": 1000,
                            "description": "Nearest candidates that vote; at most as many as the bank has.",
                        },
                        "lang": {
                            "type": "string",
                            "description": "Language of the report, one of `languages` in /info.",
                        },
                        "samples": {
                            "type": "integer",
                            "minimum": 1,
                            "maximum": MOST_SAMPLES,
                            "description": "Further drafts, drawn in place of taking the likeliest words.",
                        },
                        "temperature": {
                            "type": "number",
                            "exclusiveMinimum": 0,
                            "maximum": HIGHEST_TEMPERATURE,
                            "description": "How freely further drafts are drawn; 1 takes the decoder's probabilities.",
                        },
                        "top_k": {
                            "type": "integer",
                            "minimum": 1,
                            "description": "Further drafts take each word from so many likeliest ones.",
                        },
                        "seed": {
                            "type": "integer",
                            "minimum": 0,
                            "maximum": LARGEST_SEED - MOST_SAMPLES,
                            "description": "Of the first further draft; each other one has one more.",
                        },
                        "patient_key": {
                            "type": "string",
                            "pattern": f"^{KEY_PATTERN}$",
                            "description": "The patient's pseudonym in the bank: his own studies are left out.",
                        },
                        "include_prior": {
                            "type": "boolean",
                            "description": "Let the patient's own studies vote, and list them in `prior_studies`.",
                        },
                    },
                },
                "example": {"files": ["<bytes of a DICOM or MP4 file>"], "mode": "retrieval", "k": 50},
                "encoding": _FILES_ENCODING,
            }
        },
    },
    "parameters": [
        FORMAT_PARAMETER,
        {
            "name": "lang",
            "in": "query",
            "schema": {"type": "string"},
            "description": "Language of the report, as the form's field; without either, Accept-Language decides.",
        },
        {
            "name": "Prefer",
            "in": "header",
            "schema": {"type": "string"},
            "description": "`respond-async`: answer 202 at once, with the report's Location.",
        },
        {
            "name": "Idempotency-Key",
            "in": "header",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "description": "Posting the same files again with the same key gives the same study and answer.",
        },
    ],
}

VECTORS_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {"files": _FILES},
                },
                "encoding": _FILES_ENCODING,
            }
        },
    },
}

REPORT_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            "application/json": {"example": examples.REPORT},
            "text/plain": {"schema": {"type": "string"}, "example": examples.REPORT_TEXT},
            "text/html": {"schema": {"type": "string"}},
            "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            "application/fhir+json": {"schema": {"type": "object", "description": "FHIR R4B Bundle of type document."}},
            "application/dicom": {"schema": {"type": "string", "format": "binary"}},
        },
        "description": "The report document.",
    },
}
PROCESSING_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "model": ProcessingDocument,
        "content": {"application/json": {"example": examples.PROCESSING}},
        "description": "Accepted, not answered yet; Location and Retry-After say where and when to ask.",
    },
}
EVENTS_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "`progress` per finished step, then one `complete` or `problem`.",
        "content": {"text/event-stream": {"example": examples.EVENTS}},
    },
}


_OF_EVERY_ROUTE: Final = (401, 403, 421, 503)  # no key, no scope or another site, another name, keys unreadable


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The responses of a route that answers these statuses, and those of every route, with a problem document."""
    schema = Problem.model_json_schema()
    content = {MEDIA_TYPE: {"schema": schema, "example": examples.PROBLEM}}
    return {
        status: {"description": "A problem document (RFC 9457).", "content": content}
        for status in sorted({*statuses, *_OF_EVERY_ROUTE})
    }
