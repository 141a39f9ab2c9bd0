"""make bench-badapple: what run-badapple costs beside decoding alone and beside the origin's design.

One clip, on each Python of this checkout: the 6572 pictures of the shadow play, 512x384, H.264 in groups
of 250, made once with ffmpeg and kept in ~/.cache/offkit-bench (or $OFFKIT_BENCH). The contestants take
turns, $ROUNDS (3) times; medians are printed, with the least and the greatest, of wall time and of
processor time. Ratios are what to look at, and processor time where the machine has other work.

Each process decodes with one thread. OpenCV before 4.7 starts one for every processor that is online;
as root it gets a private view of /sys, by unshare(1) and a bind mount, in which that is one.
"""

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "toolkit"))

KEEP = os.environ.get("OFFKIT_BENCH") or os.path.expanduser("~/.cache/offkit-bench")
ROUNDS = int(os.environ.get("ROUNDS", "3"))
PYTHONS = [os.path.join(TOP, name, "bin", "python") for name in (".venv36", ".venv")]
ROWS = 44
STRETCH = 600  # frames that the origin's design gets; its times are scaled
ONLINE = "/sys/devices/system/cpu/online"  # what sysconf(_SC_NPROCESSORS_ONLN) reads


def clip():
    """The path of the clip. Drawn by offkit, encoded by ffmpeg."""
    from offkit.badapple.shadowplay import film

    path = os.path.join(KEEP, "shadowplay-{}-h264.mp4".format(film.FULL))
    if not os.path.exists(path):
        os.makedirs(KEEP, exist_ok=True)
        print("making {} ...".format(path), flush=True)
        shape = "-f rawvideo -pix_fmt gray -s {}x{} -r 30".format(film.WIDTH, film.HEIGHT).split()
        codec = ["-c:v", "libx264", "-crf", "20", "-g", "250", "-pix_fmt", "yuv420p", "-f", "mp4"]
        argv = ["ffmpeg", "-v", "error", "-y", *shape, "-i", "-", *codec, path + ".part"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE) as encoder:
            shown = film.Film(film.FULL)
            for number in range(film.FULL):
                encoder.stdin.write(shown.picture(number).tobytes())
            encoder.stdin.close()
        assert encoder.returncode == 0
        os.rename(path + ".part", path)
    return path


def twice(path):
    """The same clip two times in one, to see what grows with the length."""
    double = path.replace(".mp4", "-twice.mp4")
    if not os.path.exists(double):
        argv = ["ffmpeg", "-v", "error", "-y", "-stream_loop", "1", "-i", path, "-c", "copy", "-f", "mp4"]
        subprocess.run([*argv, double + ".part"], check=True)
        os.rename(double + ".part", double)
    return double


def inside(path, double):
    """Measure with this Python; print one JSON document."""
    from offkit.badapple import environment

    libraries = environment.load()
    import origin
    import pipeline
    from offkit.badapple.bench import measure
    from offkit.badapple.formats import look
    from offkit.badapple.formats.base import Facts
    from offkit.badapple.formats.cells import Look
    from offkit.badapple.formats.text import Text
    from offkit.badapple.video import decode

    def form_of(video):
        return Text(Look(look.grid(video.width, video.height, 0, ROWS)), Facts(video.fps, *video[3:5]))

    video = decode.probe(path)
    form = form_of(video)
    laps = {}
    memory = {}
    with tempfile.TemporaryDirectory(dir=KEEP) as scratch:
        out = os.path.join(scratch, "out.txt")
        for _ in range(ROUNDS):
            for count in (1, 2):
                laps.setdefault("grab {}".format(count), []).append(measure.floor(video, count))
                laps.setdefault("offkit {}".format(count), []).append(
                    measure.conversion(video, form, out, count)[1]
                )
            for count in (1, 2):
                job = origin.Job(path, out, form.look.grid, STRETCH)
                run, lap = measure.lap(
                    lambda job=job, count=count: pipeline.processes(job, count, lambda done: None)
                )
                scale = float(video.frames) / run.frames
                laps.setdefault("origin {}".format(count), []).append(
                    [run.starting + run.working * scale, lap[1] * scale]
                )
        for name in (path, double):
            for count in (1, 2):
                memory["{} {}".format(decode.probe(name).frames, count)] = weigh(name, form, out, count)
    json.dump(
        {
            "python": "{}.{}.{}".format(*sys.version_info[:3]),
            "cv2": libraries.cv2,
            "luma": video.luma,
            "threads": decode.decoder_threads(1),
            "laps": laps,
            "memory": memory,
        },
        sys.stdout,
    )


def weigh(path, form, out, count):
    """Of each worker: most memory that was resident, in MB; private and proportional to its share at the end."""
    from offkit.badapple import convert
    from offkit.badapple.processes import pool
    from offkit.badapple.video import decode, keyframes
    from offkit.model.report import Bar

    video = decode.probe(path)
    head = form.head(video.frames)
    with open(out, "wb") as new:
        new.write(head)
    jobs = [
        convert.Job(video, out, None, form, start, stop, len(head))
        for start, stop in keyframes.stretches(video.frames, count, video.keys)
    ]
    return pool.run(weighed, jobs, Bar())


def weighed(job, tell):
    from offkit.badapple import convert

    convert.work(job, tell)
    sizes = {"Private_Clean": 0, "Private_Dirty": 0, "Pss": 0}
    with open("/proc/self/smaps_rollup") as source:
        for line in source:
            words = line.split()
            if words[0][:-1] in sizes:
                sizes[words[0][:-1]] += int(words[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    private = sizes["Private_Clean"] + sizes["Private_Dirty"]
    return [round(size / 1024.0, 1) for size in (peak, private, sizes["Pss"])]


def measured(python, path, double, alone):
    """The document of ``inside``, by another Python; ``alone``: on a machine that shows one processor."""
    argv = [python, os.path.abspath(__file__), "inside", path, double]
    if alone:
        with open(os.path.join(KEEP, "online"), "w") as online:
            online.write("0\n")
        shell = 'mount --bind "$0" {} && exec "$@"'.format(ONLINE)
        argv = ["unshare", "-m", "sh", "-c", shell, online.name, *argv]
    return json.loads(subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout)


def spread(values, form="{:.2f}"):
    return "{} ({}-{})".format(
        *(form.format(value) for value in (statistics.median(values), min(values), max(values)))
    )


def ratios(found):
    """(what, what must be, wall ratios, CPU ratios); None where processor time means nothing."""
    laps = found["laps"]

    def each(over, under, index):
        return [a[index] / b[index] for a, b in zip(laps[over], laps[under])]

    most = 1.15 if found["luma"] else 1.3
    for count in (1, 2):
        pair = "offkit {}".format(count), "grab {}".format(count)
        yield (
            "convert / decode only, {} process{}".format(count, "es"[: 2 * count - 2]),
            "<= {}".format(most),
            each(*pair, 0),
            each(*pair, 1),
        )
    yield "1 process / 2 processes", ">= 1.8", each("offkit 1", "offkit 2", 0), None
    for count in (1, 2):
        pair = "origin {}".format(count), "offkit {}".format(count)
        yield (
            "origin's design / offkit, {} process{}".format(count, "es"[: 2 * count - 2]),
            ">= 8",
            each(*pair, 0),
            each(*pair, 1),
        )


def draw(path):
    """docs/bench.svg, of the document that --bench prints of the same clip, and of the origin's design."""
    from offkit.badapple import environment

    environment.load()  # before cv2 is imported
    import chart
    import rival
    from offkit.badapple.formats.cells import Grid
    from offkit.badapple.video import decode

    argv = [sys.executable, "-m", "offkit.cli.app", "run-badapple", path, "--bench", "auto", "--json"]
    environment = dict(os.environ, PYTHONPATH=os.path.join(TOP, "toolkit"))
    told = subprocess.run(argv, stdout=subprocess.PIPE, check=True, env=environment, cwd=KEEP).stdout
    document = json.loads(told.decode("utf-8"))
    grid = Grid(document["rows"], document["columns"])
    counts = [row["workers"] for row in document["measurements"] if row["kind"] == "processes"]
    with tempfile.TemporaryDirectory(dir=KEEP) as scratch:
        document["design"] = rival.measured(decode.probe(path), grid, scratch, counts, STRETCH, ROUNDS)
    with open(os.path.join(TOP, "docs", "bench.svg"), "w", encoding="utf-8") as out:
        out.write(chart.svg(document))
    print("docs/bench.svg shows it")


def main():
    if shutil.which("ffmpeg") is None:
        sys.exit("bench-badapple needs ffmpeg (tests/lab/setup.sh installs it)")
    path = clip()
    double = twice(path)
    root = os.geteuid() == 0 and shutil.which("unshare") is not None
    print("load average {:.2f} on {} processors\n".format(os.getloadavg()[0], os.cpu_count()))
    for python in PYTHONS:
        if not os.path.exists(python):
            print("no {}: make setup".format(os.path.relpath(python, TOP)))
            continue
        found = measured(python, path, double, root)
        pictures = "luma" if found["luma"] else "BGR"
        print("Python {python}, OpenCV {cv2}, {0}".format(pictures, **found))
        if found["threads"] > 1:
            print(
                "  {threads} decoder threads in each process: this OpenCV can be told only as root".format(
                    **found
                )
            )
        for name, laps in sorted(found["laps"].items()):
            wall, cpu = zip(*laps)
            print("  {:36} {:>22} s   cpu {:>22} s".format(name, spread(wall), spread(cpu)))
        for what, must, wall, cpu in ratios(found):
            print(
                "  {:36} {:>8}   {:>18}   cpu {:>18}".format(
                    what, must, spread(wall), spread(cpu) if cpu else "-"
                )
            )
        for what, workers in sorted(found["memory"].items()):
            sizes = "; ".join("{} ({}, {})".format(*worker) for worker in workers)
            print(
                "  MB a worker, {:>5} frames, {}: peak (private, proportional) {}".format(
                    *what.split(), sizes
                )
            )
        print(flush=True)
    draw(path)


if __name__ == "__main__":
    if sys.argv[1:2] == ["inside"]:
        inside(*sys.argv[2:])
    else:
        main()
