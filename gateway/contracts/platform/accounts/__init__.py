"""Accounts: signing up and in, and profiles."""
