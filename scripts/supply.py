"""Hashes, licences, SBOM, vulnerabilities of what is pinned: `python -m scripts.supply lock|licences|sbom|audit`.

`lock` asks the package index for hashes; `audit` asks a service of advisories, and says so where none can be reached.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[1]
CONSTRAINTS: Final = ROOT / "constraints.txt"
LOCK: Final = ROOT / "requirements.lock"
LICENCES: Final = ROOT / "docs" / "licences.md"
SBOM: Final = ROOT / "docs" / "operations" / "sbom.cdx.json"
_BEGIN: Final = "| package | version | licence |"
# Licences that allow less than keeping a notice. What they mean for the image stands above the table.
_STRICT: Final = re.compile(r"\b(?:A|L)?GPL|GNU|Proprietary|NVIDIA", re.IGNORECASE)
_UNREACHABLE: Final = re.compile(
    r"ConnectionError|Connection refused|Max retries|Name or service|timed out|ServiceError|403|404"
)


def pinned() -> dict[str, str]:
    """Canonical name → version of every constraint."""
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(";")[0].strip().split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def hashes_of(folder: Path) -> dict[str, str]:
    """`name==version` → sha256 of the file that pip would install here for each constraint; nothing is installed."""
    report = folder / "report.json"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--no-deps"]
    subprocess.run([*command, "--report", str(report), "-r", str(CONSTRAINTS)], check=True)
    return hashes_in(json.loads(report.read_text(encoding="utf-8")))


def hashes_in(report: Mapping[str, Any]) -> dict[str, str]:
    """The same, of what pip reports (PEP 610's archive_info)."""
    found = {}
    for one in report["install"]:
        name = canonicalize_name(one["metadata"]["name"])
        found[f"{name}=={one['metadata']['version']}"] = one["download_info"]["archive_info"]["hashes"]["sha256"]
    return found


def write_lock() -> int:
    """Writes the lock file anew. 1 where a hash could not be had."""
    with tempfile.TemporaryDirectory() as folder:
        hashes = hashes_of(Path(folder))
    lines = ["# Made by `python -m scripts.supply lock`: constraints.txt with the hashes of what was tested."]
    missing = []
    for name, version in sorted(pinned().items()):
        one = f"{name}=={version}"
        if one in hashes:
            lines.append(f"{one} --hash=sha256:{hashes[one]}")
        else:
            missing.append(one)
    LOCK.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(json.dumps({"packages": len(lines) - 1, "without_hash": missing}))
    return int(bool(missing))


def _known_hashes() -> dict[str, list[str]]:
    if not LOCK.exists():
        return {}
    text = LOCK.read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {line[0]: [part.removeprefix("--hash=") for part in line[1:]] for line in lines if len(line) > 1}


def licence_of(name: str) -> str:
    """What a wheel's metadata state: the expression, else classifiers, else the first line of the field."""
    found = metadata.metadata(name)
    if expressions := found.get_all("License-Expression"):
        return str(expressions[0])
    said = [str(one).rpartition(" :: ")[2] for one in found.get_all("Classifier", []) if one.startswith("License ::")]
    said = [one for one in said if one != "OSI Approved"]
    return ", ".join(said) or str((found.get_all("License") or ["not stated"])[0]).strip().splitlines()[0][:80]


def licence_rows() -> list[str]:
    """A row of the table for each pinned package that is installed here."""
    rows = []
    for name, version in sorted(pinned().items()):
        try:
            licence = licence_of(name)
        except metadata.PackageNotFoundError:
            continue
        rows.append(f"| {name} | {version} | {'**' + licence + '**' if _STRICT.search(licence) else licence} |")
    return rows


def write_licences() -> int:
    """Writes the table anew below the text of the page; 0."""
    head = LICENCES.read_text(encoding="utf-8").partition(_BEGIN)[0]
    LICENCES.write_text("\n".join([head + _BEGIN, "|---|---|---|", *licence_rows()]) + "\n", encoding="utf-8")
    return 0


def sbom(lock: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """CycloneDX 1.6 of what is pinned. It has no time and no serial number, so that equal pins give an equal file."""
    components = []
    for one, hashes in sorted(lock.items()):
        name, _, version = one.partition("==")
        digests = [part.rpartition(":")[2] for part in hashes]
        components.append(
            {
                "type": "library",
                "bom-ref": f"pkg:pypi/{name}@{version}",
                "name": name,
                "version": version,
                "purl": f"pkg:pypi/{name}@{version}",
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in digests],
            }
        )
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}


def write_sbom() -> int:
    """Writes the SBOM of the lock file; 0."""
    SBOM.write_text(json.dumps(sbom(_known_hashes()), indent=1) + "\n", encoding="utf-8")
    return 0


def audit() -> int:
    """1 where a pinned package has a known vulnerability; says so, and gives 0, where no service could be reached."""
    command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--format", "json", "-r", str(LOCK)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    try:
        found = [one for one in json.loads(done.stdout)["dependencies"] if one.get("vulns")]
    except (ValueError, KeyError):
        if _UNREACHABLE.search(done.stderr):
            print(json.dumps({"audit": "not done: no service of advisories could be reached"}))
            return 0
        print(json.dumps({"audit": "failed", "said": done.stderr[-300:]}))
        return 1
    said = {one["name"]: [vulnerability["id"] for vulnerability in one["vulns"]] for one in found}
    print(json.dumps({"audit": "done", "vulnerable": said}))
    return int(bool(said))


def main() -> None:
    """Does what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    steps = {"lock": write_lock, "licences": write_licences, "sbom": write_sbom, "audit": audit}
    parser.add_argument("step", choices=[*steps])
    sys.exit(steps[parser.parse_args().step]())


if __name__ == "__main__":
    main()
