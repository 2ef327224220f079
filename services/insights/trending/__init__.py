"""Which tracks are played, reposted and liked most, brought up to date as that changes and as time goes by."""
