"""Forms: the shape of what comes in. What it means is judged by the core."""
