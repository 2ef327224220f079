"""Settings of the streaming service; their names, defaults and meaning."""

import os
from pathlib import Path

import imageio_ffmpeg
from pydantic import Field

from chassis import config

MIB = 1024 * 1024


def _home(name: str) -> Path:
    return Path(os.environ.get("SOUNDSTAGE_HOME", ".soundstage")).resolve() / name


class Settings(config.Settings):
    model_config = config.prefixed("STREAMING_")

    port: int = Field(7103, description="Port of the gRPC server")
    metrics_port: int = Field(7203, description="Port of the Prometheus metrics; 0: none")
    database_url: str = Field(
        "postgresql://streaming@127.0.0.1:7300/streaming", description="Postgres database of streaming"
    )
    storage_url: str = Field(
        default_factory=lambda: _home("objects").as_uri(),
        validation_alias=config.common("STORAGE_URL"),
        description="Object store: file:///..., s3://..., gs://..., az://...",
    )
    spool_dir: Path = Field(
        default_factory=lambda: _home("spool"), description="Directory for uploads in progress; needs no backup"
    )
    ffmpeg: str = Field(
        default_factory=imageio_ffmpeg.get_ffmpeg_exe,
        validation_alias=config.common("FFMPEG"),
        description="Path of ffmpeg",
    )
    catalog_address: str = Field(
        "127.0.0.1:7102", validation_alias=config.common("CATALOG_ADDRESS"), description="gRPC address of catalog"
    )
    max_upload_bytes: int = Field(100 * MIB, description="Maximum size of an upload")
    quota_bytes: int = Field(1024 * MIB, description="Quota of an owner, in bytes of originals")
    owner_seconds_a_day: int = Field(
        24 * 3600, description="Sound that an owner may upload within 24 hours, in seconds"
    )
    spool_bytes: int = Field(4096 * MIB, description="Size of a process's files in the spool; what does not fit waits")
    upload_seconds: float = Field(1800.0, description="How long one upload may take")
    trackless_seconds: float = Field(24 * 3600.0, description="Age at which a recording without a track is deleted")
    transcode_workers: int = Field(
        default_factory=lambda: max(1, (os.cpu_count() or 2) // 2),
        validation_alias=config.common("TRANSCODE_WORKERS"),
        description="Maximum number of concurrent transcodings of a process",
    )
    transcode_seconds: float = Field(3600.0, description="How long one transcoding may take")
    max_recording_seconds: int = Field(6 * 3600, description="Maximum duration of a recording")
