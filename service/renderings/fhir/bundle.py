"""A report as a FHIR R4B document: Composition, DiagnosticReport, Observations, Device and Provenance in one Bundle.

No resource names the patient: the service does not know who it is. A system that files the bundle adds the subject.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

from service.ingest.identity import SourceReference
from service.modalities.codes import ModalityCodes, modality_codes
from service.renderings.fhir.bindings import check_bindings
from service.renderings.fhir.elements import (
    Json,
    coding,
    concept,
    full_url,
    narrative,
    plain,
    terminology,
)
from service.renderings.fhir.observations import Common, observations_of
from service.renderings.page_sentences import (
    Page,
    impression_sentences,
    made_by_sentence,
    section_sentences,
    warning_sentences,
)
from service.renderings.report_text import report_text
from service.renderings.standing import is_demonstration, marks_of, report_status
from service.schemas import ReportDocument

_SHA256: Final = "urn:echoscribe:sha256"
_TEST_DATA: Final = terminology("v3-ActReason", "HTEST", "test health data")


def report_fhir(document: ReportDocument, source: SourceReference | None = None) -> bytes:
    """The report as a document Bundle in JSON. The same document gives the same bytes.

    source: where the study came from, only where its identifiers may be returned to its own archive. Raises
    BindingBroken where a code of ours is none of a list that FHIR requires.
    """
    bundle = _Writer(document, source).bundle()
    check_bindings(bundle)
    return json.dumps(bundle, ensure_ascii=False, allow_nan=False).encode()


class _Writer:
    """The resources of one report, which name each other by URNs that are the same each time."""

    def __init__(self, document: ReportDocument, source: SourceReference | None) -> None:
        self._document, self._source = document, source
        self._page = Page.of(document)
        self._codes: ModalityCodes = modality_codes(document.modality)
        self._edition = document.edition
        self._issued = (document.created if self._edition is None else self._edition.created).isoformat()
        self._status = report_status(document)

    def bundle(self) -> Json:
        """The Bundle, its Composition first."""
        report, provenance = self._url("report"), self._url("provenance")
        entries = [
            (self._url("composition"), self._composition()),
            (report, self._diagnostic_report()),
            *((url, resource) for _, url, resource in self._observations),
            (self._url("device"), self._device()),
            (provenance, self._provenance()),
        ]
        return {
            "resourceType": "Bundle",
            **self._meta,
            "identifier": {"system": "urn:ietf:rfc:3986", "value": self._url(self._version)},
            "type": "document",
            "timestamp": self._issued,
            "entry": [{"fullUrl": url, "resource": resource} for url, resource in entries],
        }

    @cached_property
    def _meta(self) -> Json:
        """The language, and the label of test data where nothing describes a patient."""
        label = {"meta": {"security": [_TEST_DATA]}} if is_demonstration(self._document) else {}
        return {**label, "language": self._document.lang or "en"}

    @cached_property
    def _notices(self) -> list[str]:
        """What no reader may miss: marks, notice, warnings."""
        warnings = warning_sentences(self._document, self._page)
        return [*marks_of(self._document, self._page.words), self._document.draft_notice, *warnings]

    @cached_property
    def _observations(self) -> list[tuple[str, str, Json]]:
        marks = " · ".join([*marks_of(self._document, self._page.words), self._document.draft_notice])
        fields: Json = {
            **self._meta,
            "status": self._status,
            "category": [concept("Imaging", terminology("observation-category", "imaging", "Imaging"))],
            "issued": self._issued,
            "device": {"reference": self._url("device")},
            "note": [{"text": plain(marks)}],
        }
        return list(observations_of(self._document, Common(self._page, self._codes, self._document.study_id, fields)))

    def _composition(self) -> Json:
        return {
            "resourceType": "Composition",
            **self._meta,
            "text": narrative(self._page.title, *self._notices),
            "status": self._status,
            "type": self._report_code(),
            "date": self._issued,
            "author": [{"reference": self._url("device")}],
            **self._attested(),
            "title": plain(self._page.title),
            "section": list(self._sections()),
        }

    @property
    def _version(self) -> str:
        """What the identifier of the bundle is made of: each version is a document of its own."""
        return "bundle" if self._edition is None else f"bundle:{self._edition.version}"

    def _attested(self) -> Json:
        """Who signed, as far as the service was told: no identifier stands behind the name."""
        if self._edition is None or self._edition.signed_by is None:
            return {}
        party = {"display": plain(self._edition.signed_by)}
        return {"attester": [{"mode": "professional", "time": self._issued, "party": party}]}

    def _sections(self) -> Iterator[Json]:
        words = self._page.words
        yield _section(words.warnings_heading.capitalize(), self._notices)
        if self._document.impression:
            yield _section(words.impression.capitalize(), list(impression_sentences(self._document, words)))
        for section in self._document.sections:
            urls = [url for name, url, _ in self._observations if name == section.name]
            yield _section(section.title or section.name, section_sentences(section, self._page), urls)
        named = {section.name for section in self._document.sections}
        rest = [(url, resource) for name, url, resource in self._observations if name not in named]
        if rest:
            numbers = [_number(resource) for _, resource in rest]
            yield _section(words.measurements.capitalize(), numbers, [url for url, _ in rest])

    def _diagnostic_report(self) -> Json:
        text = report_text(self._document).encode()
        category = self._codes.service
        named = {} if category is None else {"category": [concept(category.display, coding(category, ""))]}
        results = [{"reference": url} for _, url, _ in self._observations]
        said = [*self._notices, *impression_sentences(self._document, self._page.words)]
        return {
            "resourceType": "DiagnosticReport",
            **self._meta,
            "status": self._status,
            **named,
            "code": self._report_code(),
            "issued": self._issued,
            **({"result": results} if results else {}),
            "imagingStudy": [self._imaging_study()],
            "conclusion": plain("\n".join(said)),
            "presentedForm": [
                {
                    "contentType": "text/plain; charset=utf-8",
                    "language": self._document.lang or "en",
                    "data": base64.b64encode(text).decode(),
                    "title": plain(self._page.title),
                }
            ],
        }

    def _imaging_study(self) -> Json:
        """The study by its identifier; by ours, as long as the archive's may not be returned."""
        uid = None if self._source is None else self._source.study_instance_uid
        own = {"system": "urn:echoscribe:study", "value": plain(self._document.study_id)}
        theirs = {"system": "urn:dicom:uid", "value": f"urn:oid:{uid}"}
        return {"type": "ImagingStudy", "identifier": theirs if uid else own}

    def _device(self) -> Json:
        made_of = self._document.provenance
        names = ("echoscribe", "bundle", "bundle_sha256", "bank", "bank_sha256")
        versions = [{"type": {"text": name}, "value": plain(str(made_of[name]))} for name in names if made_of.get(name)]
        return {
            "resourceType": "Device",
            **self._meta,
            "status": "active",
            "deviceName": [{"name": "EchoScribe", "type": "model-name"}],
            **({"version": versions} if versions else {}),
            "note": [{"text": plain(made_by_sentence(self._document, self._page.words))}],
        }

    def _provenance(self) -> Json:
        clips = [
            {
                "role": "source",
                "what": {
                    "identifier": {"system": _SHA256, "value": plain(clip.sha256)},
                    "display": self._page.clip(clip.clip, clip.panel),
                },
            }
            for clip in self._document.clips
            if clip.used
        ]
        author = terminology("provenance-participant-type", "author", "Author")
        return {
            "resourceType": "Provenance",
            **self._meta,
            "target": [{"reference": self._url("composition")}, {"reference": self._url("report")}],
            "recorded": self._issued,
            "agent": [{"type": concept("Author", author), "who": {"reference": self._url("device")}}],
            **({"entity": clips} if clips else {}),
        }

    def _report_code(self) -> Json:
        code = self._codes.report
        return concept(self._page.title, *([] if code is None else [coding(code, "")]))

    def _url(self, name: str) -> str:
        return full_url(self._document.study_id, name)


def _section(title: str, text: Sequence[str], urls: Sequence[str] = ()) -> Json:
    entries = {"entry": [{"reference": url} for url in urls]} if urls else {}
    return {"title": plain(title), "text": narrative(*text), **entries}


def _number(observation: Json) -> str:
    """An observation in words: what, how much, and how it was found."""
    quantity = observation.get("valueQuantity", {})
    value = f"{quantity.get('value', '-')} {quantity.get('unit', '')}".strip()
    how = observation.get("method", {}).get("text", "")
    return f"{observation['code']['text']}: {value}" + (f" ({how})" if how else "")
