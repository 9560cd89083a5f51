"""A report as a FHIR R4B document: Composition, DiagnosticReport, Observations, Device and Provenance in one Bundle.

No resource names the patient: the service does not know who it is. A system that files the bundle adds the subject.
"""

import base64
import json
from typing import Final

from service.ingest.identity import SourceReference
from service.modalities.codes import Code, modality_codes
from service.renderings.fhir.bindings import check_bindings
from service.renderings.fhir.elements import Json, coding, concept, full_url, narrative, plain, terminology
from service.renderings.fhir.observations import Common, observations_of
from service.renderings.page_sentences import (
    Page,
    impression_sentences,
    made_by_sentence,
    not_assessed_sentence,
    text_of,
    warning_sentences,
)
from service.renderings.report_text import report_text
from service.renderings.standing import is_demonstration, marks_of, report_status
from service.schemas import ReportDocument

MEDIA_TYPE: Final = "application/fhir+json"
_REPORT: Final = Code("LN", "11502-2", "Laboratory report")


def report_fhir(document: ReportDocument, source: SourceReference | None = None) -> bytes:
    """The report as a document Bundle in JSON. The same document gives the same bytes.

    source: where the study came from, only where its identifiers may be returned to its own archive. Raises
    BindingBroken where a code of ours is none of a list that FHIR requires.
    """
    bundle = _bundle(document, source)
    check_bindings(bundle)
    return json.dumps(bundle, ensure_ascii=False).encode()


def _bundle(document: ReportDocument, source: SourceReference | None) -> Json:
    return _Writer(document, source).bundle()
