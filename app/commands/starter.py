"""The rule set that `mapwright init` writes: small, complete, green."""

import json
import re

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_ORDER = {
    "$schema": _DRAFT,
    "title": "Order as the shop sends it",
    "x-missing": [""],
    "type": "object",
    "properties": {
        "number": {"type": "string", "title": "Order number"},
        "priority": {"type": "string", "title": "1 urgent, 2 normal"},
        "quantity": {"type": "string", "format": "decimal", "title": "Quantity"},
    },
    "required": ["number"],
}
_WORK = {
    "$schema": _DRAFT,
    "title": "Work order",
    "type": "object",
    "properties": {
        "id": {"type": "string", "title": "Work order"},
        "urgency": {"$ref": "#/$defs/urgency"},
        "quantity": {"type": "string", "format": "decimal", "title": "Quantity"},
    },
    "required": ["id", "urgency"],
    "additionalProperties": False,
    "$defs": {"urgency": {"type": "string", "title": "Urgency", "enum": ["urgent", "normal"]}},
}
_MANIFEST = """\
name = "{name}"
title = "{title}"
owner = "me"
language = "1"
time_zone = "UTC"

[endpoints."shop.orders"]
direction = "in"
codec = "json"
schema = "shop.order@v1"

[endpoints."plant.work_order"]
direction = "out"
codec = "json"
schema = "plant.work_order@v1"
idempotent = true
"""
_MAP = """\
use schema shop.order "v1"
use schema plant.work_order "v1"

lookup urgencies : text -> urgency
  | "1" => urgent |
  | "2" => normal |
end

map order_to_work : o in shop.order -> plant.work_order
  on missing reject
  on error reject
  on no_match reject
  id       = "WO-" & o.number
  urgency  = lookup urgencies(o.priority)  on missing use normal on no_match use normal warn
  quantity = o.quantity                    on missing skip
end
"""
_COPY = """\

map to_plant : w in plant.work_order -> plant.work_order
  on missing reject
  id       = w.id
  urgency  = w.urgency
  quantity = w.quantity  on missing skip
end
"""
_RULES = """\
use schema plant.work_order "v1"

rules planning : w in plant.work_order
  rule to_the_plant
    then send plant.work_order using to_plant
    because "The plant works on every order"
  end
end
"""
_FLOW = """\
use schema shop.order "v1"

flow orders
  receive shop.orders as o : shop.order "v1"
  identify by o.number
  order by o.number
  keys order = o.number
  map with order_to_work
  apply planning
end
"""
_TEST = """\
test "an urgent order is urgent work"
  given o = sample("order.json")
  map order_to_work
  expect id = "WO-1001" and urgency = urgent
end
"""


def starter_files(name: str) -> dict[str, str]:
    """Path -> text."""
    clean = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "rules"
    clean = clean if clean[0].isalpha() else f"r-{clean}"
    sample = {"number": "1001", "priority": "1", "quantity": "12"}
    return {
        "ruleset.toml": _MANIFEST.format(name=clean, title=clean.replace("-", " ").capitalize()),
        "schemas/shop.order@v1.json": json.dumps(_ORDER, indent=2) + "\n",
        "schemas/plant.work_order@v1.json": json.dumps(_WORK, indent=2) + "\n",
        "maps/orders.mw": _MAP + _COPY,
        "rules/planning.mw": _RULES,
        "flows/orders.mw": _FLOW,
        "tests/orders.mw": _TEST,
        "samples/order.json": json.dumps(sample, indent=2) + "\n",
    }
