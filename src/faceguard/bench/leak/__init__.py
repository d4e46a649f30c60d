"""Can a redacted face be told, or got back? Attackers that learn from our own redactions, and one the tester brings.

No recogniser is shipped: all that is here is linear algebra, unless the tester names an embedding network's file.
"""
