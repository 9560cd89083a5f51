"""What the tracer outlines, and in which views."""

from typing import Final

# Channel 0 of the network is everything else.
CHAMBERS: Final = ("lv", "myocardium", "la", "rv", "ra")
CLASSES: Final = 1 + len(CHAMBERS)
TRACED_VIEWS: Final = ("A4C", "A2C", "A3C", "A5C", "Parasternal_Long", "Parasternal_Short")
