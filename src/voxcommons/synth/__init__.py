"""Synthesis: where the stages of speaking meet."""
