"""Every part of auth, built by constructor."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from soundstage.auth.v1.accounts_pb2_grpc import add_AccountsServiceServicer_to_server
from soundstage.auth.v1.sessions_pb2_grpc import add_SessionsServiceServicer_to_server
from soundstage.auth.v1.tenants_pb2_grpc import add_TenantsServiceServicer_to_server

from chassis.migrate import Migration
from chassis.outbox import Relay
from chassis.postgres import Database
from chassis.process import Every, Roles
from chassis.server import Server
from services.auth import events
from services.auth.accounts.domain import Accounts
from services.auth.accounts.passwords import Passwords
from services.auth.accounts.rpc import AccountsRpc
from services.auth.config import Settings
from services.auth.sessions.domain import Sessions
from services.auth.sessions.keys import Keys
from services.auth.sessions.rpc import SessionsRpc
from services.auth.sessions.sweeper import Sweeper
from services.auth.sessions.tokens import Tokens
from services.auth.tenants.domain import Tenants
from services.auth.tenants.rpc import TenantsRpc

MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Parts:
    """The use cases and what they need; commands and tests take them one by one."""

    database: Database
    keys: Keys
    accounts: Accounts
    sessions: Sessions
    tenants: Tenants


def parts(settings: Settings, stack: AsyncExitStack) -> Parts:
    database = Database(settings.database_url)
    stack.push_async_callback(database.close)
    passwords = Passwords(
        memory_kib=settings.argon2_memory_kib, passes=settings.argon2_passes, queue_length=settings.hashing_queue
    )
    stack.callback(passwords.close)
    keys = Keys(settings.signing_keys_dir)
    tokens = Tokens(keys, settings.issuer)
    sessions = Sessions(database, passwords, tokens)
    return Parts(database, keys, Accounts(database, passwords, sessions), sessions, Tenants(database, tokens))


def server(settings: Settings, made: Parts) -> Server:
    return Server(
        settings,
        [
            (AccountsRpc(made.accounts), add_AccountsServiceServicer_to_server),
            (SessionsRpc(made.sessions, made.keys), add_SessionsServiceServicer_to_server),
            (TenantsRpc(made.tenants), add_TenantsServiceServicer_to_server),
        ],
    )


def migration(settings: Settings) -> Migration:
    async def ensure_key() -> None:
        Keys(settings.signing_keys_dir).ensure()

    return Migration(
        settings.database_url,
        MIGRATIONS,
        settings.kafka_bootstrap,
        events.TOPICS,
        settings.kafka_replication,
        also=ensure_key,
    )


def build(settings: Settings, stack: AsyncExitStack) -> Roles:
    made = parts(settings, stack)
    return Roles(
        migrate=migration(settings),
        serve=[server(settings, made)],
        relay=[Relay(made.database, settings.kafka_bootstrap)],
        work=[Every(10.0, "sweep", Sweeper(made.database).sweep)],
    )
