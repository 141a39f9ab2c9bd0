"""The story of a fleet on real hosts: deployed, examined, verified, upgraded and taken back by Ansible.

The steps are told once (fleet_story); each test asserts one thing about them.
"""

import json
import os
import re

import pytest

import fleet
import fleet_control
import fleet_hosts
import fleet_story
import journey
import needs

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
    pytest.mark.skipif(bool(fleet_control.obstacle()), reason=fleet_control.obstacle() or "Ansible is there"),
]
HOSTS = [spec.name for spec in fleet_story.specs(None, None)] if not needs.reason() else []
SICK = sorted(fleet_story.SICK)
WELL = sorted(set(HOSTS) - set(SICK) - {fleet_story.DIES})


@pytest.fixture(scope="module")
def story(carried):
    with (
        fleet_hosts.pythonic(7) as seven,
        fleet_hosts.pythonic(9) as nine,
        fleet.fleet(fleet_story.specs(seven, nine)) as made,
    ):
        yield fleet_story.tell(made, carried)


def said(story, step):
    """For a failed assertion: what the person at the control node saw."""
    return story.steps[step].played.text[-6000:]


@pytest.mark.parametrize("step", ["check", "check upgrade", "check rollback"])
def test_check_mode_changes_nothing_on_any_server(story, step):
    """Not a file, not a directory; traces of a login aside."""
    assert {host: found for host, found in story.steps[step].changed.items() if found} == {}, said(
        story, step
    )


@pytest.mark.parametrize("step", ["deploy", "upgrade", "rollback"])
def test_check_mode_predicts_which_hosts_change(story, step):
    """The same hosts are changed in earnest, and the same fail; but for the one that died meanwhile."""
    ahead = story.steps["check" if step == "deploy" else "check " + step].played
    after = story.steps[step].played
    dies = {fleet_story.DIES} if step == "deploy" else set()
    assert set(ahead.those("changed")) - dies == set(after.those("changed")) - dies, said(story, step)


def test_a_deployment_names_the_sick_and_serves_the_others(story):
    """Each by its code or cause; nobody waits for another."""
    played = story.steps["deploy"].played
    assert played.code != 0
    assert played.those("failed") == SICK, said(story, "deploy")
    assert played.those("unreachable") == [fleet_story.DIES]
    assert {host: cause in played.text for host, cause in fleet_story.SICK.items()} == dict.fromkeys(
        SICK, True
    )
    for host in SICK:
        document = story.steps["deploy"].documents[host]
        assert fleet_story.SICK[host] in document["message"], document


def test_what_was_deployed_is_what_stands_on_the_servers(story):
    """The report's generation is the one that the link points to, and the receipt's."""
    step = story.steps["deploy"]
    for host in WELL:
        document = step.documents[host]
        assert document["schema"] == "offkit/host-1"
        assert (document["reachable"], document["message"]) == (True, "")
        assert document["results"]["deploy"]["rc"] == 0
        assert document["generation"] == step.current[host] != ""
        assert document["results"]["deploy"]["document"]["schema"] == "offkit/install-1"


def test_a_host_that_died_is_in_the_report_as_not_reached(story):
    step = story.steps["deploy"]
    document = step.documents[fleet_story.DIES]
    assert (document["reachable"], document["generation"]) == (False, "")
    assert document["message"] != ""
    assert step.current[fleet_story.DIES] == ""


def test_cured_hosts_end_well_with_limit_retry(story):
    """Only they were run, and only from where they were: nothing is left to do for anybody afterwards."""
    played = story.steps["retry"].played
    assert played.code == 0, said(story, "retry")
    assert sorted(played.hosts) == sorted([*SICK, fleet_story.DIES])
    assert {host for host, which in story.steps["retry"].current.items() if not which} == set()


def test_what_was_carried_to_the_host_that_died_was_not_carried_again(story):
    """By the bytes on its wire since it is on again."""
    assert 0 < story.resent < story.whole


def test_a_second_run_changes_nothing(story):
    played = story.steps["again"].played
    assert (played.code, played.those("changed")) == (0, []), said(story, "again")
    assert {host: found for host, found in story.steps["again"].changed.items() if found} == {}


def test_doctor_finds_everybody_healthy(story):
    step = story.steps["doctor"]
    assert (step.played.code, step.played.those("changed", "failed", "unreachable")) == (0, []), said(
        story, "doctor"
    )
    for host in HOSTS:
        result = step.documents[host]["results"]["doctor"]
        assert (host, result["rc"], result["document"]["schema"]) == (host, 0, "offkit/doctor-1")
        assert "deploy" in step.documents[host]["results"]


def test_the_report_has_every_host_on_its_page(story):
    with open(os.path.join(story.control.reports, "index.html"), encoding="utf-8") as text:
        page = text.read()
    assert [host for host in HOSTS if host not in page] == []
    assert re.findall(r"""(?:src|href)\s*=\s*["'](?!#|data:)[^"']*""", page) == []


def test_the_film_plays_where_its_packages_are(story):
    """Each frame checked, by OpenCV; the report has how fast."""
    step = story.steps["verify"]
    assert step.played.code == 0, said(story, "verify")
    for host in fleet_story.FILM:
        document = step.documents[host]["results"]["verify"]["document"]
        bad = [one for one in document["findings"] if one["severity"] != "info"]
        assert (document["schema"], bad) == ("offkit/run-badapple-1", [])


def test_the_upgrade_is_a_second_generation_everywhere(story):
    step = story.steps["upgrade"]
    assert (step.played.code, step.played.those("failed", "unreachable")) == (0, []), said(story, "upgrade")
    assert {host: which.split("-")[0] for host, which in step.current.items()} == dict.fromkeys(HOSTS, "0002")
    assert {host: document["generation"] for host, document in step.documents.items()} == step.current


def test_the_rollback_is_the_first_one_again_and_works(story):
    """What Python on the server itself imports, and not only where a link points."""
    step = story.steps["rollback"]
    assert (step.played.code, step.played.those("changed")) == (0, sorted(HOSTS)), said(story, "rollback")
    assert step.current == story.steps["again"].current
    code = "import cv2, numpy; print(cv2.__version__)"
    for host in fleet_story.FILM[1:]:
        done = journey.python(story.fleet.hosts[host], code)
        assert (done.returncode, done.stderr) == (0, ""), journey.failed(done)
    for host in ("two7", "platform8", "slow7"):
        done = journey.python(story.fleet.hosts[host], "import idna; print(idna.__version__)")
        assert done.stdout == "3.4\n", journey.failed(done)
        assert fleet_story.receipt(story.fleet.hosts[host])["id"] == step.current[host]


def test_a_server_that_was_damaged_is_named_and_the_others_are_not(story):
    step = story.steps["hurt"]
    assert step.played.those("failed") == ["nine9"], said(story, "hurt")
    findings = step.documents["nine9"]["results"]["doctor"]["document"]["findings"]
    assert {one["code"] for one in findings if one["severity"] == "error"} == {"PKG001"}
    assert 'fatal: [nine9]: FAILED! => {"changed": false, "msg": "PKG001 numpy' in step.played.text


def test_nobody_asked_for_anything_beyond_the_network(story):
    """All the steps, all the hosts and the control node: not one packet, name or address."""
    assert story.fleet.strays() == 0


def test_nothing_temporary_is_left_anywhere(story):
    """On the servers and on the control node."""
    for host in story.fleet.hosts.values():
        found = host.run(
            [
                "sh",
                "-c",
                "ls -A /tmp /var/tmp; ls -d /root/.ansible/tmp/* /home/*/.ansible/tmp/*; ls /var/cache/offkit",
            ]
        ).stdout
        left = [
            each for each in found.split() if "ansible" in each or "offkit-" in each or each.endswith(".part")
        ]
        assert (host.name, left) == (host.name, [])
    assert os.listdir(os.path.join(story.control.folder, ".ansible", "tmp")) == []


def test_a_line_for_a_host_is_a_line_and_no_document(story):
    """Whatever fails, nobody reads JSON at the terminal, but for Ansible's own {"msg": …}."""
    for step in story.steps.values():
        for text in step.played.text.splitlines():
            if text.startswith(("fatal:", "failed:")):
                told = json.loads(text[text.index("{") :])
                assert set(told) <= {"changed", "msg", "unreachable"}, text[:300]
                assert "\n" not in told["msg"]
                assert len(told["msg"]) < 700, told["msg"]
