"""Cases of an old ledger: read from a form, looked at, and brought in one by one."""
