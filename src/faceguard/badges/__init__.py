"""Reads worn badges from pixels, and says which face one hangs below. What a badge is worth is the policy's matter."""
