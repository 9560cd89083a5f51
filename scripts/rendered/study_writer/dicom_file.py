"""One clip as an Ultrasound Multi-frame Image file (PS3.3 A.7), of a patient who does not exist."""

from dataclasses import dataclass
from pathlib import Path

from pydicom import uid
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.tag import Tag

from scripts.rendered.phantom.anatomy.views import SUBVIEWS
from scripts.rendered.phantom.patient.identity import InventedIdentity
from scripts.rendered.phantom.scan.acquisition import Acquisition
from scripts.rendered.phantom.scan.render import RenderedClip
from scripts.rendered.study_writer.encoding import ENCODERS, EncodedPixels

_FRAME_TIME = Tag("FrameTime")


@dataclass(frozen=True)
class FilePlace:
    """Which instance of which study a file is."""

    seed: int
    study: int
    instance: int
    who: InventedIdentity

    def uid(self, kind: str) -> str:
        """A UID that the same seed always gives."""
        parts = [kind, str(self.seed), str(self.study)] + ([str(self.instance)] if kind == "instance" else [])
        return str(uid.generate_uid(entropy_srcs=parts))


def write_dicom(path: Path, clip: RenderedClip, acquisition: Acquisition, form: str, place: FilePlace) -> None:
    """Writes a clip in one of the forms of `ENCODERS`."""
    pixels = ENCODERS[form](clip.frames_rgb, clip.frame_rate_hz)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = uid.UltrasoundMultiFrameImageStorage
    meta.MediaStorageSOPInstanceUID = uid.UID(place.uid("instance"))
    meta.TransferSyntaxUID = pixels.transfer_syntax
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    _patient_and_study(dataset, place)
    _equipment(dataset, acquisition)
    _image(dataset, clip, pixels)
    dataset.SequenceOfUltrasoundRegions = [_region(clip, colour=bool(SUBVIEWS[acquisition.subview].colour))]
    dataset.PixelData = pixels.data
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = pixels.is_encapsulated
    dataset.save_as(path, enforce_file_format=True)


def _patient_and_study(dataset: Dataset, place: FilePlace) -> None:
    who = place.who
    dataset.PatientName = who.name.replace(", ", "^")
    dataset.PatientID = who.patient_id
    dataset.PatientBirthDate = who.birth_date.replace("-", "")
    dataset.PatientSex = who.sex
    dataset.StudyInstanceUID = place.uid("study")
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = who.date.replace("-", "")
    dataset.StudyTime = dataset.SeriesTime = "101500"
    dataset.ContentTime = f"10{15 + place.instance // 60:02d}{place.instance % 60:02d}"
    dataset.ReferringPhysicianName = "NOBODY^INVENTED"
    dataset.StudyID = str(place.study)
    dataset.AccessionNumber = f"A{place.seed % 10**6}{place.study}"
    dataset.StudyDescription = "Transthoracic echocardiogram (rendered)"
    dataset.Modality = "US"
    dataset.SeriesInstanceUID = place.uid("series")
    dataset.SeriesNumber = 1
    dataset.SOPClassUID = uid.UltrasoundMultiFrameImageStorage
    dataset.SOPInstanceUID = place.uid("instance")
    dataset.InstanceNumber = place.instance
    dataset.BodyPartExamined = "HEART"
    dataset.PatientOrientation = None


def _equipment(dataset: Dataset, acquisition: Acquisition) -> None:
    dataset.Manufacturer = f"Phantom {acquisition.look.capitalize()}"
    dataset.ManufacturerModelName = "Rendered heart"
    dataset.InstitutionName = "Nowhere General"
    dataset.BurnedInAnnotation = "YES"


def _image(dataset: Dataset, clip: RenderedClip, pixels: EncodedPixels) -> None:
    frames, rows, columns = clip.frames_rgb.shape[:3]
    colour = pixels.photometric != "MONOCHROME2"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "", "0001"]  # PS3.3 C.8.5.6.1.1: 2D imaging
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = pixels.photometric
    if colour:
        dataset.PlanarConfiguration = 0
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = rows, columns, frames
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.FrameIncrementPointer = _FRAME_TIME
    dataset.FrameTime = f"{1000 / clip.frame_rate_hz:.4f}"
    dataset.CineRate = dataset.RecommendedDisplayFrameRate = round(clip.frame_rate_hz)
    dataset.StartTrim, dataset.StopTrim = 1, frames
    dataset.UltrasoundColorDataPresent = int(colour)
    dataset.LossyImageCompression = "00" if pixels.lossy_ratio is None else "01"
    if pixels.lossy_ratio is not None:
        dataset.LossyImageCompressionRatio = f"{pixels.lossy_ratio:.2f}"
        dataset.LossyImageCompressionMethod = pixels.lossy_method


def _region(clip: RenderedClip, *, colour: bool) -> Dataset:
    """The 2D region: where the sector lies and how large a pixel is (PS3.3 C.8.5.5)."""
    region = Dataset()
    region.RegionSpatialFormat = 1  # 2D
    region.RegionDataType = 2 if colour else 1  # colour flow, tissue
    region.RegionFlags = 0
    rows, columns = clip.frames_rgb.shape[1:3]
    x0, y0, x1, y1 = clip.sector_box
    region.RegionLocationMinX0, region.RegionLocationMinY0 = max(0, x0), max(0, y0)
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = min(columns, x1) - 1, min(rows, y1) - 1
    region.ReferencePixelX0 = round(clip.apex[0]) - max(0, x0)
    region.ReferencePixelY0 = round(clip.apex[1]) - max(0, y0)
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3  # cm
    region.ReferencePixelPhysicalValueX = region.ReferencePixelPhysicalValueY = 0.0
    region.PhysicalDeltaX = region.PhysicalDeltaY = clip.pixel_mm / 10
    return region
