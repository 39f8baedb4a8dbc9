"""The statements of a map, block by block: what they set, what they name, how they fail."""

from dataclasses import dataclass, replace

from dsl import syntax, types
from dsl.checking import comprehensions, copies, findings, handlers
from dsl.checking.expressions import Expressions, Kinds, Typed, resolvable
from dsl.checking.handlers import Place, Policy
from dsl.checking.limits import check_enum, check_limits
from dsl.checking.scopes import Scope, facts
from dsl.checking.session import BROKEN, Session, Site, is_broken
from dsl.checking.targets import Assigned, Coverage, Path, merge_branches
from dsl.checking.writtenplain import written_plain
from dsl.program import Variable


@dataclass(frozen=True, slots=True)
class Block:
    """Where statements stand: the record they fill and the way to it (`defects` inside an each)."""

    record: types.Record
    way: Path
    in_row: bool


class Statements:
    """Checks the body of one map."""

    def __init__(self, session: Session, site: Site, policy: Policy) -> None:
        self._session = session
        self._site = site
        self._policy = policy

    def body(self, statements: tuple[syntax.Statement, ...], scope: Scope, block: Block) -> Assigned:
        """Check statements in order; what they set is returned for the block around them."""
        coverage = self._coverage(block)
        assigned = Assigned()
        for statement in statements:
            match statement:
                case syntax.Field():
                    self._field(statement, scope, block, coverage, assigned)
                case syntax.Let():
                    scope = self._let(statement, scope, block)
                case syntax.If():
                    coverage.add(assigned, self._if(statement, scope, block))
                case syntax.Each():
                    self._each(statement, scope, block, coverage, assigned)
                case syntax.Copy():
                    copies.check_copy(
                        self._at(block, ()), statement, scope, block.record, self._policy, assigned
                    )
                case syntax.Check():
                    self._check(statement, scope.with_fields(block.record), block)
        return assigned

    def _coverage(self, block: Block) -> Coverage:
        return Coverage(self._session, self._site, "/".join([self._site.subject, *_row(block)]))

    def _at(self, block: Block, target: Path) -> Expressions:
        """A checker whose findings belong to a target path, seen from the top of the map."""
        path = ".".join((*block.way, *target))
        return Expressions(
            self._session, self._site.at(f"{self._site.subject}/{path}" if path else self._site.subject)
        )

    def _field(
        self, node: syntax.Field, scope: Scope, block: Block, coverage: Coverage, assigned: Assigned
    ) -> None:
        check = self._at(block, node.target)
        spec = coverage.field_spec(block.record, node.target, node.target_span)
        wanted = spec.type if spec is not None else None
        if spec is None and isinstance(node.value, syntax.Name) and not resolvable(node.value, scope):
            return  # it may be a value of the enumeration that the misspelt field has
        typed = _as_field(check.infer(node.value, scope, wanted))
        own = handlers.handlers_by_kind(self._session, check.site, node.handlers, block.in_row)
        uses = [(h, handlers.check_use(check, h, node.value, scope, wanted)) for h in own.values()]
        if spec is None:
            return
        coverage.set(assigned, node.target, node.target_span)
        place = Place(".".join(node.target), node, node.value, _is_required(block.record, node.target))
        handlers.check_handled(check, place, typed, own, self._policy)
        given = [
            (node.value, typed.type),
            *((h.value, of) for h, of in uses if of is not None and h.value is not None),
        ]
        for value, of in given:
            fits_target(check, place.target, value, of, spec.type)
            check_limits(check, place.target, value, spec.limits)
            check_enum(check, place.target, of, value, spec.limits)

    def _let(self, node: syntax.Let, scope: Scope, block: Block) -> Scope:
        check = self._at(block, (node.name,))
        return check_let(check, node, scope, self._policy, block.in_row)

    def _if(self, node: syntax.If, scope: Scope, block: Block) -> Assigned:
        branches: list[Assigned] = []
        for branch in node.branches:
            check = self._at(block, ())
            failures = check.condition(branch.condition, scope)
            self._policy_handles(check, "the condition", branch.condition, failures)
            branches.append(self.body(branch.body, scope.with_present(facts(branch.condition, True)), block))
            scope = scope.with_present(facts(branch.condition, False))
        if node.otherwise is not None:
            branches.append(self.body(node.otherwise, scope, block))
        return merge_branches(branches, complete=node.otherwise is not None)

    def _policy_handles(
        self, check: Expressions, what: str, node: syntax.Expression, failures: Kinds
    ) -> None:
        place = Place(what, node, node)
        handlers.check_handled(check, place, Typed(types.BOOLEAN, failures), {}, self._policy)

    def _each(
        self, node: syntax.Each, scope: Scope, block: Block, coverage: Coverage, assigned: Assigned
    ) -> None:
        check = self._at(block, node.target)
        spec = coverage.field_spec(block.record, node.target, node.target_span)
        item = _item_of(spec)
        if spec is not None:
            coverage.set(assigned, node.target, node.target_span)
            if item is None:
                check.report("M208", node.target_span, target=".".join(node.target))
        inner, failures = self._elements(check, node, scope)
        self._policy_handles(check, ".".join(node.target), node.source, failures)
        row = Block(item or BROKEN, (*block.way, *node.target), True)
        made = self.body(node.body, replace(inner, row=True), row)
        if item is not None:
            self._coverage(row).complete(item, made, node.target_span)

    def _elements(self, check: Expressions, node: syntax.Each, scope: Scope) -> tuple[Scope, Kinds]:
        """The scope inside an each, and how going through the list can fail."""
        item, failures = comprehensions.element_of(check, node.source, scope)
        claim_name(check, node, node.variable, scope)
        inner = scope.with_variable(Variable(node.variable, item), element=True)
        order = () if node.group_by else node.order_by
        inner, more = comprehensions.filtered(check, inner, node.where, order)
        failures |= more
        if node.group_by:
            group, more = _group(check, node, inner, item)
            inner = scope.with_variable(Variable(node.variable, group), element=True)
            failures |= more | comprehensions.ordered(check, inner, node.order_by)
        return inner, failures

    def _check(self, node: syntax.Check, scope: Scope, block: Block) -> None:
        check = self._at(block, ())
        if node.action == "reject row" and not block.in_row:
            findings.row_action_outside(self._session, check.site, node.span, "reject row")
        failures = check.condition(node.condition, scope, "a check")
        failures |= check.needed(node.message, scope, types.TEXT, "the message of a check")
        self._policy_handles(check, "the check", node.condition, failures)


def check_let(check: Expressions, node: syntax.Let, scope: Scope, policy: Policy, in_row: bool) -> Scope:
    """A let: its handlers, and its name in the scope that follows."""
    typed = check.infer(node.value, scope)
    own = handlers.handlers_by_kind(check.session, check.site, node.handlers, in_row)
    judged = _as_field(typed) if "missing" in own else typed
    handlers.check_handled(check, Place(node.name, node, node.value), judged, own, policy)
    of = types.present(typed.type) if "missing" in own else typed.type
    for handler in own.values():
        used = handlers.check_use(check, handler, node.value, scope, of, may_be_missing=True)
        of = _after(check, handler, of, used)
    claim_name(check, node, node.name, scope)
    return scope.with_variable(Variable(node.name, of))


def _after(
    check: Expressions, handler: syntax.Handler, of: types.Type, used: types.Type | None
) -> types.Type:
    """The type of a let once a handler may have stepped in."""
    if handler.action == "skip":
        return types.maybe(of)
    if used is None or is_broken(of) or is_broken(used):
        return of
    joined = types.join(of, used)
    if joined is None and handler.value is not None:
        wrong_value(check, "this let", handler.value, used, of)
        return of
    return joined or of


def claim_name(check: Expressions, node: syntax.Node, name: str, scope: Scope) -> None:
    """Report a name that would cover another."""
    if name in scope.variables:
        findings.taken_name(check, node.span, name)


def _group(check: Expressions, node: syntax.Each, scope: Scope, item: types.Type) -> tuple[types.Type, Kinds]:
    failures: Kinds = frozenset()
    keys: dict[str, types.FieldSpec] = {}
    for key in node.group_by:
        typed = check.infer(key.value, scope)
        failures |= typed.failures
        keys[key.name] = types.FieldSpec(types.present(typed.type), not isinstance(typed.type, types.Maybe))
    group = {
        "key": types.FieldSpec(types.Record("group key", keys), True),
        "items": types.FieldSpec(types.ListOf(item), True),
    }
    return types.Record("group", group), failures


def _as_field(typed: Typed) -> Typed:
    """A field has to be there: a value that may be missing can fail as `missing`."""
    if isinstance(typed.type, types.Maybe | types.Nothing):
        return Typed(typed.type, typed.failures | {"missing"})
    return typed


def _is_required(record: types.Record, target: Path) -> bool:
    """Whether leaving the field out would break the record; alone in an optional record it would not."""
    of: types.Type = record
    required = True
    for name in target:
        spec = of.fields[name] if isinstance(of, types.Record) and name in of.fields else None
        if spec is None:
            return False
        required = spec.required
        of = types.present(spec.type)
    return required


def _item_of(spec: types.FieldSpec | None) -> types.Record | None:
    of = types.present(spec.type) if spec is not None else None
    return of.item if isinstance(of, types.ListOf) and isinstance(of.item, types.Record) else None


def _row(block: Block) -> Path:
    return (".".join(block.way),) if block.way else ()


def fits_target(
    check: Expressions, target: str, node: syntax.Expression, given: types.Type, wanted: types.Type
) -> None:
    """Report a value that does not fit the field it is given to."""
    of = types.present(given)
    if is_broken(of) or isinstance(of, types.Nothing) or wanted == types.ANYTHING or types.fits(of, wanted):
        return
    if isinstance(of, types.Anything):
        findings.unconverted(check, node.span)
        return
    wrong_value(check, target, node, given, wanted)


_CONVERSIONS = {
    "decimal": "decimal(...)", "integer": "integer(...)", "text": "text(...)", "date": "date(...)",
    "datetime": "datetime(...)", "percent": "ratio(...) or percent(...)", "time": "time(...)",
}  # fmt: skip


def wrong_value(
    check: Expressions, target: str, node: syntax.Expression, given: types.Type, wanted: types.Type
) -> None:
    """The value has another type than the target; the help says how to get there."""
    needed = types.present(wanted)
    help_: list[str] = []
    if isinstance(needed, types.Enum):
        help_ = [f"Its values are {', '.join(needed.values)}. Translate a code by a lookup."]
    elif isinstance(needed, types.Scalar) and needed.name in _CONVERSIONS:
        help_ = [f"Convert it by {_CONVERSIONS[needed.name]}."]
    elif isinstance(needed, types.Quantity | types.Money):
        help_ = ["Make it by quantity(value, unit), money(value, currency) or convert(quantity, unit)."]
    fixes = written_plain(check, node, needed)
    check.report(
        "M202",
        node.span,
        target=target,
        wanted=types.describe(needed),
        given=types.describe(types.present(given)),
        help=help_,
        fixes=fixes,
    )
