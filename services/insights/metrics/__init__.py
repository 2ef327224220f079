"""A track's figures over windows of UTC days."""
