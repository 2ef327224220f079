from chassis import process
from services.streaming import config, wiring

process.main("streaming", config.Settings, wiring.build)
