"""Streams: HLS manifests."""
