"""Silhouettes: who and what appears in the built-in film.

Everything draws into a uint8 picture in place, as ``drawing`` does; phases are radians.
"""

import math
from typing import Any

import numpy as np

from offkit.badapple.shadowplay.drawing import (
    Point,
    arc,
    disc,
    limb,
    mirrored,
    placed,
    polygon,
    ribbon,
    smooth,
    turned,
)

_CHEEK = [(16, -40), (38, -36), (50, -12), (46, 18), (30, 42), (12, 46)]  # from stem to blossom
_APPLE = [(0, -30), *_CHEEK, (0, 41), *mirrored(_CHEEK)]
_LEAF = [(0, 0), (12, -12), (30, -16), (46, -10), (32, 0), (14, 4)]


def apple(picture: Any, centre: Point, angle: float, scale: float, ink: int, shine: int) -> None:
    """An apple with stem, leaf and a sickle of light."""
    polygon(picture, turned(smooth(_APPLE), centre, angle, scale), ink)
    root = turned([(3, -42)], centre, angle, scale)[0]
    polygon(picture, turned(smooth(_LEAF, 4), root, angle - 0.25, scale), ink)
    stem = turned(arc([(0, -28), (0, -46), (9, -62)], 6), centre, angle, scale)
    ribbon(picture, stem, np.linspace(5, 8, 6) * scale, ink)
    light = turned(arc([(-34, 14), (-44, -14), (-26, -28)], 8), centre, angle, scale)
    ribbon(picture, light, 7 * scale * np.sin(np.linspace(0.1, math.pi - 0.1, 8)), shine)


def crane(picture: Any, at: Point, size: float, beat: float, ink: int) -> None:
    """A crane in flight to the right; ``beat`` is the phase of its wings, ``size`` half a span."""
    x, y = at[0], at[1] - 0.10 * size * math.sin(beat)
    spine = [(0.98, -0.16), (0.5, 0.10), (0.3, -0.1), (0, 0), (-0.5, 0.08)]
    width = np.interp(np.arange(16), [0, 1, 2, 6, 10, 13, 15], [0.01, 0.06, 0.05, 0.06, 0.2, 0.14, 0.05])
    ribbon(picture, placed(arc(spine, 16), (x, y), size), width * size, ink)
    legs = arc([(-0.4, 0.06), (-0.7, 0.1), (-1, 0.02)], 6)
    ribbon(picture, placed(legs, (x, y), size), np.full(6, 0.03 * size), ink)
    for far in (1, 0):
        phase = math.sin(beat - 0.35 * far)
        tip = math.sin(beat - 0.9 - 0.35 * far)
        bones = [(0, 0), (-0.02, -0.62 * phase), (-0.42 + 0.2 * far, -0.45 * phase - 0.62 * tip)]
        wing = placed(arc(bones, 10), (x + (0.18 + 0.1 * far) * size, y), size)
        chord = np.interp(np.arange(10), [0, 3, 6, 9], [0.34, 0.36, 0.26, 0.02])
        trail = wing + np.stack([-chord, 0.10 * chord], 1) * size
        trail[1::2, 0] += 0.05 * size  # feathers
        polygon(picture, np.concatenate([wing, trail[::-1]]), ink)


def koi(
    picture: Any, centre: Point, radius: float, heading: float, size: float, beat: float, ink: int, mark: int
) -> None:
    """A carp that swims round ``centre``; ``heading`` is where on the circle its head is."""
    count = 28
    along = np.linspace(0.0, 1.0, count)
    angle = heading - along * 1.45 * size / radius
    sway = radius + size * 0.10 * along**1.3 * np.sin(beat - 5.0 * along)
    spine = np.stack([centre[0] + sway * np.cos(angle), centre[1] + sway * np.sin(angle)], 1)
    width = np.interp(along, [0, 0.03, 0.1, 0.22, 0.4, 0.6, 0.82], [0.06, 0.18, 0.29, 0.35, 0.32, 0.20, 0.07])
    body = 23  # points of the spine that are not tail
    for side in (-1, 1):
        for at, reach in ((7, 0.20), (14, 0.12)):
            out = np.array([math.cos(angle[at]), math.sin(angle[at])]) * side * size
            back = (spine[at + 3] - spine[at]) / 3.0
            root = spine[at] + out * width[at] * 0.3
            fan = reach * (1.0 + 0.2 * math.sin(beat + at))
            fin = np.array([back * 0, out * fan + back * 2.5, out * fan * 0.8 + back * 5.5, back * 4.0])
            polygon(picture, root + smooth(fin, 4), ink)
    end, back = spine[body - 1], (spine[-1] - spine[body - 1]) / 5.0
    out = np.array([-back[1], back[0]])
    tail = np.array([(-1.5, 0), (5, 4.2), (8, 3.2), (4, 0), (8, -3.2), (5, -4.2)]) @ np.stack([back, out])
    polygon(picture, end + smooth(tail, 4), ink)
    ribbon(picture, spine[:body], width[:body] * size, ink)
    for at, spot in ((6, 0.085), (11, 0.065), (15, 0.045), (18, 0.03)):
        disc(picture, (spine[at][0], spine[at][1]), spot * size, mark)


def parasol(picture: Any, centre: Point, radius: float, angle: float, ink: int, paper: int) -> None:
    """A paper parasol seen from above, turned by ``angle``."""
    ribs = 12
    turn = angle + np.arange(ribs * 8) * (2 * math.pi / (ribs * 8))
    sag = 1.0 - 0.055 * np.sin((turn - angle) * ribs / 2.0) ** 2
    rim = np.stack([np.cos(turn) * sag, np.sin(turn) * sag], 1)
    middle = np.asarray(centre, np.float64)
    polygon(picture, middle + rim * radius, ink)
    for rib in range(0, ribs, 2):
        part = rim[rib * 8 : rib * 8 + 9]
        polygon(picture, middle + np.concatenate([part * radius * 0.93, part[::-1] * radius * 0.66]), paper)
        part = rim[(rib * 8 + 8) % 96 : (rib * 8 + 8) % 96 + 8]
        polygon(picture, middle + np.concatenate([part * radius * 0.60, part[::-1] * radius * 0.22]), paper)
    disc(picture, centre, radius * 0.10, paper)
    disc(picture, centre, radius * 0.045, ink)


def dancer(picture: Any, foot: Point, size: float, spin: float, sway: float, ink: int) -> None:
    """A dancer on her toes: ``spin`` turns her, ``sway`` is the phase of arms, hair and dress.

    Depth is drawn by foreshortening alone, as in a shadow play; ``size`` is her height.
    """
    u = size / 8.0
    lean = 0.35 * math.sin(sway)
    hip = (foot[0] + 0.25 * u * lean, foot[1] - 3.9 * u)
    neck = (hip[0] + 0.9 * u * lean, hip[1] - 2.35 * u)
    head = (neck[0] + 0.3 * u * lean, neck[1] - 0.85 * u)
    c, s = math.cos(spin), math.sin(spin)
    # hair trails behind the turn
    flow = 2.1 + 0.5 * math.sin(sway * 2)
    locks = arc([(0, -0.3), (-1.7 * s - 0.5, 0.2), (-2.4 * s - 0.4 * c, 1.6), (-3.2 * s, flow)], 14)
    width = u * np.interp(np.arange(14), [0, 3, 9, 13], [0.9, 1.0, 0.75, 0.05])
    ribbon(picture, placed(locks, head, u), width, ink)
    # the standing leg, and the one that is drawn up
    leg = [hip, *placed([(0.1, -1.9), (0, -0.3), (0, 0)], foot, u)]
    limb(picture, leg, [0.42 * u, 0.3 * u, 0.17 * u, 0.1 * u], ink)
    knee = (hip[0] + 1.45 * u * c, hip[1] + (1.25 - 0.35 * math.sin(sway)) * u)
    toe = (hip[0] + (0.35 * c - 1.25 * s) * u, hip[1] + (2.75 - 0.8 * abs(s)) * u)
    limb(picture, [hip, knee, toe], [0.42 * u, 0.28 * u, 0.1 * u], ink)
    # dress: a bell whose hem is a ruffled ellipse seen from a little above
    turn = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    flare = (1.75 + 0.35 * math.sin(sway + 0.6)) * u
    ruffle = 1 + 0.10 * np.sin(turn * 5 + spin * 3) + 0.05 * np.sin(turn * 9 - spin * 2)
    drop = (1.55 - 0.45 * math.sin(sway + 0.6)) * u
    hem = np.stack(
        [hip[0] + flare * ruffle * np.cos(turn), hip[1] + drop + 0.34 * flare * ruffle * np.sin(turn)], 1
    )
    polygon(picture, hem, ink)
    low, wide = drop / u, 0.98 * flare / u
    half = [(0.42, -0.7), (0.95, 0.25), (wide, low)]
    bell = [*half, (0, low + 0.15), *mirrored(half)]
    polygon(picture, placed(smooth(bell), hip, u), ink)
    # body
    broad = 0.55 + 0.22 * abs(c)
    waist = placed([(0.4, -0.75), (0.5, 0), (-0.5, 0), (-0.4, -0.75)], hip, u)
    polygon(picture, smooth([*placed([(-broad, 0.3), (broad, 0.3)], neck, u), *waist]), ink)
    limb(picture, [neck, head], [0.24 * u, 0.2 * u], ink)
    face = [(0, -0.62), (0.45, -0.3), (0.42, 0.2), (0.08 + 0.12 * c, 0.6), (-0.4, 0.2), (-0.46, -0.3)]
    polygon(picture, turned(smooth(face), head, 0.3 * lean, u), ink)
    disc(picture, (head[0] - 0.45 * u * c - 0.1 * u, head[1] - 0.62 * u), 0.33 * u, ink)
    # arms: one raised in an arch, one held out; they trade places as she turns
    for side in (-1, 1):
        reach = side * c
        high = 0.5 + 0.5 * math.sin(spin + side * 1.2)
        steps = [
            (reach * 0.55, 0.32),
            (reach * (1.25 - 0.45 * high) + side * 0.3, 0.55 - 1.5 * high),
            (reach * (1.25 - 1.5 * high) + side * 0.25, 0.15 - 1.35 * high),
        ]
        arm = placed(np.cumsum(steps, axis=0), neck, u)  # shoulder, elbow, hand
        limb(picture, arm, [0.24 * u, 0.18 * u, 0.1 * u], ink)


def walker(picture: Any, foot: Point, size: float, stride: float, ink: int) -> None:
    """Somebody under an umbrella, walking to the right; ``stride`` is the phase of the step."""
    u = size / 8.0
    hip = (foot[0], foot[1] - (3.9 + 0.08 * math.cos(2 * stride)) * u)
    neck = (hip[0] + 0.25 * u, hip[1] - 2.3 * u)
    head = (neck[0] + 0.15 * u, neck[1] - 0.8 * u)
    for phase in (stride, stride + math.pi):
        swing = math.sin(phase)
        lift = max(0.0, math.cos(phase))
        knee = (hip[0] + (0.95 * swing + 0.35 * lift) * u, hip[1] + (1.95 - 0.15 * lift) * u)
        ankle = (hip[0] + (1.45 * swing - 0.5 * lift) * u, foot[1] - (0.15 + 0.75 * lift) * u)
        toe = (ankle[0] + 0.6 * u, ankle[1] + 0.05 * u)
        limb(picture, [hip, knee, ankle, toe], [0.42 * u, 0.3 * u, 0.18 * u, 0.13 * u], ink)
    flap = 0.25 * math.sin(2 * stride)
    skirt = [(0.7, 0), (0.85 + flap, 1.7), (-1.25 - flap, 1.6), (-0.6, 0)]
    coat = [*placed([(-0.5, 0.25), (0.55, 0.3)], neck, u), *placed(skirt, hip, u)]
    polygon(picture, smooth(coat), ink)
    limb(picture, [neck, head], [0.25 * u, 0.2 * u], ink)
    face = [(0, -0.6), (0.42, -0.3), (0.52, 0.1), (0.15, 0.55), (-0.4, 0.25), (-0.5, -0.25)]
    polygon(picture, turned(smooth(face), head, 0.05, u), ink)
    scarf = arc([(-0.2, 0), (-1.2, -0.2), (-2.0, 0.6 + flap), (-3.0, 0.1 - 2 * flap)], 10)
    ribbon(picture, placed(scarf, neck, u), u * np.interp(np.arange(10), [0, 9], [0.4, 0.3]), ink)
    hand = (neck[0] + 0.95 * u, neck[1] + 1.05 * u)
    arm = [*placed([(0, 0.35), (0.35, 1.4)], neck, u), hand]
    limb(picture, arm, [0.26 * u, 0.2 * u, 0.14 * u], ink)
    tilt = 0.06 * math.sin(stride)
    top = (hand[0] - 0.2 * u + tilt * u, hand[1] - 3.4 * u)
    limb(picture, [hand, top], [0.07 * u, 0.07 * u], ink)
    span = np.linspace(math.pi, 2 * math.pi, 21)
    dome = np.stack([2.6 * np.cos(span), 1.5 * np.sin(span)], 1)
    scallop = np.linspace(2.6, -2.6, 25)
    edge = np.stack([scallop, -0.32 * np.abs(np.sin((scallop / 5.2 + 0.5) * math.pi * 5))], 1)
    polygon(picture, turned(np.concatenate([dome, edge]), (top[0], top[1] + 1.25 * u), tilt + 0.05, u), ink)
    limb(picture, placed([(0, -0.1), (0.02, -0.55)], top, u), [0.07 * u, 0.03 * u], ink)
