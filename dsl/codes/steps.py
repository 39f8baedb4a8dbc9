"""M75x and M76x: steps of flows that ask and wait, replies, playbooks."""

from dsl.codes.spec import CodeSpec

_USES = 'use schema erp.notice "v1"\nuse schema canon.case "v1"\nuse schema qms.note "v1"\n\n'
_MAPS = (
    "map to_case : nc in erp.notice -> canon.case\n  id = nc.number\n  severity = minor\nend\n"
    "map with_case : nc in erp.notice, k in canon.case -> canon.case\n  id = k.id\n  severity = k.severity\nend\n"
    "map to_note : nc in erp.notice -> qms.note\n  text = nc.number\nend\n"
)
_DATA = 'dataset cases : number: text -> canon.case "v1"\n'
_RULES = (
    "map copy_case : c in canon.case -> canon.case\n  id = c.id\n  severity = c.severity\nend\n"
    "rules r : c in canon.case\n  rule a\n    then send qms.cases using copy_case\n  end\nend\n"
)


def _flow(*lines: str, endpoint: str = "erp.notices") -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return f'{_USES}{_DATA}{_MAPS}{_RULES}flow f\n  receive {endpoint} as nc : erp.notice "v1"\n{body}end\n'


def _enriched(line: str) -> str:
    return _flow(line, "map with with_case(nc, k)", "apply r")


def _called(line: str, *more: str) -> str:
    return _flow(line, *more, "map with to_case", "apply r")


def _playbook(*lines: str) -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return f'playbook "p"\n{body}end\n' + _flow(
        "map with to_case", "apply r", 'on failure playbook "p"'
    ).replace(_USES, "", 1)


def _with_uses(text: str) -> str:
    return _USES + text


_ASK = 'call erp.stock using to_case as s : qms.note "v1" on error reject'

CODES = (
    CodeSpec(
        "M750",
        "`recall` outside `enrich`",
        "`recall {dataset}` stands only behind `enrich x =`, in a flow",
        "What a message needs of the reference state has to be known before its maps and rules run, so that it can be "
        "fetched, or waited for. Read the record by `enrich x = recall ...` and give it to the map: `map with m(nc, x)`.",
        _with_uses(
            _DATA
            + "map m : nc in erp.notice -> canon.case\n  id = recall cases(nc.number).id\n  severity = minor\nend"
        ),
        _enriched("enrich k = recall cases(nc.number) on missing reject"),
    ),
    CodeSpec(
        "M751",
        "`enrich` without `recall`",
        "`enrich {name} =` reads a record of a dataset: `recall dataset(key)`",
        "What is calculated belongs into a map; `enrich` is there for reference state.",
        _enriched("enrich k = nc.number on missing reject"),
        _enriched("enrich k = recall cases(nc.number) on missing reject"),
    ),
    CodeSpec(
        "M752",
        "Time that depends on a calendar",
        "{what} is a number of seconds, minutes, hours, days or weeks, not {given}",
        "The clock of a waiting message runs day and night.",
        _enriched("enrich k = recall cases(nc.number) on missing wait 2 business_days"),
        _enriched("enrich k = recall cases(nc.number) on missing wait 2 days"),
    ),
    CodeSpec(
        "M753",
        "Endpoint that answers nothing",
        "ruleset.toml does not say what `{endpoint}` answers",
        "An endpoint that is called, or that gives a reply, names the schema of what comes back: "
        '`answer = "erp.stock_answer@v1"`.',
        _called('call qms.cases using to_case as s : qms.note "v1" on error reject'),
        _called(_ASK),
    ),
    CodeSpec(
        "M754",
        "Answer of another schema",
        "`{endpoint}` answers {wanted}, not {given}",
        "The answer is read by the schema that ruleset.toml names for the endpoint.",
        _called('call erp.stock using to_case as s : canon.case "v1" on error reject'),
        _called(_ASK),
    ),
    CodeSpec(
        "M755",
        "Nothing said for a call that fails",
        "nothing says what happens when `{endpoint}` does not answer",
        "Say it on the line - `on error skip`, `on error use {{...}}`, `on error reject` - or name a playbook for the flow.",
        _called('call erp.stock using to_case as s : qms.note "v1"'),
        _called(_ASK),
    ),
    CodeSpec(
        "M756",
        "Reply that is not the last step",
        "a flow replies once, as its last step",
        "The reply says how the whole flow ended, so nothing can follow it.",
        _flow("reply using to_note", "map with to_case", "apply r", endpoint="erp.questions"),
        _flow("reply using to_note", endpoint="erp.questions"),
    ),
    CodeSpec(
        "M757",
        "Reply that nobody waits for",
        "`{event}` is raised by rules, and nobody waits for a reply to it",
        "Only a message that comes in through an endpoint has a sender who waits.",
        _flow("reply using to_note", endpoint="erp.raised").replace(
            "flow f",
            "rules q : n in erp.notice\n  rule a\n"
            "    then raise erp.raised using same\n  end\nend\nmap same : n in erp.notice -> erp.notice\n"
            "  copy n.*\nend\nflow f",
        ),
        _flow("reply using to_note", endpoint="erp.questions"),
    ),
    CodeSpec(
        "M758",
        "Promised answer that is not given",
        "`{endpoint}` promises an answer ({answer}), and this flow replies nothing",
        "Whoever sends to it waits. End the flow with `reply using map`, or take `answer` out of ruleset.toml.",
        _flow("map with to_case", "apply r", endpoint="erp.questions"),
        _flow("reply using to_note", endpoint="erp.questions"),
    ),
    CodeSpec(
        "M759",
        "Unknown criticality",
        "`{criticality}` is no criticality",
        "A flow is of low, normal, high or critical importance; alerts and queues go by it.",
        _flow("criticality hihg", "map with to_case", "apply r"),
        _flow("criticality high", "map with to_case", "apply r"),
    ),
    CodeSpec(
        "M760",
        "Unknown class of failure",
        "`{name}` is no class of failure",
        "transport: it could not be delivered. application: the other system says no. partner_data: what came in, or "
        "came back, does not fit its schema. mapping: a map, table or check of this rule set rejects it.",
        _with_uses(_playbook("on tranport hold")),
        _with_uses(_playbook("on transport hold")),
    ),
    CodeSpec(
        "M761",
        "Reaction that can't help",
        "this can't help: {why}",
        "A message that a map rejects is rejected again, whatever the time; let it be parked, held, or block its lane "
        "until somebody has looked at it.",
        _with_uses(_playbook("on mapping retry for 6 hours then hold")),
        _with_uses(_playbook("on mapping hold")),
    ),
    CodeSpec(
        "M762",
        "Fallback of another schema",
        "on {failure} there is no fallback for `{endpoint}`: none of the endpoints named carries {schema}",
        "A fallback takes what was meant for another endpoint, so it carries the same schema, and gives the same answer "
        "where it is called. Several fallbacks stand with commas between them.",
        _with_uses(_playbook("on application fallback qms.notes")),
        _with_uses(_playbook("on application fallback qms.spare")),
    ),
)
