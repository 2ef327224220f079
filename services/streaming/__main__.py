from chassis import process
from services.streaming import commands, config, wiring

if __name__ == "__main__":
    process.main("streaming", config.Settings, wiring.build, commands.app)
