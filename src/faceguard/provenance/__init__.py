"""Content credentials (C2PA): a signed manifest in the finished file that says what was done to it."""
