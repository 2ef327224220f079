"""Who may play a recording."""
