"""Sound as numbers: reading, resampling, measuring and spectrograms."""
