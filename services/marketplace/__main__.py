"""`python -m services.marketplace serve|consume|relay|work|migrate|all`."""

from chassis import process
from services.marketplace import config, wiring

process.main("marketplace", config.Settings, wiring.build)
