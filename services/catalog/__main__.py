from chassis import process
from services.catalog import commands, config, wiring

if __name__ == "__main__":
    process.main("catalog", config.Settings, wiring.build, commands.app)
