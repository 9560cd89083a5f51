"""Settings of the running service: environment variables `ECHOSCRIBE_…`, validated once, never changed afterwards."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

import index
import model

_SHIPPED = "default"  # folder name of the bundle and bank that come with the package


def shipped_bundle() -> Path:
    """Folder of the bundle that ships with the package."""
    return Path(model.__path__[0]) / "bundles" / _SHIPPED


def shipped_bank() -> Path:
    """Folder of the candidate bank that ships with the package."""
    return Path(index.__path__[0]) / "banks" / _SHIPPED


class Settings(BaseSettings):
    """Every field is an environment variable with the prefix ECHOSCRIBE_; README lists them, a test compares."""

    model_config = SettingsConfigDict(env_prefix="ECHOSCRIBE_", frozen=True, extra="forbid")

    bundle: Path = Field(
        default_factory=shipped_bundle, description="Folder of the bundle (networks, names, language)."
    )
    bank: Path = Field(default_factory=shipped_bank, description="Folder of the candidate bank.")
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="auto, cpu, cuda or cuda:N.")
    dtype: Literal["float32", "bfloat16"] = Field("float32", description="Arithmetic of the networks.")
    threads: int = Field(0, ge=0, le=256, description="CPU threads of torch and of FAISS; 0 leaves their defaults.")
    neighbours: int = Field(
        50, ge=1, le=1000, description="Nearest candidates that vote (k) when a request names none."
    )
    depth: int = Field(
        200, ge=1, le=10000, description="Candidates searched per section; the context is read from them."
    )
