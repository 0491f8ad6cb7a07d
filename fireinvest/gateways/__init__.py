"""The rest of the world, each part with ``from_url()`` and a local twin."""
