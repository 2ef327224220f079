"""Every noun's stub, over one channel to each service. A new noun is one line here."""

from importlib import import_module
from pkgutil import iter_modules

from google.protobuf.descriptor import ServiceDescriptor
from grpc import aio
from soundstage.audience.v1.follows_pb2_grpc import FollowsServiceStub
from soundstage.audience.v1.likes_pb2_grpc import LikesServiceStub
from soundstage.audience.v1.playlist_likes_pb2_grpc import PlaylistLikesServiceStub
from soundstage.audience.v1.plays_pb2_grpc import PlaysServiceStub
from soundstage.audience.v1.reposts_pb2_grpc import RepostsServiceStub
from soundstage.auth.v1.accounts_pb2_grpc import AccountsServiceStub
from soundstage.auth.v1.sessions_pb2_grpc import SessionsServiceStub
from soundstage.auth.v1.tenants_pb2_grpc import TenantsServiceStub
from soundstage.catalog.v1.people_pb2_grpc import PeopleServiceStub
from soundstage.catalog.v1.playlists_pb2_grpc import PlaylistsServiceStub
from soundstage.catalog.v1.search_pb2_grpc import SearchServiceStub
from soundstage.catalog.v1.tracks_pb2_grpc import TracksServiceStub
from soundstage.insights.v1.apps_pb2_grpc import AppsServiceStub
from soundstage.insights.v1.figures_pb2_grpc import FiguresServiceStub
from soundstage.insights.v1.listeners_pb2_grpc import ListenersServiceStub
from soundstage.insights.v1.realtime_pb2_grpc import RealtimeServiceStub
from soundstage.insights.v1.trending_pb2_grpc import TrendingServiceStub
from soundstage.marketplace.v1.orders_pb2_grpc import OrdersServiceStub
from soundstage.marketplace.v1.products_pb2_grpc import ProductsServiceStub
from soundstage.streaming.v1.recordings_pb2_grpc import RecordingsServiceStub
from soundstage.streaming.v1.streams_pb2_grpc import StreamsServiceStub
from soundstage.streaming.v1.uploads_pb2_grpc import UploadsServiceStub

from chassis.client import Channel
from gateway.config import Settings

# Retried although they write: plays carry ids of ours, so a group may be sent again.
KEYED = ("RecordPlays",)


class Services:
    """`services.likes.Like` is a method for `ask`. Channels connect when first used, and again after a restart."""

    def __init__(self, settings: Settings) -> None:
        self._channels: list[Channel] = []

        self._tls = settings.tls
        auth = self._open("auth", settings.auth_address)
        self.accounts = AccountsServiceStub(auth)
        self.sessions = SessionsServiceStub(auth)
        self.tenants = TenantsServiceStub(auth)

        catalog = self._open("catalog", settings.catalog_address)
        self.tracks = TracksServiceStub(catalog)
        self.people = PeopleServiceStub(catalog)
        self.playlists = PlaylistsServiceStub(catalog)
        self.search = SearchServiceStub(catalog)

        streaming = self._open("streaming", settings.streaming_address)
        self.uploads = UploadsServiceStub(streaming)
        self.recordings = RecordingsServiceStub(streaming)
        self.streams = StreamsServiceStub(streaming)

        audience = self._open("audience", settings.audience_address)
        self.plays = PlaysServiceStub(audience)
        self.likes = LikesServiceStub(audience)
        self.playlist_likes = PlaylistLikesServiceStub(audience)
        self.reposts = RepostsServiceStub(audience)
        self.follows = FollowsServiceStub(audience)

        marketplace = self._open("marketplace", settings.marketplace_address)
        self.products = ProductsServiceStub(marketplace)
        self.orders = OrdersServiceStub(marketplace)

        insights = self._open("insights", settings.insights_address)
        self.figures = FiguresServiceStub(insights)
        self.listeners = ListenersServiceStub(insights)
        self.realtime = RealtimeServiceStub(insights)
        self.trending = TrendingServiceStub(insights)
        self.apps = AppsServiceStub(insights)

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()

    def _open(self, service: str, address: str) -> aio.Channel:
        channel = Channel(address, *protocols(f"soundstage.{service}.v1"), keyed=KEYED, tls=self._tls)
        self._channels.append(channel)
        opened: aio.Channel = channel.grpc
        return opened


def protocols(package: str) -> list[ServiceDescriptor]:
    """Every `<Noun>Service` of a package; the channel reads in them which methods it may retry."""
    names = [file.name for file in iter_modules(import_module(package).__path__) if file.name.endswith("_pb2")]
    modules = [import_module(f"{package}.{name}") for name in names]
    return [service for module in modules for service in module.DESCRIPTOR.services_by_name.values()]
