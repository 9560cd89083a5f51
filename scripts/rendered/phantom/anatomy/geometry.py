"""Planes, distances and smooth shapes in heart coordinates (mm).

Heart coordinates: the origin lies in the middle of the mitral annulus at end-diastole; x points to the lateral wall,
y to the anterior wall, z from base to apex. Azimuth 0° is lateral, 90° anterior, 180° septal, 270° inferior: the AHA
bull's eye seen from the apex, as short-axis pictures show it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating]  # (T, rows, columns) of a grid of points, or anything that broadcasts with it
Vector = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Points:
    """Where a grid of picture points lies in the heart, per frame. x, y, z: float32 (T, rows, columns) mm."""

    x: Field
    y: Field
    z: Field

    def minus(self, x: Field | float, y: Field | float, z: Field | float) -> "Points":
        """The points relative to another origin, given per frame (T,) or fixed."""
        return Points(self.x - per_frame(x), self.y - per_frame(y), self.z - per_frame(z))

    def along(self, direction: NDArray[np.floating]) -> Field:
        """Component in a direction."""
        a, b, c = (np.float32(part) for part in direction)
        return np.asarray(self.x * a + self.y * b + self.z * c)


def per_frame(value: Field | float) -> Field:
    """A value or a (T,) curve in the shape that broadcasts over (T, rows, columns)."""
    array = np.asarray(value, dtype=np.float32)
    return array.reshape(-1, 1, 1) if array.ndim == 1 else array


@dataclass(frozen=True, eq=False)
class Plane:
    """The scan plane: the probe's position and the picture's two directions, float64 (T, 3) each, in heart mm.

    A picture point (lateral, depth) lies at origin + lateral · right + depth · down.
    drift: float64 (T, 2) how far the probe has moved along right and down, mm; None where it does not move.
    """

    origin: NDArray[np.float64]
    right: NDArray[np.float64]
    down: NDArray[np.float64]
    drift: NDArray[np.float64] | None = None

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit normal (T, 3)."""
        return np.cross(self.right, self.down)

    def points(self, lateral: Field, depth: Field) -> Points:
        """Heart coordinates of picture points. lateral, depth: (rows, columns) mm."""
        coordinates = [
            per_frame(self.origin[:, axis])
            + per_frame(self.right[:, axis]) * lateral
            + per_frame(self.down[:, axis]) * depth
            for axis in range(3)
        ]
        return Points(*coordinates)

    def project(self, points: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Picture coordinates (T, N, 2) and distance from the plane (T, N) of heart points (T, N, 3), all mm."""
        relative = np.asarray(points, dtype=np.float64) - self.origin[:, None]
        lateral = np.einsum("tnk,tk->tn", relative, self.right)
        depth = np.einsum("tnk,tk->tn", relative, self.down)
        off = np.einsum("tnk,tk->tn", relative, self.normal)
        return np.stack([lateral, depth], axis=-1), off


def azimuth(degrees: float) -> NDArray[np.float64]:
    """Unit vector of an azimuth in the short-axis plane."""
    angle = np.radians(degrees)
    return np.array([np.cos(angle), np.sin(angle), 0.0])


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """An ellipsoid whose axes are e1, e2 (unit vectors) and their cross product.

    centre: float (T, 3) mm. semi_axes: float (T, 3) mm.
    """

    centre: NDArray[np.float64]
    semi_axes: NDArray[np.float64]
    e1: NDArray[np.float64]
    e2: NDArray[np.float64]

    def local(self, points: Points) -> tuple[Field, Field, Field]:
        """Coordinates along the three axes, mm."""
        relative = points.minus(*(self.centre[:, axis].astype(np.float32) for axis in range(3)))
        return relative.along(self.e1), relative.along(self.e2), relative.along(np.cross(self.e1, self.e2))

    def distance(self, points: Points) -> Field:
        """Signed distance to the surface, negative inside (first order: exact on the surface)."""
        k0: Field = np.asarray(1e-6, dtype=np.float32)
        k1: Field = np.asarray(1e-6, dtype=np.float32)
        for part, axis in zip(self.local(points), self.semi_axes.T, strict=True):
            scaled = part / per_frame(axis)
            k0 = k0 + scaled * scaled
            scaled = scaled / per_frame(axis)
            k1 = k1 + scaled * scaled
        radius = np.sqrt(k0)
        return np.asarray(radius * (radius - 1) / np.sqrt(k1), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Tube:
    """A vessel: a straight axis and a radius that changes along it.

    origin: float (T, 3) mm. direction: unit vector. stations: positions along the axis, mm.
    radii: float (T or 1, stations) mm. rounded: the ends are half spheres, not flat.
    """

    origin: NDArray[np.float64]
    direction: NDArray[np.float64]
    stations: NDArray[np.float64]
    radii: NDArray[np.float64]
    rounded: bool = False

    def local(self, points: Points) -> tuple[Field, Field]:
        """(position along the axis, distance from it) in mm."""
        relative = points.minus(*(self.origin[:, axis].astype(np.float32) for axis in range(3)))
        along = relative.along(self.direction)
        square = relative.x * relative.x + relative.y * relative.y + relative.z * relative.z - along * along
        return along, np.sqrt(np.maximum(square, np.float32(0)))

    def distance(self, points: Points) -> Field:
        """Signed distance to the wall, negative inside."""
        along, off = self.local(points)
        beyond = np.maximum(along - np.float32(self.stations[-1]), np.float32(self.stations[0]) - along)
        if self.rounded:
            return np.asarray(np.hypot(off, np.maximum(beyond, 0)) - self.radius(along))
        return np.asarray(np.maximum(off - self.radius(along), beyond))

    def radius(self, along: Field) -> Field:
        """Radius at positions along the axis."""
        if len(self.radii) == 1:
            return np.asarray(np.interp(along, self.stations, self.radii[0]), dtype=np.float32)
        rows = [np.interp(a, self.stations, r) for a, r in zip(along, self.radii, strict=True)]
        return np.asarray(rows, dtype=np.float32)
