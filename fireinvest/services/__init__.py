"""Use cases: plain functions between the outside and the core."""
