"""How the suites are run: what a suite gives, rounds by turns, tables, files, the lock."""
