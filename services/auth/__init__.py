"""Auth: accounts, sessions, tenants, and the tokens they give."""
