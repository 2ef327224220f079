from gateway.limits import Limit

PER_ADDRESS = Limit("platform", 100, 60)
REGISTER = Limit("platform.register", 5, 60)
LOGIN = Limit("platform.login", 5, 60, alone=2)
# Whoever guesses one password from many addresses; so many that nobody else keeps its owner out for long.
LOGIN_OF_EMAIL = Limit("platform.login_of_email", 20, 3600, alone=5)
# Counted together with chunked and general uploads.
UPLOADS = Limit("platform.uploads", 10, 3600, is_per_account=True)
