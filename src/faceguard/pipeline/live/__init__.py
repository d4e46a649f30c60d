"""A camera: safe pictures within a latency budget."""
