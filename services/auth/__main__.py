from chassis import process
from services.auth import commands, config, wiring

if __name__ == "__main__":
    process.main("auth", config.Settings, wiring.build, commands.app)
