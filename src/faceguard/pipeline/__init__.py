"""Joins the stages for one stream."""
