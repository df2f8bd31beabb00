"""Trust: where synthetic sound leaves the program, labelled and recorded."""
