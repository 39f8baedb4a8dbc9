"""What design refuses. A class docstring is the default message; `status` is the HTTP answer."""

from app.errors import AppError


class DesignError(AppError):
    """The rule set does not allow this."""

    code = "design_refused"
    status = 422


class PathInvalid(DesignError):
    """This is no path of a file in a rule set."""

    code = "path_invalid"


class RuleSetInvalid(DesignError):
    """These files are no rule set."""

    code = "ruleset_invalid"


class RuleSetExists(DesignError):
    """There already is a rule set of this name."""

    code = "ruleset_exists"
    status = 409


class EditConflict(DesignError):
    """Somebody else changed the file since you read it."""

    code = "edit_conflict"
    status = 412


class NothingToUndo(DesignError):
    """There is nothing to take back."""

    code = "nothing_to_undo"
    status = 409


class ImportRefused(DesignError):
    """The file cannot become a part of the rule set."""

    code = "import_refused"


class SampleInvalid(DesignError):
    """The sample cannot be read."""

    code = "sample_invalid"


class NotRunnable(DesignError):
    """The rule set has errors, so it cannot run."""

    code = "not_runnable"


class ReleaseRefused(DesignError):
    """A release needs files without errors and tests that pass."""

    code = "release_refused"


class PromotionRefused(DesignError):
    """The release cannot go to this environment."""

    code = "promotion_refused"
    status = 409


class OwnChange(PromotionRefused):
    """The release contains a change of yours: somebody else has to promote it."""

    code = "own_change"
    status = 403


class StageSkipped(PromotionRefused):
    """The release has not been live in the stage before."""

    code = "stage_skipped"


class PointerMoved(PromotionRefused):
    """Somebody else moved this environment to another release meanwhile: look at the plan again."""

    code = "pointer_moved"
    retryable = True


class AlreadyLive(PromotionRefused):
    """The release is live there already."""

    code = "already_live"


class BindingsMissing(PromotionRefused):
    """The environment does not say how to reach every endpoint the release sends to."""

    code = "bindings_missing"


class NothingToRollBack(PromotionRefused):
    """There is no earlier release to go back to."""

    code = "nothing_to_roll_back"


class BindingInvalid(DesignError):
    """The settings do not fit the transport."""

    code = "binding_invalid"
