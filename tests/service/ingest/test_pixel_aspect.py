import pytest

from service.ingest.dicom.header import Region, tissue_boxes
from service.ingest.pixel_aspect import pixel_aspect, pixel_cm

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


@pytest.mark.parametrize(
    ("regions", "fits", "size"),
    [
        ((region(0.05, 0.05),), True, 0.05),
        ((region(0.05, 0.04),), True, 0.04),  # what is not square is stretched to the shorter side
        ((region(-0.05, 0.05), Region(3, 3, (0, 0, 9, 9))), True, 0.05),
        ((region(0.05, 0.05),), False, None),  # of before the picture was resized
        ((region(0.05, 0.05), region(0.03, 0.03)), True, None),  # two pictures of different sizes
        ((region(5.0, 5.0),), True, None),  # a slip
        ((region(0.0, 0.05),), True, None),
        ((), True, None),
    ],
)
def test_the_size_of_a_pixel_is_known_only_where_the_header_says_it(
    regions: tuple[Region, ...], fits: bool, size: float | None
) -> None:
    assert pixel_cm(regions, fit_the_picture=fits) == (None if size is None else pytest.approx(size))
