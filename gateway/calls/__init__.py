"""Calls to the services: `ask` with a method of `Services`; `Batched` for what many requests ask at once."""
