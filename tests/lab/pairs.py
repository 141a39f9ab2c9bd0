"""The pairs of the truth table: (environment, what was done to its root)."""

_STORY = ("libstdc++.so.6", "libgcc_s.so.1", "libSM.so.6", "libICE.so.6", "libuuid.so.1", "libXrender.so.1")
_STORY += ("libXext.so.6", "libX11.so.6", "libxcb.so.1", "libXau.so.6", "libgthread-2.0.so.0")
_STORY += ("libglib-2.0.so.0", "libpcre.so.1")

# The story: a bare server, libraries added one at a time until nothing is missing.
LADDER = tuple(("cv2-42", "bare; plus " + " ".join(_STORY[:count])) for count in range(1, len(_STORY) + 1))

BARE = tuple(
    (name, steps)
    for name in (
        "cv2-42",
        "cv2-45",
        "headless-36",
        "science-36",
        "services-36",
        "media-36",
        "qt-59",
        "qt-515",
        "by-hand",
        "cv2-38",
        "mixed-39",
        "qt6-311",
        "science-311",
        "mixed-312",
        "cv2-313",
    )
    for steps in ("bare", "everything")
)

WITHOUT = (
    ("cv2-42", "everything; without libSM.so.6"),
    ("cv2-42", "everything; without libXext.so.6 libXrender.so.1"),
    ("cv2-42", "everything; without libX11.so.6"),
    ("cv2-42", "everything; without libXau.so.6"),
    ("cv2-42", "everything; without libgthread-2.0.so.0"),
    ("cv2-45", "everything; without libGL.so.1"),
    ("cv2-45", "everything; without libGLX.so.0"),
    ("cv2-45", "everything; without libglib-2.0.so.0"),
    ("headless-36", "everything; without libz.so.1"),
    ("headless-36", "everything; without libgcc_s.so.1"),
    ("science-36", "everything; without libstdc++.so.6"),
    ("science-36", "everything; lost numpy.libs/libopenblas*"),
    ("services-36", "bare; plus libgcc_s.so.1"),
    ("media-36", "everything; without libstdc++.so.6"),
    ("qt-59", "everything; without libGL.so.1"),
    ("qt-59", "everything; without libxcb.so.1 libfontconfig.so.1"),
    ("qt-515", "everything; without libGL.so.1 libxkbcommon-x11.so.0"),
    ("cv2-38", "everything; without libGL.so.1"),
    ("cv2-38", "everything; lost scipy.libs/libgfortran*"),
    ("mixed-39", "everything; lost Pillow.libs/libjpeg*"),
    ("qt6-311", "everything; without libxcb-cursor.so.0 libEGL.so.1"),
    ("science-311", "everything; lost psycopg2_binary.libs/libpq*"),
    ("mixed-312", "everything; without libstdc++.so.6 libz.so.1"),
    ("cv2-313", "everything; without libGL.so.1"),
    ("by-hand", "everything; without libSM.so.6"),
    ("by-hand", "everything; lost chain/libs/libtwo-2.so"),
    ("by-hand", "everything; lost odd/libs/libten.so"),
    ("by-hand", "everything; lost old/libver.so.1"),
)

SPOILT = (
    ("science-36", "everything; as on el7 libstdc++.so.6"),
    ("mixed-312", "everything; as on el7 libstdc++.so.6"),
    ("cv2-313", "everything; as on el7 libstdc++.so.6"),
    ("qt6-311", "everything; as on el7 libstdc++.so.6"),
    ("cv2-42", "everything; only 32-bit libSM.so.6"),
    ("cv2-45", "everything; only 32-bit libGL.so.1 libgthread-2.0.so.0"),
    ("headless-36", "everything; only 32-bit libz.so.1"),
    ("cv2-42", "everything; first a 32-bit libSM.so.6"),
    ("cv2-42", "everything; broken link libSM.so.6"),
    ("cv2-313", "everything; broken link libGL.so.1"),
    ("cv2-42", "everything; link to itself libICE.so.6"),
    ("cv2-42", "everything; link elsewhere libSM.so.6"),
    ("cv2-42", "everything; text in place of libSM.so.6"),
    ("cv2-42", "everything; empty libXext.so.6"),
    ("cv2-42", "everything; cut short libXrender.so.1"),
    ("cv2-42", "everything; ldconfig; text in place of libSM.so.6"),
    ("cv2-42", "everything; ldconfig; empty libXext.so.6"),
    ("cv2-42", "everything; ldconfig; cut short libXrender.so.1"),
    ("cv2-42", "everything; ldconfig; only 32-bit libSM.so.6"),
    ("cv2-42", "everything; a directory named libSM.so.6"),
    ("cv2-42", "everything; ldconfig; a directory named libSM.so.6"),
)

PLACES = (
    ("cv2-42", "everything; unknown directory with libSM.so.6"),
    ("cv2-42", "everything; unknown directory with libSM.so.6; directory in ld.so.conf"),
    ("cv2-42", "everything; unknown directory with libSM.so.6; ldconfig; directory in ld.so.conf"),
    ("cv2-42", "everything; ldconfig; without libSM.so.6"),
    ("cv2-42", "everything; without libSM.so.6; ldconfig; plus libSM.so.6"),
    ("cv2-42", "everything; default directory /usr/lib64; no ld.so.cache"),
    ("cv2-42", "everything; default directory /usr/lib64; without libSM.so.6; no ld.so.cache"),
    ("cv2-42", "everything; default directory /usr/lib64; without libSM.so.6; ldconfig; plus libSM.so.6"),
    ("cv2-42", "everything; in /usr/lib libSM.so.6"),
    ("cv2-42", "everything; ldconfig; in /usr/lib libSM.so.6"),
    ("cv2-42", "everything; only for newer CPUs libSM.so.6"),
    ("cv2-42", "everything; ldconfig; only for newer CPUs libSM.so.6"),
    ("cv2-42", "everything; ldconfig; only for newer CPUs in /usr/lib libSM.so.6"),
    ("cv2-42", "everything; default directory /usr/lib64; ldconfig; only for newer CPUs libSM.so.6"),
)

PAIRS = BARE + LADDER + WITHOUT + SPOILT + PLACES
