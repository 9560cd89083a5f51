import numpy as np
import pytest

from scripts.rendered.phantom.anatomy.cycle import CardiacCycle

BEAT = np.linspace(0, 1, 2000, endpoint=False)


@pytest.mark.parametrize("rate", [45.0, 70.0, 125.0])
@pytest.mark.parametrize("pressure", [6.0, 30.0])
def test_a_beat_empties_and_fills_the_ventricle_exactly(rate: float, pressure: float) -> None:
    cycle = CardiacCycle.of(rate, pressure)
    moved = cycle.contraction(BEAT * cycle.beat_s)
    assert moved[0] == pytest.approx(0.0, abs=1e-3)
    assert moved[-1] == pytest.approx(0.0, abs=0.02)
    assert moved.max() == pytest.approx(1.0, abs=1e-3)
    assert moved.min() >= -1e-3
    assert 0 < cycle.aortic_opening_s < cycle.aortic_closure_s < cycle.mitral_opening_s < cycle.beat_s


def test_inlet_and_outlet_valves_are_never_open_together() -> None:
    cycle = CardiacCycle.of(72.0, 10.0)
    time = BEAT * cycle.beat_s
    both = np.minimum(cycle.inlet_opening(time), cycle.outlet_opening(time))
    assert both.max() < 0.05
    assert cycle.inlet_opening(time).max() > 0.95
    assert cycle.outlet_opening(time).max() > 0.95


def test_regurgitation_has_its_half_of_the_beat() -> None:
    cycle = CardiacCycle.of(72.0, 10.0)
    time = BEAT * cycle.beat_s
    systole = cycle.systole(time)
    assert systole[np.argmax(cycle.outflow(time))] == pytest.approx(1.0)
    assert systole[np.argmax(cycle.inflow(time))] == pytest.approx(0.0, abs=1e-3)


def test_high_filling_pressure_shortens_early_filling() -> None:
    assert CardiacCycle.of(70.0, 28.0).early_filling_s < CardiacCycle.of(70.0, 8.0).early_filling_s
    assert CardiacCycle.of(70.0, 28.0).early_share > CardiacCycle.of(70.0, 8.0).early_share


def test_the_r_wave_is_the_highest_point_of_the_ecg() -> None:
    cycle = CardiacCycle.of(70.0, 10.0)
    time = BEAT * cycle.beat_s
    trace = cycle.ecg(time)
    assert abs(time[int(trace.argmax())]) < 0.005
    assert trace.max() == pytest.approx(1.0, abs=0.05)
