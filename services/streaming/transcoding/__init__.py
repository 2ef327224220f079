"""The work role: jobs, one ffmpeg run each."""
