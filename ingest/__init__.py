"""Bytes to tables: readers of survey files, checks, publishing and simulated skies."""
