"""A study's vectors as a value: what the encoder makes of its clips, before anything is searched or written.

As a document for HTTP and as an `.npz` file for everything else. Neither needs torch to be read:

    from service.documents.study_vectors import StudyVectors
    vectors = StudyVectors.read("X.npz")
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from service.documents.document import Document

_ABOUT = "about"  # the one entry that is text: JSON of everything without an array
_ARRAYS = ("clip_embeddings", "view_probabilities", "section_vectors", "assessed")


class SkippedFile(Document):
    """A file of the study that has no vector, and why."""

    clip: int
    panel: int | None = None
    reason: str


class VectorsDocument(Document):
    """The answer to `POST /embeddings`. Rows are clips, or sections; columns of `view_probabilities` are `views`."""

    study_id: str
    clip_embeddings: list[list[float]] = Field(description="N rows of D numbers, as the encoder gives them.")
    view_probabilities: list[list[float]] = Field(description="N rows; each sums to 1.")
    views: list[str]
    clips: list[int] = Field(description="Upload position of each row, from 1.")
    panels: list[int | None] = Field(description="Which picture of the frames each row is; null where they hold one.")
    sha256: list[str] = Field(description="Of the file that each row came from.")
    section_vectors: list[list[float]] = Field(description="S rows of unit norm, zeros where not assessed.")
    assessed: list[bool]
    sections: list[str]
    skipped: list[SkippedFile]
    provenance: dict[str, str | int | float | bool | None]


@dataclass(frozen=True, eq=False, kw_only=True)
class StudyVectors:
    """A study after the encoder.

    clip_embeddings: float32 (N, D). view_probabilities: float32 (N, V), columns are `views`. clips, panels, sha256: of
    each row, where it came from; a panel is None where frames hold one picture. section_vectors: float32 (S, D) of unit
    norm, zeros where `assessed`, bool (S,), is False. skipped: files without a vector. provenance: bundle, encoder,
    arithmetic, licence notice. Raises ValueError where shapes and names do not fit each other.
    """

    clip_embeddings: NDArray[np.float32]
    view_probabilities: NDArray[np.float32]
    views: tuple[str, ...]
    clips: tuple[int, ...]
    panels: tuple[int | None, ...]
    sha256: tuple[str, ...]
    section_vectors: NDArray[np.float32]
    assessed: NDArray[np.bool_]
    sections: tuple[str, ...]
    skipped: tuple[SkippedFile, ...] = ()
    provenance: dict[str, str | int | float | bool | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows, sections = len(self.clips), len(self.sections)
        dimension = self.section_vectors.shape[-1]
        wanted = {
            "clip_embeddings": (rows, dimension),
            "view_probabilities": (rows, len(self.views)),
            "section_vectors": (sections, dimension),
            "assessed": (sections,),
        }
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name}: {getattr(self, name).shape}, the names make it {shape}")
        for name in ("panels", "sha256"):
            if len(getattr(self, name)) != rows:
                raise ValueError(f"{name}: {len(getattr(self, name))} for {rows} clips")

    def write(self, file: Path | IO[bytes]) -> None:
        """Writes an `.npz`: four arrays, and `about` with all names as JSON. Nothing in it is a pickle."""
        about = {
            "views": self.views,
            "clips": self.clips,
            "panels": self.panels,
            "sha256": self.sha256,
            "sections": self.sections,
            "skipped": [one.model_dump() for one in self.skipped],
            "provenance": self.provenance,
        }
        arrays: dict[str, Any] = {name: getattr(self, name) for name in _ARRAYS}
        arrays[_ABOUT] = np.array(json.dumps(about))
        np.savez(file, **arrays)

    @classmethod
    def read(cls, file: Path | str) -> Self:
        """The vectors of a file. Raises ValueError naming it when it holds something else, OSError without it."""
        try:
            with Path(file).open("rb") as opened, np.load(opened, allow_pickle=False) as held:
                about = json.loads(str(held[_ABOUT]))
                arrays = {name: held[name] for name in _ARRAYS}
            return cls._of(about, arrays)
        except (KeyError, TypeError, ValueError, EOFError, BadZipFile) as error:
            raise ValueError(f"{file}: is no file of `echoscribe embed` ({error})") from error

    @classmethod
    def of_document(cls, document: VectorsDocument) -> Self:
        """The vectors of an answer."""
        about = document.model_dump(exclude={"study_id", *_ARRAYS})
        dimension = len((document.section_vectors or document.clip_embeddings or [[]])[0])
        arrays = {
            "clip_embeddings": np.array(document.clip_embeddings, np.float32).reshape(-1, dimension),
            "view_probabilities": np.array(document.view_probabilities, np.float32).reshape(-1, len(document.views)),
            "section_vectors": np.array(document.section_vectors, np.float32).reshape(-1, dimension),
            "assessed": np.array(document.assessed, np.bool_),
        }
        return cls._of(about, arrays)

    def document(self, study_id: str) -> VectorsDocument:
        """The vectors as an answer."""
        return VectorsDocument(
            study_id=study_id,
            clip_embeddings=self.clip_embeddings.tolist(),
            view_probabilities=self.view_probabilities.tolist(),
            views=list(self.views),
            clips=list(self.clips),
            panels=list(self.panels),
            sha256=list(self.sha256),
            section_vectors=self.section_vectors.tolist(),
            assessed=self.assessed.tolist(),
            sections=list(self.sections),
            skipped=list(self.skipped),
            provenance=self.provenance,
        )

    @classmethod
    def _of(cls, about: dict[str, Any], arrays: dict[str, Any]) -> Self:
        names: dict[str, Any] = {
            name: tuple(about[name]) for name in ("views", "clips", "panels", "sha256", "sections")
        }
        skipped = tuple(SkippedFile.model_validate(one) for one in about["skipped"])
        return cls(**names, skipped=skipped, provenance=about["provenance"], **arrays)
