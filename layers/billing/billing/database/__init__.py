"""The way to Postgres: the connection, the login, and the rows that become the shapes which rules take.

It does not own any rule; those of the database itself stand in `migrations/`.
"""
