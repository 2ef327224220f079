from chassis import process
from services.insights import commands, config, wiring

if __name__ == "__main__":
    process.main("insights", config.Settings, wiring.build, commands.app)
