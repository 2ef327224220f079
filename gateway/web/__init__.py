"""HTTP without opinions, beyond Starlette: bounded requests, bodies, the way from a path to an operation."""
