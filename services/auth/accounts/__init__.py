"""Accounts: people of a tenant."""
