import numpy as np
import pytest

from index.report_columns import ReportColumns, columns_of


def test_columns_keep_report_order_and_kinds_of_value() -> None:
    columns = columns_of([{"A": [(3, 1.5), (1, None)]}, {}, {"B": [(2, "wall")]}])
    assert columns.counts.tolist() == [2, 0, 1]
    assert columns.phrase_ids.tolist() == [3, 1, 2]
    assert np.array_equal(columns.values, np.array([1.5, np.nan, np.nan], np.float32), equal_nan=True)
    assert columns.texts == {2: "wall"}


def test_lengths_must_fit() -> None:
    with pytest.raises(ValueError, match="counts say 2 sentences"):
        ReportColumns(np.array([2]), np.zeros(1, np.int32), np.zeros(2, np.float32))
