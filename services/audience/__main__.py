from chassis import process
from services.audience import config, wiring

if __name__ == "__main__":
    process.main("audience", config.Settings, wiring.build)
