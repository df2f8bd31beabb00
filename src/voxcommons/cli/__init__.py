"""The command `vox`: one file per verb, thin. A verb parses, calls one room, and prints; it decides nothing itself."""
