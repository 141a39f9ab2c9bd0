"""make bench-fleet: what deploying to 10 … 50 simulated hosts costs, and what follows for a thousand.

Each host is a root and a network of its own on the lab's base system, with a real sshd, and a real
ansible-playbook deploys a small bundle to all of them. They share this machine's processors with
each other and with the control node. So the time by the clock is mostly the hosts' own work, one
after the other; what a host costs is taken apart by the kernel's accounts, and the projection is
made of the parts. The number of forks in the middle gets every number of hosts, the others every
second. Needs what `make lab` needs, and .venv-ansible. $HOSTS and $FORKS are lists.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [
    os.path.join(TOP, "tests"),
    os.path.join(TOP, "tests", "lab"),
    os.path.join(TOP, "tests", "unit"),
]

import bundles  # noqa: E402
import fleet  # noqa: E402
import fleet_control  # noqa: E402
import fleet_meter  # noqa: E402
import fleet_model  # noqa: E402
import needs  # noqa: E402
import python_rpms  # noqa: E402
import pythons  # noqa: E402
import targets  # noqa: E402

HOSTS = [int(word) for word in os.environ.get("HOSTS", "10 20 30 40 50").split()]
FORKS = [int(word) for word in os.environ.get("FORKS", "5 10 25").split()]
EL, SERIES = 8, "3.6"
FEW = 4  # hosts for the bundle of real size
TASKS = 10
AHEAD = (5, 10, 25, 50, 100)  # forks, for a thousand hosts
PAUSE = 3  # seconds that a host works in the playbook that only waits
MEGA = 1e6


def main():
    """Measure, and print tables."""
    reason = needs.reason() or fleet_control.obstacle()
    if not reason and pythons.find(SERIES) is None:
        reason = "no CPython {} on PATH or under pyenv".format(SERIES)
    if reason:
        sys.exit("bench-fleet: {}".format(reason))
    with tempfile.TemporaryDirectory(prefix="offkit-bench-") as folder, targets.target(EL) as server:
        furnish(server)
        made = bundles.Bundles(folder)
        small, real = made.get(bundles.SMALL, el=EL), made.get(el=EL)
        print("{} processors; bundles of {} and {}\n".format(os.cpu_count(), size(small), size(real)))
        alone = one_host(server, small)
        rows = grid(server, small)
        lines(rows)
        overhead(server, folder)
        waiting(server, folder)
        large = few_hosts(server, real)
        projection(alone, rows, large, small, real)


def furnish(server):
    """A Python that the hosts have in common, as if it came from their disc."""
    tree = python_rpms.tree(pythons.find(SERIES), SERIES)
    subprocess.run(["cp", "-a", os.path.join(tree, "usr"), server.path("/")], check=True)
    server.run(["ldconfig"])


@contextlib.contextmanager
def standing(server, count, forks):
    """(Control, Meter) of so many new hosts."""
    specs = [fleet.Spec("host{:03}".format(number), EL, server) for number in range(count)]
    with fleet.fleet(specs) as made:
        yield fleet_control.Control(made, forks), fleet_meter.Meter(made)


def play(control, meter, playbook, hosts, **extra):
    """One Cost; exits when any host failed."""
    played, cost = meter.measure(lambda: control.play(playbook, extra=extra or None, timeout=3000))
    if played.code != 0 or len(played.hosts) != hosts:
        sys.exit("{} on {} hosts:\n{}".format(playbook, hosts, played.text[-4000:]))
    return played, cost


def one_host(server, bundle):
    """(Cost of the start of ansible-playbook, Cost of deploying to a single host), and it is printed"""
    with standing(server, 1, 1) as (control, meter):
        _, start = meter.measure(
            lambda: control.play("deploy", "--syntax-check", extra={"offkit_bundle": bundle})
        )
        played, cost = play(control, meter, "deploy", 1, offkit_bundle=bundle)
    print(
        "{} to one host: {:.1f} s by the clock. Processor seconds: ansible-playbook to start {:.2f}, "
        "then for {} tasks {:.2f}, the host {:.2f}.\n".format(
            size(bundle),
            cost.seconds,
            start.control,
            len(played.tasks),
            cost.control - start.control,
            cost.hosts,
        )
    )
    return start, cost


def grid(server, bundle):
    """[(hosts, forks, Cost of the first deployment, Cost of the second)], printed as a table"""
    measured = []
    head = ["hosts", "forks", "deploy s", "again s", "host CPU s/host", "control CPU s/host",
            "of that its first process",
            "again: control CPU s/host", "MB to a host", "kB from it", "control MB"]  # fmt: skip
    rows = [head]
    for forks in FORKS:
        for count in HOSTS if forks == FORKS[len(FORKS) // 2] else HOSTS[::2]:
            with standing(server, count, forks) as (control, meter):
                _, first = play(control, meter, "deploy", count, offkit_bundle=bundle)
                played, second = play(control, meter, "deploy", count, offkit_bundle=bundle)
            if played.those("changed"):
                sys.exit("the second run changed {}".format(played.those("changed")))
            measured.append((count, forks, first, second))
            rows.append(
                [str(count), str(forks), "{:.1f}".format(first.seconds), "{:.1f}".format(second.seconds)]
                + [
                    "{:.2f}".format(each / count)
                    for each in (first.hosts, first.control, first.main, second.control)
                ]
                + ["{:.2f}".format(first.received / count / MEGA), "{:.0f}".format(first.sent / count / 1e3)]
                + ["{:.0f}".format(first.memory / MEGA)]
            )
            print("  ".join(rows[-1]), file=sys.stderr, flush=True)
    print("\n".join(fleet_model.table(rows)) + "\n")
    return measured


def lines(measured):
    """How the time grows: a line through the measurements of each number of forks."""
    rows = [
        [
            "forks",
            "start s",
            "s per hosts/forks",
            "r²",
            "s per host",
            "again: start s",
            "again: s per host",
            "again: r²",
        ]
    ]
    for forks in FORKS:
        mine = [each for each in measured if each[1] == forks]
        if len({each[0] for each in mine}) < 2:
            continue
        first = fleet_model.fit([(count / forks, cost.seconds) for count, _, cost, _ in mine])
        second = fleet_model.fit([(count / forks, cost.seconds) for count, _, _, cost in mine])
        rows.append(
            [str(forks), "{:.1f}".format(first.intercept), "{:.2f}".format(first.slope)]
            + ["{:.4f}".format(first.r2), "{:.2f}".format(first.slope / forks)]
            + [
                "{:.1f}".format(second.intercept),
                "{:.2f}".format(second.slope / forks),
                "{:.4f}".format(second.r2),
            ]
        )
    print("\n".join(fleet_model.table(rows)) + "\n")


def overhead(server, folder):
    """What Ansible and ssh cost for each task on each host: a task that does nothing, ten times more of it."""
    count = max(HOSTS)
    rows = [
        [
            "forks",
            "ms a task and host",
            "control CPU ms",
            "of that its first process",
            "host CPU ms",
            "bytes both ways",
        ]
    ]
    for forks in FORKS:
        with standing(server, count, forks) as (control, meter):
            play(control, meter, playbook(folder, "true", 1), count)  # connects
            _, few = play(control, meter, playbook(folder, "true", 1), count)
            _, many = play(control, meter, playbook(folder, "true", TASKS + 1), count)
        more = [late - early for early, late in zip(few, many)]
        each = fleet_meter.Cost(*(value / TASKS / count for value in more))
        rows.append(
            [str(forks)]
            + ["{:.0f}".format(value * 1000) for value in (each.seconds, each.control, each.main, each.hosts)]
            + ["{:.0f}".format(each.received + each.sent)]
        )
    print("\n".join(fleet_model.table(rows)) + "\n")


def waiting(server, folder):
    """A line through all numbers of forks, for hosts that have processors of their own: these only wait."""
    points = []
    for forks in FORKS:
        for count in HOSTS:
            with standing(server, count, forks) as (control, meter):
                play(control, meter, playbook(folder, "true", 1), count)  # connects
                _, cost = play(control, meter, playbook(folder, "sleep {}".format(PAUSE), 1), count)
            points.append((-(-count // forks), cost.seconds))
    line = fleet_model.fit(points)
    print("{} s of waiting on each host, all numbers of hosts and forks: {:.1f} s + {:.2f} s x hosts/forks, r² {:.4f}\n".format(
        PAUSE, line.intercept, line.slope, line.r2))  # fmt: skip


def playbook(folder, command, times):
    """The path of a playbook that runs ``command`` so often."""
    path = os.path.join(folder, "tasks-{}.yml".format(times))
    with open(path, "w", encoding="utf-8") as file:
        file.write("- hosts: all\n  gather_facts: false\n  tasks:\n")
        file.write("    - ansible.builtin.raw: '{}'\n      changed_when: false\n".format(command) * times)
    return path


def few_hosts(server, bundle):
    """The same for a few hosts and a bundle of real size: a Cost, of all of them."""
    with standing(server, FEW, FEW) as (control, meter):
        _, cost = play(control, meter, "deploy", FEW, offkit_bundle=bundle)
    print(
        "{} to {} hosts: {:.1f} s by the clock; a host {:.2f} processor seconds, "
        "the control node {:.2f} for it, {:.1f} MB.\n".format(
            size(bundle), FEW, cost.seconds, cost.hosts / FEW, cost.control / FEW, cost.received / FEW / MEGA
        )
    )
    return cost


def projection(alone, measured, large, small, real):
    """A thousand hosts with processors of their own, on a gigabit network.

    For one host everything happens one after the other, so the processor seconds of both sides are
    the time it takes where nothing else is at work: what a loaded machine's clock does not say.
    """
    start, one = alone
    count, _, most, _ = measured[-1]
    light = fleet_model.Costs(
        start.control + one.hosts,  # one host is first, and all wait for it
        one.hosts,
        one.control - start.control,
        (most.control - start.control) / count,
        (most.main - start.control) / count,
        (most.received + most.sent) / count,
    )
    heavy = light._replace(
        start=start.control + large.hosts / FEW,
        host=large.hosts / FEW,
        trips=large.control / FEW,
        control=max(light.control, (large.control - start.control) / FEW),
        wire=(large.received + large.sent) / FEW,
    )
    rows = [["bundle", "control node", *("{} forks".format(forks) for forks in AHEAD)]]
    print("A thousand hosts on 1 Gbit/s, and what sets the pace:\n")
    for name, costs in ((size(small), light), (size(real), heavy)):
        told = (
            "host {:.2f} s, trips {:.2f} s, control {:.2f} s, main {:.3f} s, wire {:.1f} MB, start {:.1f} s"
        )
        values = (costs.host, costs.trips, costs.control, costs.main, costs.wire / MEGA, costs.start)
        print("{}: {}".format(name, told.format(*values)))
        for cores in (2, 8):
            ahead = [fleet_model.project(costs, 1000, forks, cores) for forks in AHEAD]
            cells = ["{} ({})".format(fleet_model.clock(each.seconds), each.limit) for each in ahead]
            rows.append([name, "{} processors".format(cores), *cells])
    print("\n" + "\n".join(fleet_model.table(rows)))


def size(path):
    return "{:.1f} MB".format(os.path.getsize(path) / MEGA)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # nothing stays then either
    main()
