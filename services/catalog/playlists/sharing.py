"""Who else may read and change a playlist: collaborators, and whoever holds a link."""

from uuid import UUID

from chassis import idempotency
from chassis.errors import NotFound
from chassis.ids import Ref
from chassis.mongo import Mongo, Session
from chassis.principal import Principal
from services.catalog import moments
from services.catalog.people.domain import People
from services.catalog.people.person import Person
from services.catalog.playlists import links, store
from services.catalog.playlists.edits import Edits
from services.catalog.playlists.playlist import (
    LINK_LIVES,
    Collaborator,
    Link,
    Permission,
    Playlist,
    editable,
    permitted,
)
from services.catalog.tracks.upload import check_key


class Sharing:
    def __init__(self, mongo: Mongo, people: People, edits: Edits) -> None:
        self._mongo = mongo
        self._people = people
        self._edits = edits

    async def add_collaborator(
        self, caller: Principal, id: UUID, account_id: UUID, permission: Permission
    ) -> tuple[Collaborator, Person]:
        """Raises NotFound (playlist or person), Forbidden, Conflict when it is one already or the owner."""
        person = await self._people.get(caller, Ref(id=account_id))
        added = Collaborator(account_id, permission, moments.now())

        async def edit(_: Session, found: Playlist | None) -> Playlist:
            return editable(found, caller, Permission.ADMIN).with_collaborator(added, moments.now())

        await self._edits.run(id, edit)
        return added, person

    async def list_collaborators(self, caller: Principal, id: UUID) -> list[tuple[Collaborator, Person]]:
        """In the order they were added, without removed accounts. Raises NotFound, Forbidden."""
        found = await store.get_many(self._mongo, [id])
        playlist = permitted(found[0] if found else None, caller, Permission.READ)
        refs = [Ref(id=one.account_id) for one in playlist.collaborators]
        people = {p.id: p for p in (await self._people.get_batch(caller, refs) if refs else [])}
        return [(one, people[one.account_id]) for one in playlist.collaborators if one.account_id in people]

    async def change_collaborator(
        self, caller: Principal, id: UUID, account_id: UUID, permission: Permission
    ) -> tuple[Collaborator, Person]:
        """Raises NotFound (also when it is none), Forbidden."""

        async def edit(_: Session, found: Playlist | None) -> Playlist:
            before = editable(found, caller, Permission.ADMIN)
            return before.with_permission(account_id, permission, moments.now())

        after = await self._edits.run(id, edit)
        changed = after.find_collaborator(account_id)
        if changed is None:
            raise NotFound("This user is not a collaborator")
        return changed, await self._people.get(caller, Ref(id=account_id))

    async def remove_collaborator(self, caller: Principal, id: UUID, account_id: UUID) -> None:
        """Anyone may leave. Raises NotFound (also for who is none), Forbidden."""
        least = Permission.READ if caller.is_(account_id) else Permission.ADMIN

        async def edit(_: Session, found: Playlist | None) -> Playlist:
            return editable(found, caller, least).without_collaborator(account_id, moments.now())

        await self._edits.run(id, edit)

    async def share(self, caller: Principal, id: UUID, key: str, fingerprint: bytes) -> Link:
        """Adds a link; the same key returns the same one again. Raises NotFound, Forbidden, Invalid."""
        check_key(key)
        kept_as = links.digest(f"{caller.user_id} playlists.share {key}")

        async def work(session: Session) -> Link:
            permitted(await store.get(self._mongo, session, id), caller, Permission.ADMIN)
            kept = await store.get_link(self._mongo, session, kept_as) if key else None
            if kept and kept.fingerprint != fingerprint:
                raise idempotency.reused()
            if kept:
                return Link(links.token(key, kept.salt), kept.expires_at)
            now, salt = moments.now(), links.new_salt()
            link = Link(links.token(key, salt), now + LINK_LIVES)
            await store.add_link(self._mongo, session, links.digest(link.token), id, link.expires_at)
            if key:
                made = store.KeptLink(fingerprint, salt, link.expires_at)
                await store.keep_link(self._mongo, session, kept_as, made, now)
            return link

        return await self._mongo.run(work)

    async def get_linked(self, token: str) -> Playlist:
        """The playlist that a link opens. Raises NotFound."""
        playlist = await store.find_linked(self._mongo, links.digest(token), moments.now())
        if playlist is None or playlist.is_removed:
            raise NotFound("This link is invalid or has expired")
        return playlist
