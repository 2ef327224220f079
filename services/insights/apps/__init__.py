"""Apps that call the discovery contract: how often, under which name, and those that were registered."""
