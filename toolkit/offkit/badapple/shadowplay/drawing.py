"""Strokes and shapes: what the built-in film is drawn with.

Everything draws into a uint8 picture in place. Points are (x, y) in pixels, y downwards;
angles are radians; ``ink`` is a gray level. Positions are kept to an eighth of a pixel and
edges are anti-aliased, so slow motion does not jitter.
"""

import math
from functools import lru_cache
from typing import Any, List, Sequence, Tuple

import cv2
import numpy as np

_SHIFT = 3  # fractional bits of the coordinates given to OpenCV
Point = Tuple[float, float]


def polygon(picture: Any, points: Any, ink: int) -> None:
    """A filled polygon through ``points`` (n, 2)."""
    fixed = np.round(np.asarray(points, np.float64) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(picture, [fixed], ink, cv2.LINE_AA, _SHIFT)


def disc(picture: Any, centre: Point, radius: float, ink: int) -> None:
    cv2.circle(picture, _fixed(centre), max(0, _eighths(radius)), ink, -1, cv2.LINE_AA, _SHIFT)


def ring(picture: Any, centre: Point, axes: Point, width: float, ink: int) -> None:
    """An ellipse's outline of ``width`` pixels with half axes ``axes``."""
    half = (max(0, _eighths(axes[0])), max(0, _eighths(axes[1])))
    thick = max(1, int(np.rint(width)))
    cv2.ellipse(picture, _fixed(centre), half, 0, 0, 360, ink, thick, cv2.LINE_AA, _SHIFT)


def _fixed(point: Point) -> Tuple[int, int]:
    return _eighths(point[0]), _eighths(point[1])


def _eighths(length: float) -> int:
    """Python's round() of numpy's floats is a float before numpy 1.19, and OpenCV takes integers only."""
    return int(np.rint(length * (1 << _SHIFT)))


def smooth(points: Sequence[Point], steps: int = 6) -> Any:
    """The closed Catmull-Rom curve through ``points``, ``steps`` points a segment: (n·steps, 2)."""
    knots = np.asarray(points, np.float64)
    around = (np.arange(len(knots))[:, None] + np.array([-1, 0, 1, 2])) % len(knots)
    return (_catmull_rom(steps) @ knots[around]).reshape(-1, 2)


@lru_cache(maxsize=None)
def _catmull_rom(steps: int) -> Any:
    t = np.arange(steps) / float(steps)
    return 0.5 * np.stack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2], 1
    )


@lru_cache(maxsize=None)
def _bernstein(degree: int, steps: int) -> Any:
    t = np.linspace(0.0, 1.0, steps)
    choose = [1.0]
    for k in range(degree):
        choose.append(choose[-1] * (degree - k) / (k + 1))
    return np.stack([choose[k] * t**k * (1 - t) ** (degree - k) for k in range(degree + 1)], 1)


def arc(points: Sequence[Point], steps: int = 14) -> Any:
    """The Bézier curve with control ``points``: (steps, 2)."""
    return _bernstein(len(points) - 1, steps) @ np.asarray(points, np.float64)


def ribbon(picture: Any, spine: Any, widths: Any, ink: int) -> None:
    """A band along ``spine`` (n, 2), ``widths`` (n,) pixels wide: hair, branches, wings, fish."""
    spine = np.asarray(spine, np.float64)
    along = np.empty_like(spine)
    along[1:-1] = spine[2:] - spine[:-2]
    along[0], along[-1] = spine[1] - spine[0], spine[-1] - spine[-2]
    length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)
    normal = np.stack([-along[:, 1], along[:, 0]], 1) * (np.asarray(widths) / (2 * length))[:, None]
    polygon(picture, np.concatenate([spine + normal, (spine - normal)[::-1]]), ink)


def limb(picture: Any, joints: Sequence[Point], radii: Sequence[float], ink: int) -> None:
    """Bones between ``joints``, tapering from radius to radius, round at every joint."""
    for bone, widths in zip(zip(joints, joints[1:]), zip(radii, radii[1:])):
        ribbon(picture, bone, 2 * np.asarray(widths), ink)
    for joint, radius in zip(joints, radii):
        disc(picture, joint, radius, ink)


def mirrored(side: Sequence[Point]) -> List[Point]:
    """The other half of an outline that is the same on both sides of x = 0, from where ``side`` ends."""
    return [(-x, y) for x, y in side[::-1]]


def placed(points: Any, origin: Point, scale: float) -> Any:
    """``points``, scaled, with their (0, 0) at ``origin``: (n, 2)."""
    return np.asarray(points, np.float64) * scale + np.asarray(origin)


def turned(points: Any, centre: Point, angle: float, scale: float = 1.0) -> Any:
    """``points`` around the origin, scaled, turned by ``angle`` and moved to ``centre``."""
    c, s = math.cos(angle) * scale, math.sin(angle) * scale
    return np.asarray(points, np.float64) @ np.array([[c, s], [-s, c]]) + np.asarray(centre)
