import pytest

from service.ingest.dicom.header import Region, tissue_boxes
from service.ingest.pixel_aspect import pixel_aspect

CM = (3, 3)
BOX = (0, 0, 99, 99)


def region(right: float | None, down: float | None, units: tuple[int, int] = CM, kind: int = 1) -> Region:
    return Region(1, kind, BOX, units, (right, down))


@pytest.mark.parametrize(
    ("stated", "regions", "aspect"),
    [
        ((1.0, 2.0), (), 2.0),  # height 1, width 2: PS3.3 C.7.6.3.1.7 names the height first
        ((2.0, 1.0), (), 0.5),
        ((1.0, 1.0), (region(0.1, 0.05),), 1.0),  # the attribute goes before the regions
        ((), (region(0.1, 0.05),), 2.0),
        ((), (region(-0.04, 0.08),), 0.5),  # a delta is negative where the axis runs the other way
        ((), (region(0.1, 0.05), region(0.1, 0.05, kind=2)), 2.0),
        ((), (region(0.1, 0.05), region(0.05, 0.05)), 1.0),  # they contradict each other
        ((), (region(0.1, 0.05, (4, 3)),), 1.0),  # seconds and centimetres
        ((), (region(0.1, 0.05, kind=3),), 1.0),  # a spectrum
        ((), (region(0.1, None),), 1.0),
        ((), (region(0.0, 0.05),), 1.0),
        ((1.0, 40.0), (), 1.0),  # a slip
        ((0.0, 1.0), (), 1.0),
        ((float("nan"), 1.0), (), 1.0),
        ((1.0,), (), 1.0),
        ((), (), 1.0),
    ],
)
def test_the_aspect_is_what_the_header_says_of_its_pixels(
    stated: tuple[float, ...], regions: tuple[Region, ...], aspect: float
) -> None:
    assert pixel_aspect(stated, regions) == pytest.approx(aspect)


def test_each_region_of_tissue_or_flow_is_a_box_and_none_where_one_lies_outside() -> None:
    left, right = Region(1, 1, (0, 0, 99, 99)), Region(1, 2, (100, 0, 199, 99))
    spectrum = Region(3, 3, (0, 100, 199, 199))
    assert tissue_boxes((left, right, spectrum), 200, 200) == ((0, 0, 100, 100), (100, 0, 200, 100))
    assert tissue_boxes((left, right), 200, 150) == ()
