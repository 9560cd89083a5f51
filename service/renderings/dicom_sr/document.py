"""A report as a DICOM Enhanced SR: preliminary and unverified, with nothing in it that names the patient.

An archive files it beside the study only where the study's own identifiers may be returned; then `source` names them
and the clips are referenced. Otherwise study and series have UIDs of ours.
"""

import io
from collections.abc import Sequence
from datetime import UTC
from typing import Any, Final

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import (
    DeviceObserverIdentifyingAttributes,
    EnhancedSR,
    LanguageOfContentItemAndDescendants,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import SecondaryCaptureImageStorage
from pydicom.valuerep import DA, DT, TM

from service.ingest.identity import SourceInstance, SourceReference
from service.modalities.codes import modality_codes
from service.renderings.dicom_sr.concepts import OURS, PROCEDURE, coded, language_of, line, uid_of
from service.renderings.dicom_sr.content import Groups, narrative, title_line
from service.renderings.page_sentences import Page
from service.schemas import ReportDocument

MEDIA_TYPE: Final = "application/dicom"
_EMPTY: Final = ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID")


def report_sr(document: ReportDocument, source: SourceReference | None = None) -> bytes:
    """The report as a DICOM file. The same document gives the same bytes.

    source: where the study came from, only where its identifiers may be returned to its own archive.
    """
    written = io.BytesIO()
    _dataset(document, source).save_as(written)
    return written.getvalue()


def _dataset(document: ReportDocument, source: SourceReference | None) -> Any:
    page, created = Page.of(document), document.created.astimezone(UTC)
    images = _used_images(document, source)
    instance = uid_of("instance", document.model_dump_json())  # other content is another instance
    version = line(str(document.provenance.get("echoscribe") or "unknown"))
    report = EnhancedSR(
        evidence=_evidence(document, source, images),
        content=_content(document, page, images),
        series_instance_uid=uid_of("series", document.study_id),
        series_number=1,
        sop_instance_uid=instance,
        instance_number=1,
        manufacturer="EchoScribe",
        manufacturer_model_name="EchoScribe",
        software_versions=version,
        is_complete=page.is_final,
        is_final=page.is_final,
        **_verified(document),
        series_description=title_line(document, page),
        specific_character_set="ISO_IR 192",
        coding_schemes=[CodingSchemeIdentificationItem(OURS, name="EchoScribe", responsible_organization="EchoScribe")],
        content_date=created.date(),
        content_time=created.time(),
    )
    report.CompletionFlagDescription = title_line(document, page)
    # highdicom takes the time of the call; the same report must be the same instance whenever it is asked for
    report.InstanceCreationDate, report.InstanceCreationTime = DA(created.date()), TM(created.time())
    report.ContributingEquipmentSequence[0].ContributionDateTime = DT(created.replace(tzinfo=None))
    report.TimezoneOffsetFromUTC = "+0000"
    if document.edition is not None and document.edition.signed_by is not None:
        signed = document.edition.created.astimezone(UTC).replace(tzinfo=None)
        report.VerifyingObserverSequence[0].VerificationDateTime = DT(signed)
    if not images:
        del report.CurrentRequestedProcedureEvidenceSequence  # it holds the stand-in alone
    return report


def _verified(document: ReportDocument) -> dict[str, Any]:
    """Who signed, as far as the service was told: it asks nobody for an organization, which the standard requires."""
    edition = document.edition
    if edition is None or edition.signed_by is None:
        return {"is_verified": False}
    name = line(edition.signed_by).replace("^", " ").replace("=", " ")  # else parts of a name (PS3.5 6.2.1)
    return {"is_verified": True, "verifying_observer_name": f"{name[:63]}^", "verifying_organization": "not stated"}


def _content(document: ReportDocument, page: Page, images: Sequence[SourceInstance]) -> MeasurementReport:
    device = DeviceObserverIdentifyingAttributes(
        uid=uid_of("device", str(document.provenance.get("bundle_sha256"))),
        name="EchoScribe",
        manufacturer_name="EchoScribe",
        model_name="EchoScribe",
    )
    procedure = modality_codes(document.modality).procedure
    content = MeasurementReport(
        observation_context=ObservationContext(
            observer_device_context=ObserverContext(codes.DCM.Device, observer_identifying_attributes=device)
        ),
        procedure_reported=PROCEDURE if procedure is None else coded(procedure),
        imaging_measurements=Groups(document, page, images).all(),
        language_of_content_item_and_descendants=LanguageOfContentItemAndDescendants(language_of(document.lang)),
    )
    content[0].ContentSequence.append(narrative(document, page))
    return content


def _used_images(document: ReportDocument, source: SourceReference | None) -> list[SourceInstance]:
    """The files of clips that count, as their archive knows them; none unless they may be named."""
    used = {clip.clip for clip in document.clips if clip.used}
    return [] if source is None else [one for one in source.instances if one.position in used]


def _evidence(
    document: ReportDocument, source: SourceReference | None, images: Sequence[SourceInstance]
) -> list[Dataset]:
    """What highdicom takes study and patient from: the files, or one stand-in. Nobody is named in either."""
    study = None if source is None else source.study_instance_uid
    own = SourceInstance(
        0, uid_of("images", document.study_id), SecondaryCaptureImageStorage, uid_of(document.study_id)
    )
    found = []
    for one in images or [own]:
        stand_in = Dataset()
        for keyword in _EMPTY:
            setattr(stand_in, keyword, "")
        stand_in.StudyDate = stand_in.StudyTime = None
        stand_in.StudyInstanceUID = study or uid_of("study", document.study_id)
        stand_in.SeriesInstanceUID = one.series_instance_uid
        stand_in.SOPClassUID, stand_in.SOPInstanceUID = one.sop_class_uid, one.sop_instance_uid
        found.append(stand_in)
    return found
