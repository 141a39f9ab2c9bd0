"""The built-in film: a shadow play made from nothing, so that a server needs no video to prove itself.

``Film(frames).picture(n)`` is a pure function of ``frames`` and ``n``: any process can say what
any frame must look like. Six scenes follow each other with wipes; a long film plays them again,
mirrored and in negative.
"""

import math
from functools import lru_cache
from typing import Any, Callable, NamedTuple, Tuple

import cv2
import numpy as np

from offkit.badapple.shadowplay import figures, strip
from offkit.badapple.shadowplay.drawing import (
    Point,
    arc,
    disc,
    mirrored,
    placed,
    polygon,
    ribbon,
    ring,
    smooth,
    turned,
)

VERSION = 1  # of the pictures; a cached clip of another version is not this film
WIDTH, HEIGHT = 512, 384
FPS = 30.0
SHORT = 180  # frames
FULL = 6572  # frames, as many as the clip that character art is known for

STAGE = HEIGHT - strip.HEIGHT  # rows above the frame number
PAPER, INK = 238, 0
_WIPE = 10  # frames that two scenes share

_REED = np.array([5, 4.5, 4, 3.5, 3, 3, 3, 9, 9, 2.0])  # widths, the bulrush near the tip
_SEEDS = np.random.RandomState(1972).rand(64, 4)


def _moonrise(picture: Any, t: float, turn: int) -> None:
    """Cranes cross a rising moon, above hills and reeds."""
    moon = (300.0 - 14 * t, 196.0 - 22 * t)
    disc(picture, moon, 128, PAPER)
    for x, y, r in ((-40, -30, 22), (30, 34, 30), (52, -44, 13), (-18, 62, 12)):
        disc(picture, (moon[0] + x, moon[1] + y), r, 205)
    birds: Any = np.zeros((STAGE, WIDTH), np.uint8)
    for index in range(5):
        back = abs(index - 2)
        at = (
            (310 + 150 * t - 96 * back + 24 * (index > 2)) % 900 - 160,
            176 - 8 * t + (index - 2) * 44 - 14 * back,
        )
        figures.crane(birds, at, 78 - 9 * back, 7.2 * t + 0.9 * index + turn, 255)
    # dark before the moon, pale before the night
    seen = birds > 128
    sky = picture[:STAGE]
    sky[seen] = np.where(sky[seen] > 100, INK, 150)
    x = np.linspace(0, WIDTH, 65)
    far = 300 + 22 * np.sin(x / 71.0 + 0.15 * t + 1 + turn) + 10 * np.sin(x / 29.0 + 0.3 * t)
    near = 338 + 14 * np.sin(x / 53.0 + 0.5 * t + 2.4) + 5 * np.sin(x / 17.0 + t)
    _ground(picture, x, far, 92)
    _ground(picture, x, near, 34)
    for index in range(14):
        base, tall, bend, _ = _SEEDS[index]
        root = (base * WIDTH, STAGE + 4.0)
        tip = (root[0] + (bend - 0.3) * 50 + 10 * math.sin(1.9 * t + 6 * bend), STAGE - 50 - 110 * tall)
        ribbon(picture, arc([root, (root[0], STAGE - 60.0 * tall), tip], 10), _REED, 12)


def _ground(picture: Any, x: Any, y: Any, ink: int) -> None:
    line = np.stack([x, y], 1)
    polygon(picture, np.concatenate([line, [[WIDTH + 2, STAGE + 2], [-2, STAGE + 2]]]), ink)


def _apple(picture: Any, t: float, turn: int) -> None:
    """An apple lets go of its branch and falls into still water."""
    picture[:STAGE] = PAPER
    surface = 282
    fall = max(0.0, t % 3.2 - 0.22)
    drop = 92 + 400 * fall**2
    hit = math.sqrt((surface - 92) / 400.0)
    branch = arc([(-10, 40), (120, 90), (230, 8), (330, 40), (420, 30)], 22)
    ribbon(picture, branch, np.linspace(26, 3, 22), INK)
    ribbon(picture, arc([(200, 44), (250, 80), (300, 70), (350, 96)], 12), np.linspace(11, 2, 12), INK)
    for index, (x, y) in enumerate(
        ((122, 62), (196, 40), (268, 68), (320, 78), (346, 92), (392, 34), (60, 58), (300, 38))
    ):
        flutter = 0.5 + index * 1.1 + 0.22 * math.sin(2.5 * t + index)
        leaf = smooth([(0, 0), (16, -9), (38, 0), (16, 9)], 4)
        polygon(picture, turned(leaf, (x, y), flutter, 0.8 + 0.08 * index), INK)
    sunk = max(0.0, fall - hit)
    if drop < surface + 60:
        figures.apple(picture, (256.0, drop), 0.25 * math.sin(3 * t) + 2.2 * fall, 0.86, INK, PAPER)
    picture[surface:STAGE] = 22
    for index in range(7):
        width, at = 40 + 190 * _SEEDS[index, 0], surface + 8 + 12 * index
        middle = WIDTH * _SEEDS[index, 1] + 16 * math.sin(t + index)
        ribbon(picture, [(middle - width, at), (middle, at), (middle + width, at)], [0.5, 2.2, 0.5], 88)
    if sunk:
        for index in range(4):
            age = sunk - 0.13 * index
            if age > 0:
                size = 210 * age**0.7
                ring(picture, (256.0, surface + 34.0), (size, size * 0.17), max(1.0, 6 - 5 * age), PAPER)
        for index in range(11):
            way = (index - 5) / 5.0
            rise = 250 * (1.15 - way * way) * sunk - 420 * sunk**2
            if rise > -8:
                disc(picture, (256 + 150 * way * sunk, surface - rise), 7 - 4 * abs(way), 22)
        crown = max(0.0, 46 * math.sin(min(math.pi, sunk * 7)))
        side = [(-40, 6), (-50, -crown), (-18, -0.4 * crown)]
        splash = [*side, (0, -1.3 * crown), *mirrored(side)]
        polygon(picture, placed(smooth(splash, 4), (256.0, surface), 1.0), 22)


def _koi(picture: Any, t: float, turn: int) -> None:
    """Two carps, one dark and one light, chase each other round a pool."""
    centre = (256.0, 186.0)
    picture[:STAGE] = 26
    for index in range(3):
        size = (60 + 105 * (index + t * 0.55)) % 330
        ring(picture, centre, (size, size), 1.5 + 2.0 * (1 - size / 330), int(40 + 50 * (1 - size / 330)))
    disc(picture, centre, 168, PAPER)
    ring(picture, centre, (176, 176), 2, 150)
    ang = 1.35 * t + turn
    half = np.linspace(ang, ang + math.pi, 40)
    rim = np.stack([centre[0] + 168 * np.cos(half), centre[1] + 168 * np.sin(half)], 1)
    polygon(picture, rim, 30)
    disc(picture, (centre[0] + 84 * math.cos(ang), centre[1] + 84 * math.sin(ang)), 84, PAPER)
    disc(picture, (centre[0] - 84 * math.cos(ang), centre[1] - 84 * math.sin(ang)), 84, 30)
    figures.koi(picture, centre, 92, ang + 0.62, 150, 9 * t, INK, PAPER)
    figures.koi(picture, centre, 92, ang + 0.62 + math.pi, 150, 9 * t + 1.5, PAPER, INK)
    for index in range(5):
        x, y, lag, size = _SEEDS[20 + index]
        pad = (x * WIDTH + 8 * math.sin(t + 7 * lag), (0.05 + 0.9 * (index % 2)) * STAGE + 40 * (y - 0.5))
        edge = np.linspace(0.25, 2 * math.pi - 0.25, 20) + lag * 6 + 0.2 * t
        leaf = np.concatenate([[[0, 0]], np.stack([np.cos(edge), np.sin(edge)], 1)]) * (26 + 26 * size)
        polygon(picture, leaf + np.asarray(pad), 104)


def _parasols(picture: Any, t: float, turn: int) -> None:
    """Paper parasols turn, seen from above, and petals drift over them."""
    picture[:STAGE] = PAPER
    for index, (x, y, r) in enumerate(((70, 70, 92), (452, 300, 120), (440, 52, 74), (84, 316, 84))):
        spin = (1.1 + 0.2 * index) * t * (-1) ** index
        middle = (x + 10 * math.sin(t + index), y + 8 * math.cos(t + index))
        figures.parasol(picture, middle, r, spin, 150, PAPER)
    figures.parasol(picture, (256.0, 186.0), 142 + 16 * math.sin(1.4 * t), -1.5 * t + turn, INK, PAPER)
    petal = smooth([(0, -13), (8, -3), (4, 11), (0, 8), (-4, 11), (-8, -3)], 4)
    for index in range(26):
        x, y, lag, size = _SEEDS[30 + index]
        at = (
            (x * 620 + (60 + 50 * lag) * t + 14 * math.sin(2 * t + 9 * lag)) % 570 - 29,
            (y * 430 + (70 + 70 * size) * t) % 430 - 29,
        )
        ink = PAPER if math.hypot(at[0] - 256, at[1] - 186) < 150 else 60
        polygon(picture, turned(petal, at, 3 * lag + (1 + 2 * size) * t, 0.7 + 0.6 * size), ink)


def _dancer(picture: Any, t: float, turn: int) -> None:
    """A dancer turns in a beam of light, her shadow under her."""
    x = 256 + 70 * math.sin(0.8 * t + turn)
    polygon(picture, [(x - 18, -4), (x + 18, -4), (x + 196, STAGE - 34), (x - 196, STAGE - 34)], PAPER)
    floor = STAGE - 34
    ring(picture, (x, floor), (98, 13), 26, PAPER)
    cv2.ellipse(picture, (int(x), floor), (196, 27), 0, 0, 360, PAPER, -1, cv2.LINE_AA)
    spin = 3.4 * t
    cv2.ellipse(picture, (int(x + 14 * math.cos(spin)), floor + 2), (86, 9), 0, 0, 360, 120, -1, cv2.LINE_AA)
    figures.dancer(picture, (x, floor), 292, spin, 2.6 * t, INK)
    for index in range(14):
        px, py, lag, size = _SEEDS[index + 8]
        at = (x + (px - 0.5) * 300 + 24 * math.sin(t + 6 * lag), (py * STAGE + (34 + 30 * size) * t) % STAGE)
        inside = abs(at[0] - x) < 18 + 178 * at[1] / floor and at[1] < floor
        disc(picture, at, 1.5 + 2.5 * size, 70 if inside else 200)


def _walk(picture: Any, t: float, turn: int) -> None:
    """A walk through the rain with an umbrella, trees going by, the moon standing still."""
    picture[:STAGE] = 214
    disc(picture, (392.0, 96.0), 62, 252)
    x = np.linspace(0, WIDTH, 65)
    _ground(picture, x, 262 + 26 * np.sin((x + 26 * t) / 60.0) + 12 * np.sin((x + 26 * t) / 23.0), 168)
    for depth, (speed, ink) in enumerate(((46.0, 118), (104.0, 66))):
        wood = _wood(depth)
        past = round(speed * t) % wood.shape[1]
        seen = np.concatenate([wood[:, past:], wood[:, :past]], 1)[:, :WIDTH]
        picture[:STAGE][seen > 128] = ink
    picture[326:STAGE] = INK
    _ground(picture, x, 326 + 3 * np.sin((x + 150 * t) / 19.0) + 2 * np.sin((x + 150 * t) / 7.0), INK)
    figures.walker(picture, (232.0, 330.0), 236, 5.2 * t + turn, INK)
    for index in range(46):
        px, py, lag, size = _SEEDS[index]
        at = ((px * 600 - 120 * t) % 560 - 20, (py * 420 + (420 + 160 * size) * t) % 400 - 20)
        if not (abs(at[0] - 246) < 92 and at[1] > 110) and at[1] < 320:
            end = (int(at[0] - 4), int(at[1] + 12 + 8 * lag))
            cv2.line(picture, (int(at[0]), int(at[1])), end, 96, 1, cv2.LINE_AA)


@lru_cache(maxsize=None)
def _wood(depth: int) -> Any:
    """A row of trees that joins its own beginning: (STAGE, 760) uint8, 255 where wood is."""
    picture: Any = np.zeros((STAGE, 760), np.uint8)
    for index in range(4):
        at = 95 + index * 190 + 70 * (_SEEDS[index, depth] - 0.5)
        _tree(picture, (at, 318.0 + 12 * depth), 186.0 + 72 * depth, index + 4 * depth, 255)
    return picture


def _tree(picture: Any, root: Point, tall: float, seed: int, ink: int) -> None:
    x, y = root
    lean = 30 * (_SEEDS[seed, 2] - 0.5)
    trunk = arc([(x, y + 20), (x + lean, y - 0.5 * tall), (x - lean, y - tall)], 10)
    ribbon(picture, trunk, np.linspace(0.09, 0.02, 10) * tall, ink)
    for branch in range(6):
        side = 1 if (branch + seed) % 2 else -1
        start = (x + lean * 0.5, y - tall * (0.36 + 0.1 * branch))
        reach = tall * (0.40 - 0.045 * branch)
        end = (start[0] + side * reach, start[1] - reach * 0.62)
        bough = arc([start, (start[0] + side * reach * 0.6, start[1] - 4), end], 7)
        ribbon(picture, bough, np.linspace(0.035, 0.006, 7) * tall, ink)
        fork = (start[0] + side * reach * 0.55, start[1] - reach * 0.1)
        tip = (fork[0] + side * reach * 0.1, fork[1] - reach * 0.62)
        twig = arc([fork, (fork[0] + side * 4, fork[1] - reach * 0.3), tip], 5)
        ribbon(picture, twig, np.linspace(0.022, 0.005, 5) * tall, ink)


_SCENES: Tuple[Callable[[Any, float, int], None], ...] = (_moonrise, _apple, _koi, _parasols, _dancer, _walk)


def _wiped(old: Any, new: Any, share: float, kind: int) -> Any:
    """``new`` replacing ``old``; ``share`` of the way (0 to 1) is done."""
    mask: Any = np.zeros(old.shape, np.uint8)
    ease = share * share * (3 - 2 * share)
    if kind == 0:  # an iris opens
        disc(mask, (256.0, 186.0), 330 * ease, 255)
    elif kind == 1:  # a slanted curtain
        edge = -130 + (WIDTH + 260) * ease
        polygon(mask, [(-4, -4), (edge + 60, -4), (edge - 60, HEIGHT + 4), (-4, HEIGHT + 4)], 255)
    elif kind == 2:  # a fan unfolds from below
        cv2.ellipse(mask, (256, HEIGHT), (480, 480), 0, 180, 180 + 180 * ease, 255, -1)
    elif kind == 3:  # blinds
        for slat in range(9):
            mask[:, slat * 57 : slat * 57 + math.ceil(57 * ease)] = 255
    elif kind == 4:  # a wave rises
        x = np.linspace(0, WIDTH, 33)
        crest = HEIGHT + 40 - (HEIGHT + 80) * ease + 26 * np.sin(x / 50.0 + 6 * ease)
        wave = np.concatenate([np.stack([x, crest], 1), [[WIDTH + 2, HEIGHT + 2], [-2, HEIGHT + 2]]])
        polygon(mask, wave, 255)
    else:  # a closing and an opening lid
        half = round(HEIGHT / 2 * ease)
        mask[:half] = 255
        mask[HEIGHT - half :] = 255
    return cv2.copyTo(new, mask, old)


class Film(NamedTuple):
    """A film of ``frames`` pictures, at most ``strip.LIMIT``."""

    frames: int

    @property
    def scene_length(self) -> int:
        """Frames from one scene's first picture to the next one's."""
        return 30 if self.frames <= 360 else 164

    def picture(self, number: int) -> Any:
        """Frame ``number``: (HEIGHT, WIDTH) uint8 gray, its number in the strip."""
        index, at = divmod(number, self.scene_length)
        result = self._scene(index, at)
        if at < _WIPE and index:
            before = self._scene(index - 1, at + self.scene_length)
            result = _wiped(before, result, (at + 1.0) / (_WIPE + 1), (index - 1) % 6)
        strip.stamp(result, number)
        return result

    def _scene(self, index: int, at: int) -> Any:
        turn, scene = divmod(index, len(_SCENES))
        picture: Any = np.zeros((HEIGHT, WIDTH), np.uint8)
        _SCENES[scene](picture, at / FPS, turn)
        if turn % 2:
            picture = cv2.flip(picture, 1)
        if turn % 4 in (1, 2):
            cv2.bitwise_not(picture, picture)
        return picture
