from soundstage.auth.v1.accounts_pb2 import Account

from gateway.web.fields import JSON, moment


def user(a: Account) -> JSON:
    """Nobody can subscribe yet, so every user is unsubscribed and has no payment method."""
    return {
        "id": a.id,
        "first_name": a.first_name,
        "last_name": a.last_name,
        "email": a.email,
        "date_of_birth": a.date_of_birth,
        "status": "UNSUBSCRIBED",
        "subscription_ends_at": None,
        "pm_type": None,
        "pm_last_four": None,
        "created_at": moment(a.created_at),
        "updated_at": moment(a.updated_at),
    }
