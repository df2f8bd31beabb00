"""Training: one readable loop per model, resumable from files that hold no code."""
