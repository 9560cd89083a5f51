"""Label tables as people write them: what cannot be used is counted, named by line, and kept out."""

from pathlib import Path

import pytest

from service.site.calibration.labelled_studies import read_labels
from tests.toy_modality import TOY


def written(folder: Path, content: bytes) -> Path:
    path = folder / "labels.csv"
    path.write_bytes(content)
    return path


def test_values_are_read_and_faults_are_named(tmp_path: Path) -> None:
    table = read_labels(
        written(
            tmp_path,
            b"\xef\xbb\xbfstudy,hue,is_bright,remark\r\na,120,1,x\r\nb,,0,\r\nc,400,yes,\r\n"
            b"twice,1,1,\r\ntwice,2,0,\r\n,3,1,\r\nd,nan,2,\r\n",
        ),
        TOY,
    )
    assert table.labels == {"a": {"hue": 120.0, "is_bright": 1.0}, "b": {"is_bright": 0.0}, "c": {}, "d": {}}
    assert [line.split(":")[0] for line in table.refused] == [f"line {number}" for number in (4, 4, 6, 7, 8, 8)]
    assert not any("yes" in line or "twice" in line for line in table.refused)


@pytest.mark.parametrize("content", [b"", b"study\na\n", b"name,hue\na,1\n", b"study,hue\n\xff\xfe,1\n"])
def test_a_table_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ValueError, match=r"labels\.csv"):
        read_labels(written(tmp_path, content), TOY)
