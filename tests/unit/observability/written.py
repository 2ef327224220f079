"""The rules, the dashboard and the worked examples as they are written."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from deploy.metrics import described, exported, metrics

ROOT = Path(__file__).parents[3]
TELEMETRY = ROOT / "deploy/k8s/components/telemetry"
EXAMPLES = [Path(__file__).with_name(name) for name in ("alerts.yaml", "alerts_over_months.yaml")]
# prometheus_client's own of each process, and cert-manager's.
FOREIGN = {
    "process_start_time_seconds",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
    "certmanager_certificate_expiration_timestamp_seconds",
}
_NAME = re.compile(r"\b(?:soundstage[_:]|process_|python_|certmanager_)[a-z0-9_:]+")
_IN_QUOTES = re.compile(r'"[^"]*"')

Rule = dict[str, Any]


def groups() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((TELEMETRY / "rules.yaml").read_text())["spec"]["groups"]
    return found


def rules() -> list[Rule]:
    return [rule for group in groups() for rule in group["rules"]]


def alerts() -> dict[str, Rule]:
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def recorded() -> set[str]:
    return {rule["record"] for rule in rules() if "record" in rule}


def dashboard() -> list[str]:
    """The expressions of its panels."""
    panels = json.loads((TELEMETRY / "dashboard.json").read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


def named_in(expression: str) -> set[str]:
    """The metrics that an expression reads; a histogram by its own name."""
    histograms = {exported(m) for m in metrics().values() if described(m).type == "histogram"}
    names = set(_NAME.findall(_IN_QUOTES.sub("", expression)))
    return {base if (base := re.sub("_(bucket|sum|count)$", "", name)) in histograms else name for name in names}


def examples() -> dict[str, list[list[dict[str, Any]]]]:
    """For each alert what its examples expect: a list of firing alerts a moment."""
    found: dict[str, list[list[dict[str, Any]]]] = {}
    for file in EXAMPLES:
        for test in yaml.safe_load(file.read_text())["tests"]:
            for expected in test["alert_rule_test"]:
                found.setdefault(expected["alertname"], []).append(expected["exp_alerts"])
    return found
