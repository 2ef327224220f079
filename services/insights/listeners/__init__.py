"""Who streamed a track, and how often."""
