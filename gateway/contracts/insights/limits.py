from gateway.limits import Limit

# The source states no number; its example of a 429 shows 500.
PER_ADDRESS = Limit("insights", 500, 60)
