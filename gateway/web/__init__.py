"""HTTP without opinions: requests, answers, bodies, the way from a path to an operation. Knows no contract."""
