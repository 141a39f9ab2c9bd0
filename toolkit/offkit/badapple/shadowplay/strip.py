"""The frame number in the picture: a strip of blocks along the lower edge, like a film's edge code.

Sixteen bits, the highest first, each as two blocks side by side: bright-dark is 1, dark-bright
is 0. A reader compares neighbours and needs no threshold, so the number outlives a lossy codec,
gamma, and characters; two blocks alike are damage. The last bit of sixteen is the parity.
"""

from typing import Any

import numpy as np

HEIGHT = 12  # pixels
BLOCKS = 32
LIMIT = 1 << 15  # frame numbers that fit
DARK, BRIGHT = 0, 84
_CLEAR = 0.2 * (BRIGHT - DARK)  # a pair of blocks closer than this says nothing

UNREADABLE = -1


def blocks(number: int) -> Any:
    """Gray levels of the strip's blocks, left to right: (BLOCKS,) uint8. ValueError beyond LIMIT."""
    if not 0 <= number < LIMIT:
        raise ValueError("frame number {} does not fit the strip".format(number))
    word = number << 1 | bin(number).count("1") & 1
    bits = np.array([word >> place & 1 for place in range(15, -1, -1)], bool)
    return np.where(np.stack([bits, ~bits], 1), BRIGHT, DARK).astype(np.uint8).ravel()


def stamp(picture: Any, number: int) -> None:
    """Write ``number`` into the lowest HEIGHT rows of a gray picture, in place."""
    width = picture.shape[1]
    column = np.arange(width) * BLOCKS // width
    picture[-HEIGHT:] = blocks(number)[column]


def read(levels: Any) -> Any:
    """Numbers from block levels (n, BLOCKS): (n,) int, UNREADABLE where pairs or parity do not fit."""
    pairs = np.asarray(levels, np.float32).reshape(-1, BLOCKS // 2, 2)
    step = pairs[:, :, 0] - pairs[:, :, 1]
    bits = step > 0
    words = bits @ (1 << np.arange(15, -1, -1))
    whole = (np.abs(step) >= _CLEAR).all(axis=1) & (bits.sum(axis=1) % 2 == 0)
    return np.where(whole, words >> 1, UNREADABLE)


def columns(width: int) -> Any:
    """The character columns at the middle of each block, or None when ``width`` columns are too few."""
    if width < 2 * BLOCKS:
        return None
    return ((np.arange(BLOCKS) + 0.5) * width / BLOCKS).astype(int)
