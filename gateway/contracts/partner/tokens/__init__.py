"""Tokens for a tenant's back end, and for one user on one device."""
