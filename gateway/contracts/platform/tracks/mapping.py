from soundstage.catalog.v1.tracks_pb2 import Track, TrackSort, TrackStatus
from soundstage.insights.v1.figures_pb2 import GetChartsResponse, Stats
from soundstage.streaming.v1.recordings_pb2 import GetRecordingProgressResponse

from gateway.media import Media
from gateway.web.fields import JSON, moment, or_null, whole_seconds

STATUS = {
    TrackStatus.TRACK_STATUS_PROCESSING: "processing",
    TrackStatus.TRACK_STATUS_COMPLETED: "completed",
    TrackStatus.TRACK_STATUS_FAILED: "failed",
}
SORTS = {
    "created_at": TrackSort.TRACK_SORT_CREATED_AT,
    "title": TrackSort.TRACK_SORT_TITLE,
    "popularity": TrackSort.TRACK_SORT_POPULARITY,
}


def new_track(t: Track, media: Media, origin: str) -> JSON:
    return {"id": t.id, "title": t.title, "created_at": moment(t.created_at), **names(t, media, origin)}


def names(t: Track, media: Media, origin: str) -> JSON:
    """What every view of a track has: its number, links, status and cover."""
    is_completed = t.status == TrackStatus.TRACK_STATUS_COMPLETED
    return {
        "number": t.number,
        "permalink": f"/{t.owner.handle}/{t.slug}-{t.number}",
        "status": STATUS[t.status],
        "cover": media.cover_link(origin, t.cover_object) if is_completed and t.cover_object else None,
    }


def track_summary(t: Track, media: Media, origin: str) -> JSON:
    is_completed = t.status == TrackStatus.TRACK_STATUS_COMPLETED
    return {
        "id": t.id,
        "title": t.title,
        "artist": t.artist,
        "duration": whole_seconds(t.duration_ms) if is_completed else None,
        "format": t.format,
        "genre": or_null(t, "genre"),
        "is_public": t.is_public,
        "created_at": moment(t.created_at),
        **names(t, media, origin),
    }


def track(t: Track, media: Media, origin: str) -> JSON:
    return {
        **track_summary(t, media, origin),
        "album": or_null(t, "album"),
        "file_size": t.file_bytes,
        "year": or_null(t, "year"),
        "like_count": t.like_count,
        "play_count": t.play_count,
        **_playback(t, media, origin),
    }


def _playback(t: Track, media: Media, origin: str) -> JSON:
    if t.status != TrackStatus.TRACK_STATUS_COMPLETED:
        return dict.fromkeys(("stream_id", "hls_url", "waveform_url", "loudness", "duration_ms"))
    folder = f"recordings/{t.recording_id}"
    return {
        "stream_id": t.recording_id,
        "hls_url": media.folder_link(origin, folder, "main.m3u8"),
        "waveform_url": media.folder_link(origin, folder, "waveform.json"),
        "loudness": {name: or_null(t.loudness, name) for name in ("integrated_lufs", "range_lu", "true_peak_dbtp")},
        "duration_ms": t.duration_ms,
    }


def changed_track(t: Track) -> JSON:
    return {
        "id": t.id,
        "title": t.title,
        "artist": t.artist,
        "album": or_null(t, "album"),
        "genre": or_null(t, "genre"),
        "year": or_null(t, "year"),
        "is_public": t.is_public,
    }


def processing(t: Track, p: GetRecordingProgressResponse) -> JSON:
    """Catalog knows the state, streaming the progress. Where the two disagree for a moment, the state is right."""
    if t.status == TrackStatus.TRACK_STATUS_COMPLETED:
        return {"status": "completed", "progress": 100}
    shown = {"status": STATUS[t.status], "progress": min(99, p.percent)}
    return {**shown, "reason": p.reason} if t.status == TrackStatus.TRACK_STATUS_FAILED and p.reason else shown


def stats(s: Stats) -> JSON:
    return {
        "total_plays": s.total_plays,
        "unique_listeners": s.unique_listeners,
        "average_duration": round(s.average_seconds, 1),
        "completion_rate": round(s.completion_rate, 1),
    }


def dashboard(track_id: str, c: GetChartsResponse) -> JSON:
    return {
        "track_id": track_id,
        "stats": stats(c.stats),
        "plays_over_time": [{"date": _midnight(point.date), "count": point.plays} for point in c.points],
        "period": {
            "start_date": _midnight(c.points[0].date),
            "end_date": _midnight(c.points[-1].date),
            "days": len(c.points),
        },
    }


def _midnight(date: str) -> str:
    return f"{date}T00:00:00Z"
