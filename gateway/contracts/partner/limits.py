from gateway.limits import Limit

# A back end needs one an hour; many more are somebody guessing secrets.
CLIENT_TOKENS = Limit("partner.client_tokens", 60, 60)
