"""Decision tables: types of cells and outputs, ids, and how evaluating one can fail."""

from dsl import program, syntax, types
from dsl.analysis import TableAnalysis, analyse, asks_for_a_row
from dsl.checking import constants, findings
from dsl.checking.expressions import Expressions
from dsl.checking.scopes import Scope
from dsl.checking.session import Session, Site, is_broken, record_of
from dsl.checking.tablefindings import report_analysis
from dsl.checking.typerefs import resolve_type
from dsl.diagnostics import Severity
from dsl.functions.kinds import is_number, is_ordered
from dsl.functions.lists import order_key
from dsl.program import CheckedTable, Variable

Columns = tuple[tuple[str, types.Type], ...]


def declare_table(session: Session, site: Site, node: syntax.Table) -> CheckedTable:
    """The signature of a table: columns, result, and how a call can fail."""
    inputs = tuple((c.name, resolve_type(session, site, c.type)) for c in node.inputs)
    outputs = tuple((c.name, resolve_type(session, site, c.type)) for c in node.outputs)
    checked = program.CheckedTable(node, site.file, inputs, outputs, _result(node, outputs))
    analysis = None
    if not any(is_broken(of) for _, of in (*inputs, *outputs)):
        analysis = analyse(node, inputs, outputs, session.sources[site.file].slice(node.span))
    session.table_analyses[node.name] = analysis
    session.table_failures[node.name] = _failures(node, analysis)
    return checked


def _result(node: syntax.Table, outputs: Columns) -> types.Type:
    one: types.Type = outputs[0][1] if len(outputs) == 1 else record_of(node.name, outputs)
    if node.policy in ("rule_order", "output_order"):
        return types.ListOf(types.present(one))
    if node.policy == "collect":
        if node.aggregation == "count":
            return types.INTEGER
        return types.ListOf(types.present(one)) if node.aggregation == "list" else types.present(one)
    return one


def _failures(node: syntax.Table, found: TableAnalysis | None) -> frozenset[syntax.FailureKind]:
    """How a call can fail; where the table could not be analysed, every way it might."""
    failures: set[syntax.FailureKind] = set()
    if asks_for_a_row(node) and not (found is not None and found.complete):
        failures.add("no_match")
    if found.can_differ if found is not None else node.policy in ("unique", "any"):
        failures.add("error")
    return frozenset(failures)


def check_table(session: Session, site: Site, checked: CheckedTable) -> None:
    """Rows and policy; then, where all is sound, what the analysis found."""
    node = checked.node
    _check_policy(session, site, checked)
    seen: set[str] = set()
    before = len(session.diagnostics)
    for row in node.rows:
        if isinstance(row, syntax.Raw):
            continue
        check = Expressions(session, site.at(f"table/{node.name}/{row.id}"))
        if row.id in seen:
            check.report("M602", row.span, row=row.id)
        seen.add(row.id)
        _check_row(check, row, checked)
    if node.otherwise is not None:
        check = Expressions(session, site.at(f"table/{node.name}/otherwise"))
        _check_outputs(check, node.otherwise, checked)
    found = session.table_analyses.get(node.name)
    if found is not None and not any(d.severity is Severity.ERROR for d in session.diagnostics[before:]):
        report_analysis(session, site, node, checked.outputs, found)


def _check_policy(session: Session, site: Site, checked: CheckedTable) -> None:
    node, outputs = checked.node, checked.outputs
    problem = ""
    if node.policy == "collect" and node.aggregation in ("sum", "min", "max"):
        of = types.present(outputs[0][1])
        takes = is_ordered(of) if node.aggregation in ("min", "max") else _is_addable(of)
        if len(outputs) != 1 or not (takes or is_broken(of)):
            able = "added" if node.aggregation == "sum" else "ordered"
            problem = f"collect {node.aggregation} needs one output that can be {able}"
    if node.policy in ("priority", "output_order"):
        of = types.present(outputs[0][1])
        if not isinstance(of, types.Enum) and not is_broken(of):
            problem = f"{node.policy} needs an enumeration as first output: the order of its values decides"
    if problem:
        session.report("M612", site, node.name_span, problem=problem)


def _is_addable(of: types.Type) -> bool:
    return is_number(of) or isinstance(of, types.Quantity | types.Money)


def _check_row(check: Expressions, row: syntax.TableRow, checked: CheckedTable) -> None:
    if len(row.cells) != len(checked.inputs):
        return  # the parser has said so
    for cell, (name, of) in zip(row.cells, checked.inputs, strict=True):
        _check_cell(check, cell, name, of, checked)
    _check_outputs(check, row.outputs, checked)


def _check_outputs(check: Expressions, outputs: tuple[syntax.Expression, ...], checked: CheckedTable) -> None:
    if len(outputs) != len(checked.outputs):
        return
    scope = Scope({name: Variable(name, of) for name, of in checked.inputs})
    for output, (name, of) in zip(outputs, checked.outputs, strict=True):
        typed = check.infer(output, scope, of)
        constants.fits_column(check, output, name, typed.type, of)
        for kind in typed.failures:
            findings.unhandled_here(check, output.span, kind)


def _check_cell(
    check: Expressions, cell: syntax.Cell, column: str, of: types.Type, checked: CheckedTable
) -> None:
    wanted = types.present(of)
    match cell:
        case syntax.ValueCell(value=value) | syntax.CompareCell(value=value):
            constants.check_constant(check, value, column, wanted)
            if isinstance(cell, syntax.CompareCell) and cell.operator not in ("=", "<>"):
                _needs_order(check, cell, column, wanted)
        case syntax.RangeCell(low=low, high=high):
            ends = [constants.check_constant(check, end, column, wanted) for end in (low, high)]
            _needs_order(check, cell, column, wanted)
            _check_range(check, cell, ends[0], ends[1])
        case syntax.PatternCell():
            constants.fits_column(check, cell, column, types.TEXT, wanted)
        case syntax.ListCell(cells=cells) | syntax.NotCell(cells=cells):
            for inner in cells:
                _check_cell(check, inner, column, of, checked)
        case syntax.MissingCell():
            if not isinstance(of, types.Maybe):
                constants.fits_column(check, cell, column, types.NOTHING, of)
        case syntax.ConditionCell(condition=condition):
            scope = Scope({name: Variable(name, kind) for name, kind in checked.inputs})
            for kind in check.condition(condition, scope, "a condition in a cell"):
                findings.unhandled_here(check, condition.span, kind)


def _needs_order(check: Expressions, cell: syntax.Node, column: str, wanted: types.Type) -> None:
    if not is_ordered(wanted) and not is_broken(wanted):
        given = f"{types.describe(wanted)}, which has no order"
        findings.wrong_type(check, cell.span, f"the column `{column}`", "a number, date or text", given)


def _check_range(check: Expressions, cell: syntax.RangeCell, low: object, high: object) -> None:
    if low is None or high is None:
        return
    one, other = order_key(low), order_key(high)
    try:
        empty = one > other or (one == other and not (cell.low_closed and cell.high_closed))
    except TypeError:
        return
    if empty:
        source = check.session.sources[check.site.file]
        check.report("M611", cell.span, low=source.slice(cell.low.span), high=source.slice(cell.high.span))
