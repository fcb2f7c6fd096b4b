"""The two ways in which things go wrong that are nobody's bug."""


class InputError(ValueError):
    """What the user gave cannot be used. The message says the rule, then what was received, and names the file or option."""


class NotFinite(ArithmeticError):
    """A loss stopped being finite. The message names the step and the loss."""
