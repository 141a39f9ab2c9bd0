"""Small videos of every kind that a conversion must get right, made once with ffmpeg.

Groups of 25 pictures with B-frames, so that cuts into a few stretches fall before, on and
behind key frames.
"""

import os
import random
import shutil

import cache

_PICTURES = ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=30:d=6"]
_X264 = ["-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-bf", "3", "-threads", "1"]
_H264 = [*_X264, "-pix_fmt", "yuv420p"]

# Name: what ffmpeg is told, with the pictures or with a clip made before as its input.
MADE = {
    "h264.mp4": (None, _H264),
    "nocut.mp4": (None, [*_H264, "-sc_threshold", "0"]),
    "opengop.mp4": (None, [*_H264, "-x264-params", "open-gop=1"]),
    "fragments.mp4": (None, [*_H264, "-movflags", "frag_keyframe+empty_moov"]),
    "faststart.mp4": (None, [*_H264, "-movflags", "+faststart"]),
    "variable.mp4": (None, ["-vf", "select='mod(n,7)+mod(n,3)'", "-vsync", "vfr", *_H264]),
    "ntsc.mp4": (None, ["-vf", "fps=30000/1001", *_H264]),
    "one.mp4": (None, ["-frames:v", "1", *_H264]),
    "odd.mp4": (None, ["-vf", "scale=161:121", *_X264, "-pix_fmt", "yuv444p"]),
    "tenbit.mp4": (None, [*_X264, "-pix_fmt", "yuv420p10le"]),
    "fullrange.mp4": (None, ["-vf", "scale=out_range=full", *_H264, "-color_range", "pc"]),
    "rgb.mp4": (None, ["-c:v", "libx264rgb", "-g", "25"]),
    "mpeg4.mp4": (None, ["-c:v", "mpeg4", "-bf", "2", "-g", "25"]),
    "mpeg4.avi": (None, ["-c:v", "mpeg4", "-bf", "2", "-g", "25"]),
    "mjpeg.avi": (None, ["-c:v", "mjpeg"]),
    "mpeg2.mpg": (None, ["-c:v", "mpeg2video", "-bf", "2", "-g", "15"]),
    "sound.mp4": (None, ["-vn", "-f", "lavfi", "-i", "sine=d=1", "-map", "1:a", "-c:a", "aac"]),
    "h264.mov": ("h264.mp4", ["-c", "copy"]),
    "h264.mkv": ("h264.mp4", ["-c", "copy"]),
    "h264.flv": ("h264.mp4", ["-c", "copy"]),
    "h264.avi": ("h264.mp4", ["-c", "copy", "-bsf:v", "h264_mp4toannexb"]),
    "h264.ts": ("h264.mp4", ["-c", "copy", "-bsf:v", "h264_mp4toannexb"]),
    "edited.mp4": ("h264.mp4", ["-ss", "1.3", "-c", "copy"]),
    "turned.mp4": ("h264.mp4", ["-c", "copy", "-metadata:s:v:0", "rotate=90"]),
    "upsidedown.mp4": ("h264.mp4", ["-c", "copy", "-metadata:s:v:0", "rotate=180"]),
}
# Cut off after two thirds of their bytes, as by a download that broke off.
CUT = ("faststart.mp4", "fragments.mp4", "h264.mkv", "h264.flv", "h264.avi", "h264.ts", "mpeg2.mpg")
# Two kilobytes in the middle are noise.
HURT = ("h264.mp4", "h264.mkv", "mpeg4.avi", "mjpeg.avi")
# OpenCV's seek is exact in these: facts of its own and of FFmpeg's demuxers.
EXACT = tuple(
    name for name in MADE if name.endswith((".mp4", ".mov", ".mkv", ".flv")) and name != "sound.mp4"
)


def directory():
    """Where they are: every name in MADE, "cut-" + CUT, "hurt-" + HURT, and noise.mp4."""
    return cache.kept("videos", [cache.source(_make), repr((MADE, CUT, HURT))], _make)


def _make(path):
    os.mkdir(path)
    for name, (source, options) in MADE.items():
        given = ["-i", os.path.join(path, source)] if source else _PICTURES
        cache.run(["ffmpeg", "-v", "error", "-y", *given, *options, os.path.join(path, name)])
    for name in CUT:
        cut = os.path.join(path, "cut-" + name)
        shutil.copyfile(os.path.join(path, name), cut)
        os.truncate(cut, os.path.getsize(cut) * 2 // 3)
    dice = random.Random(1)
    for name in HURT:
        hurt = os.path.join(path, "hurt-" + name)
        shutil.copyfile(os.path.join(path, name), hurt)
        with open(hurt, "r+b") as out:
            out.seek(os.path.getsize(hurt) // 2)
            out.write(bytes(dice.randrange(256) for _ in range(2000)))
    with open(os.path.join(path, "noise.mp4"), "wb") as out:
        out.write(bytes(dice.randrange(256) for _ in range(5000)))
