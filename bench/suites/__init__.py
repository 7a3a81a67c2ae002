"""The suites, one module each: `bench.measure.entries` has what a suite is."""
