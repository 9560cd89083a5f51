"""`bank.json`: what a bank holds, which encoder it belongs to, and a sha256 per block of every file."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from index.errors import BankCorrupt, BankMismatch
from index.layout import EMBEDDINGS

SCHEMA_VERSION = 1
MANIFEST_FILE = "bank.json"
BLOCK_BYTES = 64 << 20  # design section 4: sha256 per 64 MB block, so that a check can run beside the service
_READ_BYTES = 1 << 20


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FileRecord(_Frozen):
    """Size and hashes of one file of the bank."""

    size_bytes: int = Field(ge=0)
    sha256_blocks: tuple[str, ...] = Field(description="Hex sha256 of each 64 MB block, in order.")


class NormStatistics(_Frozen):
    """Euclidean norms of the candidate vectors as stored. Search uses them as they are, never renormalised."""

    minimum: float
    mean: float
    maximum: float


class LabelColumn(_Frozen):
    """Where the labels of one phenotype lie."""

    file: str
    labelled: int = Field(ge=0, description="Candidates that carry this label.")
    derived: bool = Field(description="Read off report text rather than given with the bank.")


class BankManifest(_Frozen):
    """The content of `bank.json` (design section 4)."""

    schema_version: Literal[1] = 1
    name: str
    candidates: int = Field(gt=0)
    dimension: int = Field(gt=0)
    embedding_dtype: Literal["float16", "float32"]
    metric: Literal["inner_product"] = "inner_product"
    norms: NormStatistics
    sections: tuple[str, ...]
    sentences: int = Field(ge=0, description="Sentences of all reports together.")
    phenotypes: dict[str, LabelColumn]
    encoder_sha256: str = Field(description="Hash of the video encoder's weights whose embeddings these are.")
    trained: bool = Field(description="False: the vectors come from seeded, untrained networks or from a generator.")
    domain: Literal["synthetic", "clinical"]
    licence_notice: str
    text_may_be_shown: bool = Field(description="Whether a candidate's wording may appear in an answer.")
    search: dict[str, Any] = Field(description='{"kind": "exact"} or {"kind": "faiss", "index": ...}; README of index.')
    lineage: str | None = Field(None, description="Identity of the first version of this bank, which later ones keep.")
    files: dict[str, FileRecord] = {}

    @property
    def identity(self) -> str:
        """What stays the same from version to version: the first one's hash of what votes, its vectors and labels."""
        if self.lineage is not None:
            return self.lineage
        voting = {name: record for name, record in sorted(self.files.items()) if _votes(name, self.phenotypes)}
        blocks = "".join(f"{name}{''.join(record.sha256_blocks)}" for name, record in voting.items())
        return hashlib.sha256(f"{self.encoder_sha256}{blocks}".encode()).hexdigest()

    @model_validator(mode="after")
    def _search_is_known(self) -> Self:
        if self.search.get("kind") not in {"exact", "faiss"}:
            raise ValueError(f"search.kind must be 'exact' or 'faiss', not {self.search.get('kind')!r}")
        return self


def _votes(name: str, phenotypes: dict[str, LabelColumn]) -> bool:
    return name == EMBEDDINGS or name in {column.file for column in phenotypes.values()}


def block_hashes(path: Path) -> Iterator[str]:
    """Hex sha256 of each 64 MB block of a file, in order."""
    with path.open("rb") as file:
        while True:
            digest, left = hashlib.sha256(), BLOCK_BYTES
            while left and (piece := file.read(min(left, _READ_BYTES))):
                digest.update(piece)
                left -= len(piece)
            if left == BLOCK_BYTES:
                return
            yield digest.hexdigest()
            if left:
                return


def write_manifest(folder: Path, manifest: BankManifest) -> BankManifest:
    """Writes `bank.json` over the files already in the folder, with their hashes. Returns the final manifest."""
    paths = sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST_FILE)
    files = {
        path.name: FileRecord(size_bytes=path.stat().st_size, sha256_blocks=tuple(block_hashes(path))) for path in paths
    }
    hashed = manifest.model_copy(update={"files": files})
    final = hashed.model_copy(update={"lineage": hashed.identity})
    (folder / MANIFEST_FILE).write_text(final.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return final


def vectors_sha256(manifest: BankManifest) -> str:
    """Hex hash of the vectors, by the hashes of their blocks: a search index names the vectors it was built over."""
    return hashlib.sha256("".join(manifest.files[EMBEDDINGS].sha256_blocks).encode()).hexdigest()


def publish_index(folder: Path, manifest: BankManifest, written: Path, search: dict[str, Any]) -> BankManifest:
    """The bank's manifest with an index that was `written` into its folder, moved to a name of its own.

    search: the `search` field without `file` and `vectors_sha256`. `bank.json` is replaced in one step, so a reader
    sees the old search or the new one; an index that is no longer named is removed.
    """
    hashes = tuple(block_hashes(written))
    name = f"index-{hashlib.sha256(''.join(hashes).encode()).hexdigest()[:12]}.faiss"
    record = FileRecord(size_bytes=written.stat().st_size, sha256_blocks=hashes)
    former = str(manifest.search.get("file"))
    files = {**{file: stated for file, stated in manifest.files.items() if file != former}, name: record}
    described = {**search, "file": name, "vectors_sha256": vectors_sha256(manifest)}
    final = manifest.model_copy(update={"search": described, "files": dict(sorted(files.items()))})
    written.replace(folder / name)
    draft = folder / f".{MANIFEST_FILE}.unfinished"
    with draft.open("w", encoding="utf-8") as file:
        file.write(final.model_dump_json(indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / MANIFEST_FILE)
    if former in manifest.files and former != name:
        (folder / former).unlink()
    return final


def check_index(folder: Path, manifest: BankManifest) -> None:
    """Raises BankCorrupt or BankMismatch when the index that `search` names is not one over this bank's vectors."""
    name = manifest.search.get("file")
    if name is None:
        return
    if name not in manifest.files:
        raise BankCorrupt(f"{folder / MANIFEST_FILE}: search names {name}, which `files` does not list")
    if EMBEDDINGS in manifest.files and manifest.search.get("vectors_sha256") != vectors_sha256(manifest):
        raise BankMismatch(
            f"{folder / name}: was built over other vectors than {EMBEDDINGS}; build it again: echoscribe bank index"
        )


def read_manifest(folder: Path) -> BankManifest:
    """The manifest of a bank folder; its files are not looked at.

    Raises BankCorrupt when `bank.json` is missing or no JSON, BankMismatch when version or fields differ.
    """
    path = folder / MANIFEST_FILE
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BankCorrupt(f"{path}: cannot be read as a bank manifest ({error})") from error
    version = stated.get("schema_version") if isinstance(stated, dict) else None
    if version != SCHEMA_VERSION:
        raise BankMismatch(f"{path}: schema_version is {version!r}, this program reads {SCHEMA_VERSION}")
    try:
        return BankManifest.model_validate(stated)
    except ValidationError as error:
        raise BankMismatch(f"{path}: {error}") from error


def manifest_sha256(folder: Path) -> str:
    """Hash of `bank.json`."""
    return hashlib.sha256((folder / MANIFEST_FILE).read_bytes()).hexdigest()


def check_sizes(folder: Path, manifest: BankManifest) -> None:
    """Raises BankCorrupt when a file is missing or not as long as `bank.json` says."""
    for name, record in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise BankCorrupt(f"{path}: missing, though {MANIFEST_FILE} lists it")
        size = path.stat().st_size
        if size != record.size_bytes:
            raise BankCorrupt(f"{path}: {size} bytes, {MANIFEST_FILE} says {record.size_bytes}")


def check_blocks(folder: Path, manifest: BankManifest, name: str, copy: Path | None = None) -> Iterator[int]:
    """Positions of the blocks of a file, each after its sha256 was found right. Raises BankCorrupt at a wrong one.

    copy: looked at in place of the file.
    """
    expected = manifest.files[name].sha256_blocks
    found = 0
    for position, digest in enumerate(block_hashes(copy or folder / name)):
        if position >= len(expected) or digest != expected[position]:
            raise BankCorrupt(f"{folder / name}: block {position} of {BLOCK_BYTES >> 20} MiB differs from its sha256")
        found += 1
        yield position
    if found != len(expected):
        raise BankCorrupt(f"{folder / name}: ends after {found} of {len(expected)} blocks")
