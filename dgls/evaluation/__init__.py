"""Benchmarks, metrics, baselines and reports."""
