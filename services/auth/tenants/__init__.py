"""Tenants: partners and their client credentials."""
