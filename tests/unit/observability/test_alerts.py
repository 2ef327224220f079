"""Every alert says how bad and what, has its section in the runbook, and worked examples that promtool believes."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.local.services import ROLES
from tests.unit.observability import written

RUNBOOK = (written.ROOT / "docs/runbook.md").read_text()
PARTS = ["Means", "Users see", "Look first", "Do", "Escalate"]
ALERTS = written.alerts()
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="no promtool: Debian's package prometheus has it"
)


def sections() -> dict[str, str]:
    found = re.split(r"^## (\w+)$", RUNBOOK, flags=re.M)
    return dict(zip(found[1::2], found[2::2], strict=True))


def test_the_runbook_has_a_section_for_each_alert_and_no_other() -> None:
    assert list(sections()) == list(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_a_section_says_all_that_one_needs_at_night(name: str) -> None:
    assert re.findall(r"^- \*\*(.+?)\*\*: \S", sections()[name], flags=re.M) == PARTS


@pytest.mark.parametrize("anchor", sorted(set(re.findall(r"\(#(\w+)\)", RUNBOOK))))
def test_links_within_the_runbook_lead_somewhere(anchor: str) -> None:
    assert anchor in {name.lower() for name in ALERTS}


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_bad_what_and_where_to_read_on(name: str) -> None:
    alert = ALERTS[name]
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert set(alert["annotations"]) == {"summary", "runbook_url"}
    assert alert["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_shown_firing_and_silent(name: str) -> None:
    expected = written.examples()[name]
    assert any(expected)
    assert not all(expected)


@pytest.mark.parametrize("name", ALERTS)
def test_a_summary_names_labels_that_the_alert_has(name: str) -> None:
    used = set(re.findall(r"\$labels\.(\w+)", ALERTS[name]["annotations"]["summary"]))
    for firing in written.examples()[name]:
        for alert in firing:
            assert used <= set(alert["exp_labels"])


def test_every_role_that_is_started_is_missed_when_absent() -> None:
    missed = re.findall(r'service="(\w+)",role="(\w+)"', ALERTS["ProcessAbsent"]["expr"])
    started = [(service, role) for service, roles in ROLES.items() for role in roles]
    assert sorted(missed) == sorted([("gateway", "serve"), *started])


@needs_promtool
def test_promtool_accepts_the_rules(tmp_path: Path) -> None:
    _promtool("check", "rules", str(_plain(tmp_path, annotated=True)))


@needs_promtool
def test_promtool_agrees_with_every_example(tmp_path: Path) -> None:
    _plain(tmp_path, annotated=False)
    copies = [str(shutil.copy(file, tmp_path)) for file in written.EXAMPLES]
    _promtool("test", "rules", *copies)


def _plain(folder: Path, *, annotated: bool) -> Path:
    """The rules as Prometheus reads them; without annotations, which examples would have to repeat word by word."""
    groups = written.groups()
    for rule in (rule for group in groups for rule in group["rules"] if not annotated):
        rule.pop("annotations", None)
    file = folder / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": groups}))
    return file


def _promtool(*words: str) -> None:
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
