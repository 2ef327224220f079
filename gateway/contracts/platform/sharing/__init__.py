"""Who else sees or changes a playlist: collaborators and share links."""
