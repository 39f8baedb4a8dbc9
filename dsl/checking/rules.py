"""Rules: conditions that can't fail, actions that fit their endpoints and maps."""

from dsl import program, syntax
from dsl.checking import findings, handlers
from dsl.checking.actions import Actions
from dsl.checking.expressions import Expressions
from dsl.checking.firing import check_firing
from dsl.checking.maps import schema_named
from dsl.checking.rulefindings import sent_twice
from dsl.checking.scopes import Scope, facts
from dsl.checking.session import Session, Site
from dsl.checking.statements import check_let
from dsl.program import CheckedRules, Variable


def declare_rules(session: Session, site: Site, node: syntax.Rules) -> CheckedRules | None:
    """Rules and the schema of their subject; None where that is not known."""
    name = node.parameter.schema
    if name is None:
        others = list(site.uses.values())
        if len(others) == 1:
            return program.CheckedRules(node, site.file, others[0])
        findings.unclear_schema(session, site, node.parameter)
        return None
    schema = schema_named(session, site, name, node.parameter.span)
    return None if schema is None else program.CheckedRules(node, site.file, schema)


def check_rules(session: Session, site: Site, checked: CheckedRules) -> None:
    """Lets, conditions and actions; endpoints that two rules send to."""
    node = checked.node
    scope = Scope({node.parameter.name: Variable(node.parameter.name, checked.schema.record)})
    for let in node.lets:
        check = Expressions(session, site.at(f"rules/{node.name}/{let.name}"))
        scope = check_let(check, let, scope, {}, in_row=False)
    rules = [rule for rule in node.rules if isinstance(rule, syntax.Rule)]
    seen: set[str] = set()
    for rule in rules:
        at = site.at(f"rules/{node.name}/{rule.name}")
        if rule.name in seen:
            findings.declared_twice(session, at, rule.span, "rule", rule.name)
        seen.add(rule.name)
        _check_rule(session, at, checked, rule, scope)
    sent_twice(session, site, checked, rules)
    check_firing(session, site, node)


def _check_rule(session: Session, site: Site, checked: CheckedRules, rule: syntax.Rule, scope: Scope) -> None:
    check = Expressions(session, site)
    if rule.when is not None:
        failures = check.condition(rule.when, scope, "what follows `when`")
        handlers.no_failures(check, rule.when, failures)
        scope = scope.with_present(facts(rule.when, True))
    actions = Actions(check, checked, rule.name)
    for number, action in enumerate(rule.actions):
        actions.check(action, scope, number)
