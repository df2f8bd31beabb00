"""What every room stands on: errors, settings, files, hashing, progress, log and messages. Imports no other room."""
