"""Measurements: `python -m bench NAME`, one module a subject.  Not part of the package."""
