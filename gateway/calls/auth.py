from soundstage.auth.v1 import accounts_pb2 as accounts
from soundstage.auth.v1 import sessions_pb2 as sessions
from soundstage.auth.v1 import tenants_pb2 as tenants
from soundstage.auth.v1.accounts_pb2_grpc import AccountsServiceStub
from soundstage.auth.v1.sessions_pb2_grpc import SessionsServiceStub
from soundstage.auth.v1.tenants_pb2_grpc import TenantsServiceStub

from chassis.client import Channel
from chassis.principal import SERVICE
from gateway.calls.wire import ask


class Auth:
    def __init__(self, address: str) -> None:
        services = (accounts.DESCRIPTOR.services_by_name, sessions.DESCRIPTOR.services_by_name)
        channel = Channel(address, *(service for named in services for service in named.values()))
        self.close = channel.close
        self._accounts = AccountsServiceStub(channel.grpc)
        self._sessions = SessionsServiceStub(channel.grpc)
        self._tenants = TenantsServiceStub(channel.grpc)

    async def register(self, request: accounts.RegisterAccountRequest) -> accounts.RegisterAccountResponse:
        return await ask(self._accounts.Register, request)

    async def add_account(self, request: accounts.AddAccountRequest) -> accounts.AddAccountResponse:
        return await ask(self._accounts.Add, request)

    async def get_account(self, request: accounts.GetAccountRequest) -> accounts.GetAccountResponse:
        return await ask(self._accounts.Get, request)

    async def get_account_by_username(
        self, request: accounts.GetAccountByUsernameRequest
    ) -> accounts.GetAccountByUsernameResponse:
        return await ask(self._accounts.GetByUsername, request)

    async def check_username(self, request: accounts.CheckUsernameRequest) -> accounts.CheckUsernameResponse:
        return await ask(self._accounts.CheckUsername, request)

    async def change_account(self, request: accounts.ChangeAccountRequest) -> accounts.ChangeAccountResponse:
        return await ask(self._accounts.Change, request)

    async def log_in(self, request: sessions.LogInRequest) -> sessions.LogInResponse:
        return await ask(self._sessions.LogIn, request)

    async def refresh(self, request: sessions.RefreshSessionRequest) -> sessions.RefreshSessionResponse:
        return await ask(self._sessions.Refresh, request)

    async def log_out(self, request: sessions.LogOutRequest) -> sessions.LogOutResponse:
        return await ask(self._sessions.LogOut, request)

    async def list_revocations(self, request: sessions.ListRevocationsRequest) -> sessions.ListRevocationsResponse:
        return await ask(self._sessions.ListRevocations, request, caller=SERVICE)

    async def get_keys(self) -> str:
        """The JSON Web Key Set, as text."""
        answer = await ask(self._sessions.GetKeys, sessions.GetKeysRequest(), caller=SERVICE)
        return answer.jwks_json

    async def issue_client_token(self, request: tenants.IssueClientTokenRequest) -> tenants.IssueClientTokenResponse:
        return await ask(self._tenants.IssueClientToken, request)

    async def issue_delegation_token(
        self, request: tenants.IssueDelegationTokenRequest
    ) -> tenants.IssueDelegationTokenResponse:
        return await ask(self._tenants.IssueDelegationToken, request)
