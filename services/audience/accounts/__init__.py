"""Our copy of auth's accounts: it may say yes; before it says no, auth is asked once."""
