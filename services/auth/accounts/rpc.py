"""AccountsService on the wire."""

from collections.abc import AsyncIterator, Iterable
from typing import Any
from uuid import UUID

from soundstage.auth.v1 import accounts_pb2 as pb
from soundstage.auth.v1.accounts_pb2_grpc import AccountsServiceServicer

from chassis import idempotency
from chassis.ids import Ref, parse
from chassis.principal import Kind, allow, allow_anyone, allow_services, current
from services.auth.accounts import rules
from services.auth.accounts.account import Account, NewUser, Origin, SignUp
from services.auth.accounts.domain import Accounts, Key
from services.auth.accounts.wire import account_message, pair_message
from services.auth.events import account_state

FIRST = UUID(int=0)


class AccountsRpc(AccountsServiceServicer):
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    @allow_anyone
    async def Register(self, request: pb.RegisterAccountRequest, context: Any) -> pb.RegisterAccountResponse:
        new = SignUp(request.username, request.email, request.password)
        signed_in = await self._accounts.register(new, Origin(request.ip_address, request.user_agent))
        return pb.RegisterAccountResponse(
            account=account_message(signed_in.account), tokens=pair_message(signed_in.pair)
        )

    @allow(Kind.CLIENT)
    async def Add(self, request: pb.AddAccountRequest, context: Any) -> pb.AddAccountResponse:
        new = NewUser(request.first_name, request.last_name, request.email, request.date_of_birth)
        key = Key(request.idempotency_key, idempotency.fingerprint(request))
        return pb.AddAccountResponse.FromString(await self._accounts.add(current(), new, key, _added))

    @allow_anyone
    async def Get(self, request: pb.GetAccountRequest, context: Any) -> pb.GetAccountResponse:
        account = await self._accounts.get(current(), Ref.of(request.account, field="account"))
        return pb.GetAccountResponse(account=account_message(account))

    @allow_anyone
    async def GetByUsername(
        self, request: pb.GetAccountByUsernameRequest, context: Any
    ) -> pb.GetAccountByUsernameResponse:
        account = await self._accounts.get_by_username(current(), request.username)
        return pb.GetAccountByUsernameResponse(account=account_message(account))

    @allow_anyone
    async def CheckUsername(self, request: pb.CheckUsernameRequest, context: Any) -> pb.CheckUsernameResponse:
        return pb.CheckUsernameResponse(available=await self._accounts.is_available(current(), request.username))

    @allow(Kind.USER)
    async def Change(self, request: pb.ChangeAccountRequest, context: Any) -> pb.ChangeAccountResponse:
        account_id = parse(request.id)
        account = await self._accounts.change(current(), account_id, _changes(request))
        return pb.ChangeAccountResponse(account=account_message(account))

    @allow_services
    async def ListStates(self, request: pb.ListAccountStatesRequest, context: Any) -> pb.ListAccountStatesResponse:
        found = await self._accounts.list_states([Ref.of(ref, field="account") for ref in request.accounts])
        return pb.ListAccountStatesResponse(accounts=_states(found))

    @allow_services
    async def Export(self, request: pb.ExportAccountsRequest, context: Any) -> AsyncIterator[pb.ExportAccountsResponse]:
        after = parse(request.after_id, field="after_id") if request.after_id else FIRST
        async for batch in self._accounts.export(after):
            yield pb.ExportAccountsResponse(accounts=_states(batch))


def _added(account: Account) -> bytes:
    return pb.AddAccountResponse(account=account_message(account)).SerializeToString()


def _states(accounts: Iterable[Account]) -> list[pb.AccountState]:
    return [account_state(account) for account in accounts]


def _changes(request: pb.ChangeAccountRequest) -> dict[str, str | None]:
    """The fields named; an unset one is empty. The domain refuses a name that is no field."""
    return {name: getattr(request, name) if name in rules.CHANGEABLE else None for name in request.fields}
