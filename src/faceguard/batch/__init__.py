"""Many files at once: planned in a manifest, carried out by processes side by side, resumed after any interruption."""
