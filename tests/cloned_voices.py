"""A voice of a recording as `vox clone` makes it, whatever the gate would say of a recording that was made up for a test."""

from voxcommons.voices.cloning import CloneOptions
from voxcommons.voices.enrolment import EnrolOptions, enrol


def cloned(recording, name, *, options=None, **more):
    return enrol(recording, name, options=EnrolOptions(take_rejected=True, clone=options or CloneOptions()), **more).voice
