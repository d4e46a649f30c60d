"""Benchmarks that an installed package can run: how fast, how complete, on which machine, and what changed since.

A suite is a module with a function that returns a `report.Report`; `faceguard bench` prints, stores and compares them.
"""
