"""Statistics mode: counts people and can give nothing else. No writer of pictures can be reached from here (FG-S02).

The contract "statistics give aggregates only" in pyproject.toml holds it: readers, detectors, trackers and age models
may be imported, what writes, covers or renders pictures may not, at any remove.
"""
