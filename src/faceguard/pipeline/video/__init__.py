"""One video: a sweep that only looks, a plan, and a sweep that covers and encodes."""
