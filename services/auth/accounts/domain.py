"""The rules of accounts: who may sign up, and see, change or remove one. A caller sees only its own tenant's."""

from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import asdict, dataclass, replace
from typing import Protocol
from uuid import UUID

from chassis import clock, idempotency
from chassis.errors import AlreadyExists, Conflict, FieldError, Forbidden, Invalid, NotFound
from chassis.ids import Ref, new_id
from chassis.postgres import Connection, Database
from chassis.principal import PUBLIC_TENANT, Kind, Principal
from services.auth import events
from services.auth.accounts import rules, store
from services.auth.accounts.account import ADMIN, Account, NewUser, Origin, SignUp
from services.auth.accounts.passwords import Passwords
from services.auth.accounts.signed_in import Pair, SignedIn

# Fits one gRPC message even if every field of every account is as long as it may be.
EXPORT_BATCH = 100
MAX_STATES = 300
TAKEN = {"username": "The user name is taken.", "email": "The email is taken."}


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key and the digest of the request it came with."""

    text: str
    fingerprint: bytes


class Sessions(Protocol):
    async def open(self, conn: Connection, account: Account, origin: Origin) -> Pair:
        """A new session of the account, in the caller's transaction."""

    async def end_all(self, conn: Connection, account_id: UUID) -> None:
        """Ends every session of the account, in the caller's transaction."""


class Accounts:
    def __init__(self, database: Database, passwords: Passwords, sessions: Sessions) -> None:
        self._database = database
        self._passwords = passwords
        self._sessions = sessions

    async def register(self, new: SignUp, origin: Origin) -> SignedIn:
        """A new account of the public tenant, signed in. Raises AlreadyExists with every field that is taken."""
        rules.check_sign_up(new)
        async with self._database.connection() as conn:
            await _refuse_taken(conn, PUBLIC_TENANT, new.username, new.email)
        password_hash = await self._passwords.hash(new.password)
        async with self._database.transaction() as conn:
            account = await store.add(
                conn, new_id(), PUBLIC_TENANT, new.email, username=new.username, password_hash=password_hash
            )
            if account is None:
                await _refuse_taken(conn, PUBLIC_TENANT, new.username, new.email)
                raise Conflict("The user name or email was released just now. Try again.")
            await self._database.add_event(conn, events.account_created(account))
            pair = await self._sessions.open(conn, account, origin)
        return SignedIn(account, pair)

    async def add(self, caller: Principal, new: NewUser, key: Key, answer: Callable[[Account], bytes]) -> bytes:
        """A new user of the caller's tenant. A repeat of the same key gets the same `answer` again."""
        rules.check([rules.key(key.text)])
        born = rules.check_new_user(new, clock.utc_now().date())
        async with self._database.transaction() as conn:

            async def do() -> bytes:
                names = (new.first_name.strip(), new.last_name.strip())
                account = await store.add(conn, new_id(), caller.tenant, new.email, names=names, date_of_birth=born)
                if account is None:
                    raise AlreadyExists(TAKEN["email"], fields=[FieldError("email", TAKEN["email"])])
                await self._database.add_event(conn, events.account_created(account))
                return answer(account)

            return await idempotency.once(
                conn,
                caller=f"tenant:{caller.tenant}",
                operation="accounts.add",
                key=key.text,
                fingerprint=key.fingerprint,
                do=do,
            )

    async def get(self, caller: Principal, ref: Ref) -> Account:
        async with self._database.connection() as conn:
            account = await store.get(conn, ref, _tenant(caller))
        return _shown(caller, account)

    async def get_by_username(self, caller: Principal, username: str) -> Account:
        if not rules.is_username(username):
            raise NotFound("No such account.")
        async with self._database.connection() as conn:
            return _shown(caller, await store.get_by_username(conn, caller.tenant, username))

    async def is_available(self, caller: Principal, username: str) -> bool:
        """Whether the user name is free. Raises Invalid if nobody could have it."""
        rules.check([rules.username(username)])
        async with self._database.connection() as conn:
            return await store.get_by_username(conn, caller.tenant, username) is None

    async def change(self, caller: Principal, account_id: UUID, values: dict[str, str | None]) -> Account:
        """Changes the named fields; an empty string clears a field, as None does. Only for oneself and admins."""
        wanted = {name: value or None for name, value in values.items()}
        rules.check_change(wanted)
        async with self._database.transaction() as conn:
            account = await store.lock_to_change(conn, account_id, _tenant(caller))
            if account is None:
                raise NotFound("No such account.")
            if not (caller.is_admin or caller.is_(account_id)):
                raise Forbidden("You may change only your own profile")
            changed = replace(account, **wanted)  # type: ignore[arg-type]
            if changed == account:
                return _shown(caller, account)
            await self._refuse_taken_by_another(conn, changed)
            stored = await store.change(conn, account_id, asdict(changed))
            if stored is None:
                raise AlreadyExists(TAKEN["username"], fields=[FieldError("username", TAKEN["username"])])
            await self._database.add_event(conn, events.account_changed(stored))
        return _shown(caller, stored)

    async def export(self, after: UUID) -> AsyncIterator[list[Account]]:
        """All accounts of all tenants, removed ones too, in order of id."""
        while True:
            async with self._database.connection() as conn:
                batch = await store.export(conn, after, EXPORT_BATCH)
            if not batch:
                return
            yield batch
            after = batch[-1].id

    async def list_states(self, refs: Collection[Ref]) -> list[Account]:
        """Accounts of all tenants, the removed ones too; unknown ones are left out."""
        if len(refs) > MAX_STATES:
            raise Invalid(fields=[FieldError("accounts", f"must name at most {MAX_STATES} accounts")])
        ids = [ref.id for ref in refs if ref.id]
        numbers = [ref.number for ref in refs if ref.number]
        async with self._database.connection() as conn:
            return await store.list_by(conn, ids, numbers)

    async def make_admin(self, username: str) -> Account:
        """Grants the role admin to an account of the public tenant; its earlier tokens are refused."""
        async with self._database.transaction() as conn:
            found = await store.get_by_username(conn, PUBLIC_TENANT, username)
            account = found and await store.lock_to_change(conn, found.id, PUBLIC_TENANT)
            if account is None:
                raise NotFound(f"No account has the user name {username}.")
            return account if account.role == ADMIN else await store.grant(conn, account.id, ADMIN)

    async def remove(self, account_id: UUID) -> Account:
        """Erases the person, keeping id and number, ends every session and revokes every token."""
        async with self._database.transaction() as conn:
            if await store.lock_to_change(conn, account_id, None) is None:
                raise NotFound(f"No account has the id {account_id}.")
            account = await store.blank(conn, account_id)
            await self._sessions.end_all(conn, account_id)
            await self._database.add_event(conn, events.account_removed(account))
        return account

    async def _refuse_taken_by_another(self, conn: Connection, changed: Account) -> None:
        """Names the field while the transaction is still usable; the unique index has the last word."""
        if changed.username is None:
            raise Invalid(fields=[FieldError("username", "A partner's user has no user name.")])
        holder = await store.get_by_username(conn, changed.tenant, changed.username)
        if holder is not None and holder.id != changed.id:
            raise AlreadyExists(TAKEN["username"], fields=[FieldError("username", TAKEN["username"])])


async def _refuse_taken(conn: Connection, tenant: str, username: str, email: str) -> None:
    taken = await store.find_taken(conn, tenant, username, email)
    fields = [FieldError(name, TAKEN[name]) for name, is_taken in taken._asdict().items() if is_taken]
    if fields:
        raise AlreadyExists(" ".join(field.message for field in fields), fields=fields)


def _tenant(caller: Principal) -> str | None:
    """The tenant whose accounts the caller may see; None: every tenant's."""
    return None if caller.kind is Kind.SERVICE else caller.tenant


def _shown(caller: Principal, account: Account | None) -> Account:
    """The account as the caller may see it: the email is for its holder, admins and its tenant's client only."""
    if account is None:
        raise NotFound("No such account.")
    if caller.is_(account.id) or caller.is_admin or caller.kind is Kind.CLIENT:
        return account
    return replace(account, email=None)
