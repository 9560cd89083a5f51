"""A bundle on disk: `bundle.json` and the files it names, checked before anything is built from them."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from model.bundle_numbers import not_finite, out_of_range
from model.errors import BundleCorrupt, BundleMismatch
from model.section_subspaces import subspace_mask
from model.taxonomy import Phenotype, Taxonomy

SCHEMA_VERSION = 1
MANIFEST = "bundle.json"
FIRST_ENCODER = "video_encoder"  # its name in bundles that do not state one: older ones, which had no choice
_READ_BLOCK = 1 << 20  # bytes hashed at a time; any size would do, this one needs little memory


class BundleManifest(BaseModel):
    """The content of `bundle.json` (design section 4). Every table is keyed by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    schema_version: Literal[1] = 1
    name: str
    modality: str
    trained: bool = Field(description="False: weights are seeded noise and every answer says so.")
    domain: Literal["synthetic", "clinical"]
    views: tuple[str, ...]
    sections: tuple[str, ...]
    unwritten_sections: tuple[str, ...] = ()
    phenotypes: tuple[dict[str, Any], ...]
    preprocessing: dict[str, Any] = Field(description="Read by the modality; travels with the weights.")
    networks: dict[str, dict[str, Any]] = Field(description="Network name → configuration with its weights' `file`.")
    encoder: str = Field(
        FIRST_ENCODER,
        description="Name of the network whose vectors the bank holds.",
        exclude_if=lambda name: name == FIRST_ENCODER,
    )
    embedding_dim: int = Field(gt=0)
    view_weighting: Literal["argmax", "probability"] | None = Field(None, description="Null: there are no views.")
    min_section_weight: float = Field(0.0, ge=0)
    mil_weights: dict[str, dict[str, float]] = Field(
        default={}, description="Section → view → weight; without views every acquisition counts alike."
    )
    section_subspaces: dict[str, tuple[int, int]] = Field(
        default={}, description="Section → first and past the last dimension it reads; empty: all read all."
    )
    thresholds: dict[str, float] = {}
    threshold_sources: dict[str, str] = Field(
        default={},
        description="Phenotype → where its threshold is from: `release`, `bank` (set on labelled candidates) or "
        "`calibration` (on a site's own labelled studies). Not listed: the training of this bundle.",
        exclude_if=lambda sources: not sources,
    )
    calibration: dict[str, dict[str, float]] = Field(
        default={}, description="Phenotype → slope and intercept (binary), or offset and level (continuous)."
    )
    thresholds_bank: str | None = Field(
        None,
        description="Identity of the bank that thresholds and calibration were set on; with another they are left out.",
    )
    visibility: str | None = Field(
        None,
        description="File that says which views show what; without it weights alone say what is assessed.",
        exclude_if=lambda name: name is None,
    )
    out_of_distribution: str | None = Field(None, description="File of the clips' statistics, if they were taken.")
    decoder: dict[str, Any] | None = None
    phrases: str | None = Field(None, description="File of the phrase bank, if the bundle brings one.")
    languages: dict[str, str] = Field(
        default={}, description="Tag of a further report language → file of its wordings for `phrases`."
    )
    evaluation: dict[str, Any] = {}
    licence_notice: str
    files: dict[str, str] = Field(default={}, description="File name → sha256.")

    @model_validator(mode="after")
    def _tables_are_complete(self) -> Self:
        if bool(self.views) != (self.view_weighting is not None):
            raise ValueError("view_weighting: must be stated where there are views, and only there")
        for section in self.sections if self.views else ():
            missing = set(self.views) ^ set(self.mil_weights.get(section, {}))
            if missing:
                raise ValueError(f"mil_weights[{section!r}] lacks or adds the views {sorted(missing)}")
        if self.section_subspaces:
            subspace_mask(self.section_subspaces, self.sections, self.embedding_dim)
        phenotypes = self.taxonomy().phenotypes
        for wrong in out_of_range(self.thresholds, self.mil_weights, self.preprocessing, phenotypes):
            raise ValueError(wrong)
        return self

    @property
    def encoder_sha256(self) -> str:
        """Hash of the encoder's weights: a bank belongs to one. Raises BundleMismatch when no file is stated."""
        file = self.networks.get(self.encoder, {}).get("file")
        if file not in self.files:
            raise BundleMismatch(f"{MANIFEST}: networks.{self.encoder}.file is missing, or `files` has no sha256 of it")
        return self.files[file]

    def taxonomy(self) -> Taxonomy:
        """The names this bundle was made for."""
        phenotypes = tuple(Phenotype(**fields) for fields in self.phenotypes)
        return Taxonomy(self.modality, self.views, self.sections, phenotypes, self.unwritten_sections)


def taxonomy_fields(taxonomy: Taxonomy) -> dict[str, Any]:
    """The manifest fields that state a taxonomy; the inverse of `BundleManifest.taxonomy`."""
    fields = asdict(taxonomy)
    return {name: fields[name] for name in ("modality", "views", "sections", "unwritten_sections", "phenotypes")}


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's bytes, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_READ_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def write_bundle(folder: Path, manifest: BundleManifest) -> BundleManifest:
    """Writes `bundle.json` over the files already in the folder, with their sha256. Returns the final manifest."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != MANIFEST)
    final = manifest.model_copy(update={"files": {name: sha256_of(folder / name) for name in names}})
    (folder / MANIFEST).write_text(final.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return final


def read_bundle(folder: Path) -> BundleManifest:
    """The manifest of a bundle whose files all match their sha256.

    Raises BundleCorrupt when a file is missing or no JSON, BundleMismatch when a version, name or hash differs.
    """
    path = folder / MANIFEST
    fields = _fields_of(path)
    try:
        manifest = BundleManifest.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise BundleMismatch(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    for name, expected in manifest.files.items():
        if Path(name).name != name or name in {"", ".."}:
            raise BundleMismatch(f"{path}: files: {name!r} is not the name of a file in this folder")
        _verify(folder / name, expected)
    return manifest


def modality_of(folder: Path) -> str:
    """The modality that a bundle states; none of its files is looked at. Raises as `read_bundle` does."""
    path = folder / MANIFEST
    name = _fields_of(path).get("modality")
    if not isinstance(name, str):
        raise BundleMismatch(f"{path}: modality is missing")
    return name


def stated_files(folder: Path) -> dict[str, str]:
    """File name → sha256 as a manifest states them; nothing is compared. Raises as `read_bundle` does."""
    path = folder / MANIFEST
    files = _fields_of(path).get("files", {})
    if not isinstance(files, dict):
        raise BundleMismatch(f"{path}: files: is no table of names")
    return {str(name): str(sha256) for name, sha256 in files.items()}


def _fields_of(path: Path) -> dict[str, Any]:
    """The fields of a manifest of this version, not checked any further."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BundleCorrupt(f"{path}: cannot be read as a bundle manifest ({error})") from error
    if not isinstance(fields, dict) or fields.get("schema_version") != SCHEMA_VERSION:
        raise BundleMismatch(f"{path}: schema_version must be {SCHEMA_VERSION}; this is no bundle of this version")
    for name in not_finite(fields):
        raise BundleMismatch(f"{path}: {name}: is no finite number")
    return fields


def _verify(path: Path, expected: str) -> None:
    """Raises unless the file is there and has that sha256."""
    if not path.is_file():
        raise BundleCorrupt(f"{path}: the manifest names this file, but it is not there")
    actual = sha256_of(path)
    if actual != expected:
        raise BundleMismatch(f"{path}: sha256 is {actual}, the manifest says {expected}")
