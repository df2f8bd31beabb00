"""A job in the hands of a worker whose machine loses power, for tests of what a second try finds."""


class Power(Exception):
    """The plug is pulled."""


class Work:
    """A job in the hands of a worker that dies at its n-th step."""

    def __init__(self, payload, number=1, dies_at=None):
        self.job_id, self.payload, self.number = "ab" * 16, payload, number
        self.steps, self._dies_at = 0, dies_at
        self.notes = []

    def check(self):
        self.steps += 1
        if self.steps == self._dies_at:
            raise Power

    def start(self, total, label):
        self.check()

    def advance(self, n=1):
        self.check()

    def note(self, text):
        self.notes.append(text)
        self.check()

    def finish(self):
        self.check()
