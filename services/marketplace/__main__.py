from chassis import process
from services.marketplace import config, wiring

if __name__ == "__main__":
    process.main("marketplace", config.Settings, wiring.build)
