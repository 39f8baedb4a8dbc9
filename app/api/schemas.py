"""What calls take and answer, as marshmallow schemas: unknown fields are refused, numbers are exact."""

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate


class Strict(Schema):
    """The base of every schema: what it does not name is an error."""

    class Meta:
        unknown = RAISE


def integer(low: int, high: int, **options: Any) -> fields.Integer:
    """A whole number in a range; 1.9 and "1.0" are none."""
    return fields.Integer(strict=True, validate=validate.Range(low, high), **options)


class Digits(fields.Integer):
    """A whole number in an address, where everything is text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        written = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10
        return super()._deserialize(int(value) if written else value, attr, data, **kwargs)


def digits(low: int, high: int, **options: Any) -> fields.Integer:
    """A whole number of an address in a range."""
    return Digits(strict=True, validate=validate.Range(low, high), **options)


def text(limit: int = 200, least: int = 0, **options: Any) -> fields.String:
    """A text up to a length, without control characters."""
    return fields.String(validate=[validate.Length(least, limit), _printable], **options)


def name(**options: Any) -> fields.String:
    """A short name that must not be empty."""
    return text(120, 1, **options)


def reason(**options: Any) -> fields.String:
    """Why a person does this; it goes into the audit log."""
    return text(1_000, 1, metadata={"description": "Why; kept in the audit log"}, **options)


def _printable(value: str) -> None:
    if any(ord(char) < 32 and char not in "\n\t" for char in value):
        raise ValidationError("control characters are not allowed")


class Problem(Schema):
    """An error: application/problem+json (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True, metadata={"description": "Stable; programs go by it"})
    retryable = fields.Boolean(required=True)
    details = fields.List(fields.Dict(), required=True)
    correlation_id = fields.String(required=True)


class Page(Schema):
    """One page of a list; `next_cursor` asks for the next, null ends it."""

    items = fields.List(fields.Raw())
    next_cursor = fields.Raw(allow_none=True)


class PageQuery(Strict):
    """Where a page begins and how long it is."""

    cursor = text(500)
    limit = digits(1, 200, load_default=50)


class EnvironmentQuery(Strict):
    """The environment a person asks about; a token has its own."""

    environment = name()


class Accepted(Schema):
    """A body that is durable now. Several documents of one body are answered as a list of these."""

    message_id = fields.String(required=True)
    correlation_id = fields.String(required=True)
    state = fields.String(required=True)
    duplicate = fields.Boolean(required=True)


class BulkLine(Schema):
    """One line of a bulk: the message it became, or the code and detail of its refusal."""

    line = fields.Integer(required=True, strict=True)
    message_id = fields.String()
    correlation_id = fields.String()
    state = fields.String()
    duplicate = fields.Boolean()
    code = fields.String()
    detail = fields.String()
    details = fields.List(fields.Dict())


class BulkAccepted(Schema):
    """A bulk of lines: how many became durable, were known already, were refused; then line by line."""

    accepted = fields.Integer(required=True, strict=True)
    duplicates = fields.Integer(required=True, strict=True)
    refused = fields.Integer(required=True, strict=True)
    lines = fields.List(fields.Nested(BulkLine), required=True)


class MessageQuery(PageQuery):
    """Which messages; `key` is name:value of a business key."""

    environment = name()
    key = text(300)
    state = name()
    flow = name()
    endpoint = name()
    since = fields.AwareDateTime(format="iso")
    until = fields.AwareDateTime(format="iso")
    q = text(200)


class ReasonBody(Strict):
    """Why a person does this."""

    reason = reason(required=True)


class LimitBody(Strict):
    """A limit as a whole: what is null is not limited; `weight` null leaves a flow's weight as it is."""

    kind = fields.String(required=True, validate=validate.OneOf(["flow", "endpoint", "token"]))
    name = text(240, required=True)
    rate = fields.Float(load_default=None, allow_none=True, validate=validate.Range(0, min_inclusive=False))
    burst = integer(1, 1_000_000_000, load_default=None, allow_none=True)
    backlog = integer(1, 1_000_000_000, load_default=None, allow_none=True)
    weight = integer(1, 1_000, load_default=None, allow_none=True)
    reason = reason(required=True)


class CheckBody(Strict):
    """Unsaved texts laid over the stored files: path -> text, null takes the file away."""

    files = fields.Dict(keys=fields.String(), values=fields.String(allow_none=True), load_default=dict)


class UsageQuery(Strict):
    """What is asked for: `sap.defect.QMNUM`, a schema, `lookup vendor_xref`, `table disposition.hold`."""

    of = text(500, required=True)


class CompatibilityQuery(Strict):
    """Whether to compare only neighbours, not every version with all earlier ones."""

    neighbours = fields.Boolean(load_default=False)


class RunBody(CheckBody):
    """A flow or map, and the sample it is to run on; `document` counts from 1."""

    subject = name(required=True, metadata={"description": "The name of a flow or a map"})
    sample = name(required=True)
    document = integer(1, 100_000, load_default=1)
    now = fields.AwareDateTime(format="iso")


class ReleaseBody(Strict):
    """What the release is about."""

    note = text(2_000, load_default="")


class ImportBody(Strict):
    """The files of a rule set as texts; ruleset.toml gives the name."""

    files = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class ReleaseQuery(PageQuery):
    """Which releases."""

    ruleset = name()


class CompareQuery(Strict):
    """The release to compare with; without it the one before."""

    to = text(64)


class PlanBody(Strict):
    """The release that is to go to the environment."""

    release = text(64, 8, required=True)


class PromoteBody(PlanBody):
    """`expected_live` is the live release the plan showed (null: none); another one by now is refused.

    With `at` it becomes live at that moment, if it still may; the answer is the scheduled promotion.
    """

    reason = text(1_000, load_default="")
    expected_live = text(64, allow_none=True)
    at = fields.AwareDateTime(format="iso")


class RollbackBody(Strict):
    """Back to the release before, or to one that was live earlier."""

    ruleset = name(required=True)
    reason = reason(required=True)
    to = text(64)


class BindingBody(Strict):
    """Where and how an endpoint is reached; a secret, or `control` as a whole, that is left out keeps its value.

    `control`: rate, burst and the breaker's and read-back's figures of this connection.
    """

    transport = name(required=True)
    settings = fields.Dict(keys=fields.String(), load_default=dict)
    control = fields.Dict(keys=fields.String())
