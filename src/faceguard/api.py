"""One file in, one file and a report out."""
