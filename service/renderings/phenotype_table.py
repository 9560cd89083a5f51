"""Phenotypes as a table, one row per study and phenotype: for the text report, and as CSV for whoever calculates.

pandas is imported where it is used: serving is ready half a second sooner (LOG 2026-11-22).
"""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from service.schemas import PhenotypeOut, StudyPhenotypes

if TYPE_CHECKING:
    import pandas as pd

_STUDY = {"study_id", "created", "bundle", "bundle_sha256", "bank", "bank_sha256"}
# What was there first comes first: programs that count columns still read them.
COLUMNS = (
    "study_id",
    "created",
    "phenotype",
    *PhenotypeOut.model_fields,
    "bundle",
    "bundle_sha256",
    "bank",
    "bank_sha256",
)


def phenotype_table(studies: Iterable[StudyPhenotypes]) -> "pd.DataFrame":
    """Rows in the order of the studies and of their phenotypes; unknown numbers are missing values.

    `created` is written as in JSON.
    """
    import pandas as pd  # noqa: PLC0415 - see above

    rows = [
        {**study.model_dump(mode="json", include=_STUDY), "phenotype": name, **row.model_dump()}
        for study in studies
        for name, row in study.phenotypes.items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def phenotype_csv(studies: Iterable[StudyPhenotypes]) -> str:
    """The table as CSV (RFC 4180) with a header line; unknown is an empty field, and `reason` says why.

    Numbers have at most 6 significant digits, which is more than any vote is worth; truth is `true` or `false`.
    """
    return phenotype_table(studies).map(_csv_cell).to_csv(index=False, lineterminator="\r\n")


def _csv_cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return value
