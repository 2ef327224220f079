from soundstage.auth.v1.tenants_pb2 import IssueClientTokenResponse, IssueDelegationTokenResponse

from gateway.web.fields import JSON


def client_token(t: IssueClientTokenResponse) -> JSON:
    return {"access_token": t.access_token, "token_type": "Bearer", "expires_in": t.expires_in_seconds}


def delegation_token(t: IssueDelegationTokenResponse) -> JSON:
    return {"token_type": "Bearer", "expires_in": t.expires_in_seconds, "token": t.token}
