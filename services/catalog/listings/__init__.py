"""What everyone may see: a row a track and a playlist, to list and to search by, derived from MongoDB."""
