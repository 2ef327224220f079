"""`python -m deploy.configuration` writes docs/configuration.md from the settings that the processes declare."""

import importlib
import sys
from collections.abc import Iterator

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

from chassis.config import Settings

PROCESSES = ("gateway", "auth", "catalog", "streaming", "audience", "marketplace", "insights")
HEAD = """# Configuration

Every setting is an environment variable, or a file of that name in the folder `SECRETS_DIR`. Defaults suit the local
run, which gives every process its own (`python -m deploy.local service audience serve` starts one with them). The
launcher's settings are in [local.md](local.md). `make docs` writes this page.
"""


def settings_of(process: str) -> type[Settings]:
    folder = process if process == "gateway" else f"services.{process}"
    declared: type[Settings] = importlib.import_module(f"{folder}.config").Settings
    return declared


def page() -> str:
    parts = [HEAD, "## Every process\n", *table(Settings, own_only=False)]
    for process in PROCESSES:
        parts += [f"\n## {process}\n", *table(settings_of(process), own_only=True)]
    return "\n".join(parts) + "\n"


def table(settings: type[Settings], *, own_only: bool) -> Iterator[str]:
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        is_shared = own_only and name in Settings.model_fields and name not in ("port", "metrics_port")
        if not is_shared and not (not own_only and name in ("port", "metrics_port")):
            yield f"| `{variable(name, field, prefix)}` | {default(field)} | {field.description or ''} |"


def variable(name: str, field: FieldInfo, prefix: str) -> str:
    alias = field.validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"{prefix}{name}".upper()


def default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "depends on the machine"
    value = field.default
    text = "set it" if isinstance(value, SecretStr) else str(value)
    return f"`{text}`" if text and value is not None else ""


if __name__ == "__main__":
    sys.stdout.write(page())
