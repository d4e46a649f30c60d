"""One picture: found, decided, covered, checked, written."""
