"""Agreement with the public models, measured on fixed inputs and outputs."""
