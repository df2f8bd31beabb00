"""Work that is put down now and done later: a queue that loses nothing, and the workers that empty it. Imports base only."""
