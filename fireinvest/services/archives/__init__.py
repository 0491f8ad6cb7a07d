"""The archive (art 24): what a file holds, its order, its volumes, how long it is kept, its end."""
