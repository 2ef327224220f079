from soundstage.audience.v1.follows_pb2 import Follow
from soundstage.audience.v1.likes_pb2 import Like
from soundstage.catalog.v1.people_pb2 import Person

from gateway.web.fields import JSON, moment, or_null


def follow(item: Follow, person: Person | None) -> JSON:
    return {
        "user_id": item.account_id,
        "username": person.handle if person else "",
        "avatar": or_null(person, "picture") if person else None,
        "followed_at": moment(item.followed_at),
    }


def like(item: Like, person: Person | None) -> JSON:
    return {
        "user_id": item.user_id,
        "username": person.handle if person else "",
        "liked_at": moment(item.liked_at),
    }
