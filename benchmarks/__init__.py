"""Benchmarks: each beside a named peer, interleaved in one run; only ratios travel."""
