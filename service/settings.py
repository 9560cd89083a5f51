"""Settings of the running service: environment variables `ECHOSCRIBE_…`, validated once, never changed afterwards."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

import index
import model
from index.usual_search import DEPTH, NEIGHBOURS

GIBIBYTE = 1 << 30
_SHA256 = r"^[0-9a-fA-F]{64}$"
_SHIPPED = "default"  # folder name of the bundle and bank that come with the package


def shipped_bundle() -> Path:
    """Folder of the bundle that ships with the package."""
    return Path(model.__path__[0]) / "bundles" / _SHIPPED


def shipped_bank() -> Path:
    """Folder of the candidate bank that ships with the package."""
    return Path(index.__path__[0]) / "banks" / _SHIPPED


def user_data() -> Path:
    """Our folder in the user's data folder (XDG Base Directory Specification 0.8)."""
    data_home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data_home) / "echoscribe"


@dataclass(frozen=True)
class PostgresPlace:
    """A PostgreSQL database, whose address may hold a password, and the schema in it."""

    url: SecretStr
    schema: str


_POSTGRESQL: Final = ("postgresql://", "postgres://", "postgresql+psycopg://")


def _path_or_database(given: object) -> object:
    """A path, or the address of a database, which is never shown again. Raises ValueError for another kind."""
    if not isinstance(given, str):
        return given
    if given.startswith(_POSTGRESQL):
        return SecretStr("postgresql://" + given.partition("://")[2])
    if "://" in given:
        raise ValueError("must be the path of a SQLite file or an address that begins with postgresql://")
    return Path(given)


class Settings(BaseSettings):
    """Every field is an environment variable with the prefix ECHOSCRIBE_; docs/settings.md lists them."""

    model_config = SettingsConfigDict(env_prefix="ECHOSCRIBE_", frozen=True, extra="forbid")

    bundle: Path = Field(
        default_factory=shipped_bundle, description="Folder of the bundle (networks, names, language)."
    )
    bank: Path = Field(default_factory=shipped_bank, description="Folder of the candidate bank.")
    bundle_sha256: str | None = Field(
        None,
        pattern=_SHA256,
        description="The sha256 that the bundle's `bundle.json` must have; another one is refused. Unset: any.",
    )
    bank_sha256: str | None = Field(
        None, pattern=_SHA256, description="The sha256 that the bank's `bank.json` must have; unset: any."
    )
    bank_reading: Literal["private", "in_place"] = Field(
        "private",
        description="private: the bank is read in copies that nobody else can change, in memory or, beyond 512 MiB, in "
        "nameless files beside the store; in_place: where it lies, and a file that is cut ends the service.",
    )
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="auto, cpu, cuda or cuda:N.")
    dtype: Literal["checked", "float32", "bfloat16", "auto"] = Field(
        "checked",
        description="Arithmetic of the networks. checked: bfloat16 where a check on this machine found its answers "
        "equal and sooner, else float32; auto: bfloat16 wherever it is native.",
    )
    threads: int = Field(
        0, ge=0, le=256, description="CPU threads of torch and of FAISS; 0: their defaults, torch 1 for small networks."
    )
    search: Literal["recorded", "exact"] = Field(
        "recorded",
        description="recorded: as `bank.json` says, on a GPU FAISS over all vectors; exact: torch scans all vectors.",
    )
    neighbours: int = Field(
        NEIGHBOURS, ge=1, le=1000, description="Nearest candidates that vote (k) when a request names none."
    )
    min_labelled: int = Field(
        10, ge=1, le=1000, description="Labelled neighbours below which a phenotype is not called yes or no."
    )
    depth: int = Field(
        DEPTH, ge=1, le=10000, description="Candidates searched per section; the context is read from them."
    )
    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on; the image listens on 0.0.0.0.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one and logs it.")
    store: Annotated[Path | SecretStr, BeforeValidator(_path_or_database)] = Field(
        default_factory=lambda: user_data() / "results.sqlite3",
        description="What keeps results: a SQLite file, which one process at a time may hold, or `postgresql://…`, "
        "which several may share.",
    )
    retention_days: float = Field(
        0, ge=0, le=36_500, description="Days after which an answered study is erased; 0: kept until it is deleted."
    )
    keys: Path | None = Field(
        None,
        description="File of the API keys (`echoscribe keys`). With keys every call needs one; without, the service "
        "listens on loopback only.",
    )
    audit: Path | None = Field(
        None, description="File that says which key did what to which study; only ever added to."
    )
    allowed_hosts: str = Field(
        "", description="Names in `Host` that the service answers to, with commas, beside localhost and any address."
    )
    upload_folder: Path = Field(
        default_factory=lambda: user_data() / "uploads",
        description="Where the files of accepted studies lie until they are answered, also over a restart: a local "
        "folder that no other service uses.",
    )
    queue_size: int = Field(
        8, ge=1, le=1000, description="Studies that wait or run at once, their uploads complete. More get a 429."
    )
    uploads: int = Field(
        32,
        ge=1,
        le=1000,
        description="Uploads that come in at once; the slowest goes when another waits for its place.",
    )
    share_per_client: float = Field(
        0.75, gt=0, le=1, description="Largest part of `uploads` and `queue_size` that one tenant's keys may hold."
    )
    max_body_bytes: int = Field(4 * GIBIBYTE, ge=1024, description="Largest request body; a zip may unpack to as much.")
    max_files: int = Field(1000, ge=1, le=10000, description="Most files in one upload, zips unpacked.")
    max_file_bytes: int = Field(GIBIBYTE, ge=1, description="Largest file in an upload.")
    decoding: Literal["processes", "in_process"] = Field(
        "processes",
        description="Where files are read: processes: in some that may be ended; in_process: in the service's own.",
    )
    decoder_memory_bytes: int = Field(
        GIBIBYTE, ge=256 << 20, description="Memory that reading one file may take, beside its frames."
    )
    decoder_file_cpu_seconds: float = Field(30, gt=0, description="Processor seconds that reading one file may take.")
    decoder_file_seconds: float = Field(60, gt=0, description="Seconds that reading one file may take.")
    decoder_study_cpu_seconds: float = Field(
        600, gt=0, description="Processor seconds that the files of a study may take together."
    )
    decoder_study_seconds: float = Field(
        900, gt=0, description="Seconds that the files of a study may take, one after the other."
    )
    upload_bytes_per_second: float = Field(
        4096, ge=0, description="Least mean rate of an upload once it is older than the longest silence; 0: none."
    )
    header_bytes: int = Field(
        16384,
        ge=4096,
        le=1 << 20,
        description="Longest head of a request: its line and headers. Longer ones get a 431.",
    )
    header_seconds: float = Field(10, gt=0, description="Longest time that the head of a request may take.")
    connections: int = Field(
        1000,
        ge=10,
        le=100_000,
        description="Most open connections; a new one closes the oldest that waits for a request.",
    )
    connections_per_address: int = Field(
        250, ge=5, le=100_000, description="Most open connections of one address, which may be a proxy's."
    )
    upload_idle_seconds: float = Field(30, gt=0, description="Longest silence while an upload arrives.")
    upload_seconds: float = Field(900, gt=0, description="Longest time one upload may take.")
    answer_seconds: float = Field(
        900, gt=0, description="Longest wait for a synchronous answer; the study still finishes and can be fetched."
    )
    drain_seconds: float = Field(
        60, ge=0, description="After SIGTERM: how long accepted studies may take before they are given up."
    )
    shadow: bool = Field(
        False, description="Drafts are stored and shown to nobody over HTTP; `echoscribe drafts` reads them."
    )
    feedback: bool = Field(
        False,
        description="GET /feedback gives out signed reports beside their drafts, to train and to validate with. "
        "Off: what a physician wrote may name a patient.",
    )
    embeddings: bool = Field(
        False,
        description="POST /embeddings gives out a study's vectors. Off: the vectors of a patient's studies find each "
        "other, and a release's licence may forbid passing on what is derived from it.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")

    @property
    def results_place(self) -> Path | PostgresPlace:
        """The store of this mode: drafts written in shadow have their own, so that ending it shows none."""
        if isinstance(self.store, SecretStr):
            return PostgresPlace(self.store, "echoscribe_shadow" if self.shadow else "echoscribe")
        return self.store.with_name(f"{self.store.stem}.shadow{self.store.suffix}") if self.shadow else self.store

    @property
    def data_folder(self) -> Path:
        """What is written beside the store; with a database, the user's data folder."""
        return self.store.parent if isinstance(self.store, Path) else user_data()

    @property
    def keys_file(self) -> Path:
        """Where the keys are, whether there are any or not."""
        return self.keys or self.data_folder / "keys.json"

    @property
    def audit_file(self) -> Path:
        """Where the audit log is."""
        return self.audit or self.data_folder / "audit.jsonl"


def settings_table() -> str:
    """The settings as a Markdown table, one row per field: what docs/settings.md shows."""
    rows = [
        f"| `ECHOSCRIBE_{name.upper()}` | {_shown_default(name)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


_DESCRIBED_DEFAULTS = {
    "bundle": "the shipped bundle",
    "bank": "the shipped bank",
    "store": "`echoscribe/results.sqlite3` in the user's data folder",
    "keys": "`keys.json` beside the store",
    "audit": "`audit.jsonl` beside the store",
    "upload_folder": "`echoscribe/uploads` in the user's data folder",
}


def _shown_default(name: str) -> str:
    """A default that is the same on every machine."""
    return _DESCRIBED_DEFAULTS.get(name) or f"`{Settings.model_fields[name].default}`"
