"""Runs the functions on a laptop: Postgres, gateway, runtime. Owns nothing that Lambda needs."""
