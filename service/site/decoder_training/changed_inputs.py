"""Held-out rows with some of their inputs changed: what a decoder must lose when it really reads them."""

from dataclasses import replace

from service.site.decoder_training.rows import DisturbedRow


def change_inputs(rows: list[DisturbedRow]) -> dict[str, list[DisturbedRow]]:
    """The rows as they are, without estimates, and with the estimates and vectors of another study."""
    others = [*rows[len(rows) // 2 :], *rows[: len(rows) // 2]]
    return {
        "as_served": rows,
        "without_phenotypes": [replace(row, study=replace(row.study, phenotypes=())) for row in rows],
        "other_video": [replace(row, study=other.study) for row, other in zip(rows, others, strict=True)],
    }
