"""Everybody who may knock at a door: people of each role, two tenants, the app of one, tokens that open nothing."""

import json
import uuid
from dataclasses import dataclass, field

from tests.support.people import PASSWORD, Person, Stage, ok
from tests.support.system import System

CALLERS = ("anonymous", "other", "owner", "admin", "client", "delegation", "refresh", "foreign")


@dataclass
class Tenant:
    """A tenant's back end by its token, and one of its users with the token of that one's app."""

    stage: Stage
    client: str

    def __post_init__(self) -> None:
        self.user_id = str(self._post("/partner/v1/users", partner_user())["id"])

    @property
    def delegation(self) -> str:
        """A new token each time: it lives for ten minutes, and a run of all tests takes longer."""
        path = f"/partner/v1/users/{self.user_id}/delegation-token"
        return str(self._post(path, {"deviceId": str(uuid.uuid4())})["token"])

    def _post(self, path: str, body: dict[str, str]) -> dict[str, str]:
        answer = self.stage.http.post(path, json=body, headers={"Authorization": f"Bearer {self.client}"})
        made: dict[str, str] = answer.json()
        return made


@dataclass
class Callers:
    """One of each, made once; `people` are those with an account, by the names of CALLERS."""

    stage: Stage
    people: dict[str, Person]
    tenant: Tenant
    foreign: Tenant
    tokens: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = {name: person.token["access_token"] for name, person in self.people.items()}
        self.tokens |= {
            "client": self.tenant.client,
            "refresh": self.people["owner"].token["refresh_token"],
            "foreign": self.foreign.client,
        }

    def headers(self, caller: str) -> dict[str, str]:
        token = self.tenant.delegation if caller == "delegation" else self.tokens.get(caller)
        return {"Authorization": f"Bearer {token}"} if token else {}

    def person(self, caller: str) -> Person:
        """Whose id a body names: the caller's, or the owner's where the caller is no person of this system."""
        return self.people.get(caller, self.people["owner"])


def assemble(system: System, stage: Stage) -> Callers:
    people = {name: stage.person(name) for name in ("owner", "other", "seller", "admin")}
    system.command("deploy.local", "service", "auth", "admins", "add", people["admin"].user["username"])
    people["admin"] = again(people["admin"])
    return Callers(stage, people, tenant(system, stage), tenant(system, stage))


def again(person: Person) -> Person:
    """The same person in a session of its own."""
    credentials = {"email": person.user["email"], "password": PASSWORD}
    data = ok(person.stage.http.post("/api/v1/auth/login", json=credentials))
    return Person(person.stage, data["user"], data["token"])


def tenant(system: System, stage: Stage) -> Tenant:
    made = system.command("deploy.local", "service", "auth", "tenants", "add", f"label-{uuid.uuid4().hex[:8]}")
    credentials = {name: json.loads(made)[name] for name in ("client_id", "client_secret")}
    granted = stage.http.post("/partner/v1/oauth/token", json={"grant_type": "client_credentials", **credentials})
    return Tenant(stage, granted.json()["access_token"])


def partner_user() -> dict[str, str]:
    email = f"jane-{uuid.uuid4().hex[:10]}@example.com"
    return {"first_name": "Jane", "last_name": "Doe", "email": email, "date_of_birth": "1990-08-24"}
