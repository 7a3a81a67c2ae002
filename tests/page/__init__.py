"""A package, so that what its tests share ends with them: playwright runs a loop meanwhile."""
