from gateway.limits import Limit

PER_ADDRESS = Limit("platform", 100, 60)
REGISTER = Limit("platform.register", 5, 60)
LOGIN = Limit("platform.login", 5, 60)
# Counted together with chunked and general uploads.
UPLOADS = Limit("platform.uploads", 10, 3600, is_per_account=True)
