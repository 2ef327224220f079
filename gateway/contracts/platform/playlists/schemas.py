"""Bodies and queries of playlists."""

from typing import Annotated

from pydantic import Field

from gateway.contracts.platform.fields import ChangeBody, Pages, Text, Title
from gateway.web.fields import INTEGER, UNIQUE, Uuid, between
from gateway.web.reading import Body, Query


class PlaylistsQuery(Pages):
    user_id: Uuid | None = None


class RecommendationsQuery(Query):
    limit: Annotated[int, INTEGER, between(1, 100)] = 10


class PlaylistInput(Body):
    title: Title
    description: Text | None = None
    is_public: bool = True


class PlaylistChangeInput(ChangeBody):
    title: Title = ""
    description: Text | None = None
    is_public: bool = True


class TrackIdInput(Body):
    track_id: Uuid


class TrackOrderInput(Body):
    track_ids: Annotated[list[Uuid], Field(min_length=1, max_length=1000), UNIQUE]
