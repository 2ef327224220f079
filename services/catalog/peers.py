"""The other services that catalog calls: auth alone."""

from collections.abc import AsyncIterator, Collection

from soundstage.auth.v1 import accounts_pb2, accounts_pb2_grpc
from soundstage.common.v1 import common_pb2

from chassis import client, ids
from chassis.client import Channel
from chassis.errors import NotFound
from chassis.principal import SERVICE
from services.catalog import events
from services.catalog.people.person import Account, Ref


class Accounts:
    def __init__(self, address: str) -> None:
        self._channel = Channel(address, accounts_pb2.DESCRIPTOR.services_by_name["AccountsService"])
        self._stub = accounts_pb2_grpc.AccountsServiceStub(self._channel.grpc)

    async def close(self) -> None:
        await self._channel.close()

    async def list_states(self, refs: Collection[Ref]) -> list[Account]:
        """The accounts as auth has them now; unknown ones are left out. Raises Unavailable."""
        request = accounts_pb2.ListAccountStatesRequest(accounts=[_sent(ref) for ref in refs])
        answer = await client.call(self._stub.ListStates, request, caller=SERVICE)
        return [events.account_of(state) for state in answer.accounts]

    async def find_by_handle(self, handle: str) -> Account | None:
        """The account of the public tenant that has this handle now. Raises Unavailable."""
        try:
            request = accounts_pb2.GetAccountByUsernameRequest(username=handle)
            answer = await client.call(self._stub.GetByUsername, request, caller=SERVICE)
        except NotFound:
            return None
        return next(iter(await self.list_states([Ref(id=ids.parse(answer.account.id))])), None)

    async def export(self) -> AsyncIterator[list[Account]]:
        """All accounts, in batches. Raises Unavailable."""
        async for batch in client.stream(self._stub.Export, accounts_pb2.ExportAccountsRequest(), caller=SERVICE):
            yield [events.account_of(state) for state in batch.accounts]


def _sent(ref: Ref) -> common_pb2.Ref:
    return common_pb2.Ref(id=str(ref.id)) if ref.id else common_pb2.Ref(number=ref.number or 0)
