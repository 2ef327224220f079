"""The partner contract in front of one tenant's user; the services answer what is written here."""

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from soundstage.auth.v1.accounts_pb2 import Account, AddAccountResponse, GetAccountResponse
from soundstage.auth.v1.tenants_pb2 import IssueClientTokenResponse, IssueDelegationTokenResponse
from soundstage.catalog.v1.tracks_pb2 import ListTracksResponse
from soundstage.streaming.v1.streams_pb2 import OpenStreamResponse

from tests.contract.conftest import Public

ADD = "auth.v1.AccountsService/Add"
GET = "auth.v1.AccountsService/Get"
CLIENT_TOKEN = "auth.v1.TenantsService/IssueClientToken"
DELEGATION_TOKEN = "auth.v1.TenantsService/IssueDelegationToken"
LIST_TRACKS = "catalog.v1.TracksService/List"
OPEN = "streaming.v1.StreamsService/Open"

USER_ID = "497f6eca-6276-4993-bfeb-53cbbbba6f08"
STREAM_ID = "173fd1b7-72c4-44c4-9244-55a0a167a352"
FOLDER = f"recordings/{STREAM_ID}"
JANE = Account(
    id=USER_ID,
    number=7,
    tenant="acme",
    email="user@example.com",
    role="user",
    first_name="Jane",
    last_name="Doe",
    date_of_birth="2019-08-24",
    created_at=Timestamp(seconds=1566656122),
    updated_at=Timestamp(seconds=1566656122),
)


@pytest.fixture
def partner(public: Public) -> Public:
    public.services.on(ADD, AddAccountResponse(account=JANE))
    public.services.on(GET, GetAccountResponse(account=JANE))
    public.services.on(CLIENT_TOKEN, IssueClientTokenResponse(access_token="a.b.c", expires_in_seconds=3600))
    public.services.on(DELEGATION_TOKEN, IssueDelegationTokenResponse(token="d.e.f", expires_in_seconds=600))
    public.services.on(LIST_TRACKS, ListTracksResponse())
    public.services.on(OPEN, OpenStreamResponse(folder=FOLDER, playlist="ts.m3u8"))
    return public


def client(partner: Public) -> dict[str, str]:
    return partner.bearer("client", sid=None, number=None, tenant="acme", role="client")


def delegation(partner: Public) -> dict[str, str]:
    return partner.bearer("delegation", sid=None, tenant="acme", sub=USER_ID)


def session(partner: Public) -> dict[str, str]:
    return partner.bearer("session", tenant="acme", sub=USER_ID)
