from soundstage.auth.v1.accounts_pb2 import Account, Tokens

from gateway.web.fields import JSON, moment, or_null


def account(a: Account) -> JSON:
    return {"id": a.id, "username": a.username, "email": a.email, **_names(a)}


def current_user(a: Account) -> JSON:
    return {**account(a), "role": a.role}


def tokens(t: Tokens) -> JSON:
    return {"access_token": t.access_token, "refresh_token": t.refresh_token, "expires_in": t.expires_in_seconds}


def profile(a: Account) -> JSON:
    """With `email` only when auth gave it: to the user and to admins."""
    shown = {**public_profile(a), "location": or_null(a, "location"), "created_at": moment(a.created_at)}
    return {**shown, "email": a.email} if a.email else shown


def public_profile(a: Account) -> JSON:
    return {
        "id": a.id,
        "username": a.username,
        "bio": or_null(a, "bio"),
        "avatar": or_null(a, "avatar"),
        **_names(a),
    }


def changed_profile(a: Account) -> JSON:
    names = ("bio", "first_name", "last_name", "location", "gender", "avatar")
    return {"id": a.id, "username": a.username, **{name: or_null(a, name) for name in names}, **_names(a)}


def _names(a: Account) -> JSON:
    """What the other contracts call this user."""
    return {"number": a.number, "handle": a.username}
