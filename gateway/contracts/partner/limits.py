from gateway.limits import Limit

# A back end needs one an hour; whoever tries more is guessing secrets.
CLIENT_TOKENS = Limit("partner.client_tokens", 60, 60)
