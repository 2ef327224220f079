"""The events insights publishes: absolute, versioned totals of what changed."""

from soundstage.insights.v1.events_pb2 import SubjectKind, TotalsChanged

from chassis.events import Event, Topic
from services.insights.totals.total import AccountTotal, PlaylistTotal, TrackTotal

TOTALS = "soundstage.totals.v1"
DEAD = [f"soundstage.dead.{group}.v1" for group in ("insights", "insights-copies")]
TOPICS = [Topic(TOTALS, compacted=True), *(Topic(name, partitions=1) for name in DEAD)]


def track_totals_changed(total: TrackTotal) -> Event:
    message = TotalsChanged(
        kind=SubjectKind.SUBJECT_KIND_TRACK,
        subject_id=str(total.track_id),
        version=total.version,
        plays=total.plays,
        likes=total.likes,
        reposts=total.reposts,
    )
    return Event.of(TOTALS, message.subject_id, message, type="TotalsChanged")


def playlist_totals_changed(total: PlaylistTotal) -> Event:
    message = TotalsChanged(
        kind=SubjectKind.SUBJECT_KIND_PLAYLIST,
        subject_id=str(total.playlist_id),
        version=total.version,
        likes=total.likes,
        reposts=total.reposts,
    )
    return Event.of(TOTALS, message.subject_id, message, type="TotalsChanged")


def account_totals_changed(total: AccountTotal) -> Event:
    message = TotalsChanged(
        kind=SubjectKind.SUBJECT_KIND_ACCOUNT,
        subject_id=str(total.account_id),
        version=total.version,
        followers=total.followers,
        followees=total.followees,
        reposts_made=total.reposts_made,
    )
    return Event.of(TOTALS, message.subject_id, message, type="TotalsChanged")
