"""An XSD as a JSON Schema: elements and attributes become fields, what may repeat becomes a list.

Shape:   the document is the content of the root element; an attribute is `@name`, the text of an element that
         has attributes is `#text`; names are local, a namespace is no part of them
Read:    the file and those of its folder it includes or imports; they are handed over, nothing is opened
Refused: a DOCTYPE, a schema location elsewhere, redefine and override, two elements of one local name
"""

import posixpath
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from dsl.errors import ExchangeError
from dsl.exchange.archives import parse_xml
from dsl.exchange.inference import DRAFT

XS = "{http://www.w3.org/2001/XMLSchema}"
_DEEPEST = 40
_BY_ITSELF = 2**31 - 1
_MOST_FILES = 200
_SIMPLE: Mapping[str, dict[str, Any]] = {
    "decimal": {"type": "string", "format": "decimal"}, "float": {"type": "string", "format": "decimal"},
    "double": {"type": "string", "format": "decimal"}, "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"}, "time": {"type": "string", "format": "time"},
    "dateTime": {"type": "string", "format": "date-time"},
}  # fmt: skip
_LIMITS = {"maxLength": ("maxLength",), "minLength": ("minLength",), "length": ("minLength", "maxLength")}
_RANGES = {
    "minInclusive": "minimum",
    "maxInclusive": "maximum",
    "minExclusive": "exclusiveMinimum",
    "maxExclusive": "exclusiveMaximum",
}
Node = dict[str, Any]


def read_xsd(
    files: Mapping[str, bytes], main: str, root: str, name: str, version: str = "v1"
) -> tuple[Node, tuple[str, ...]]:
    """The JSON Schema of a root element, and what got lost on the way."""
    import xmlschema  # slow to import, and seldom needed

    sources: list[Any] = [*_Sources(files).collect(main)]
    try:
        schema = xmlschema.XMLSchema10(sources, allow="none", use_fallback=False)
    except ExchangeError:
        raise
    except (
        xmlschema.XMLSchemaException,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        OSError,
    ) as error:
        raise ExchangeError("the XSD can't be read", [" ".join(str(error).split())[:300]]) from None
    return _Conversion().convert(_root(schema, root), name, version)


def _root(schema: Any, wanted: str) -> Any:
    elements = {
        element.local_name: element for element in schema.maps.elements.values() if element.ref is None
    }
    if wanted:
        if wanted not in elements:
            raise ExchangeError(
                f"the XSD has no element {wanted}; it has {', '.join(sorted(elements)[:30]) or 'none'}"
            )
        return elements[wanted]
    own = {e.local_name: e for e in schema.elements.values()}
    used = {
        inner.local_name
        for element in elements.values()
        for inner in (
            element.type.content.iter_elements()
            if element.type.is_complex() and element.type.has_complex_content()
            else ()
        )
        if inner.name != element.name
    }
    roots = [element for local, element in own.items() if local not in used] or list(own.values())
    if len(roots) != 1:
        names = ", ".join(sorted(e.local_name for e in roots)[:30])
        raise ExchangeError(
            f"say with --root which element a document begins with: {names or 'there is none'}"
        )
    return roots[0]


class _Sources:
    """The files that belong together, without the places they name: each is handed over as a text."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._found: dict[tuple[str, str], str] = {}

    def collect(self, main: str) -> list[str]:
        """The texts of a file and of all that it needs, the file first."""
        self._add(main, "", main)
        return list(self._found.values())

    def _add(self, path: str, namespace: str, said: str) -> None:
        from lxml import etree

        if path not in self._files:
            raise ExchangeError(f"{said} is not in the folder of the XSD: nothing else is read")
        root = parse_xml(self._files[path], path)
        if root.tag != f"{XS}schema":
            raise ExchangeError(f"{path} is no XSD")
        root = _adopted(root, namespace) if namespace and "targetNamespace" not in root.attrib else root
        key = (path, root.get("targetNamespace", ""))
        if key in self._found or len(self._found) > _MOST_FILES:
            return
        self._found[key] = ""  # a place before those it needs, and an end for files that include each other
        needed = [self._location(node, path, key[1]) for node in list(root)]
        self._found[key] = etree.tostring(root, encoding="unicode")
        for location in needed:
            if location is not None:
                self._add(*location)

    def _location(self, node: Any, path: str, namespace: str) -> tuple[str, str, str] | None:
        """What an include or import needs: path, namespace it is adopted by, and how it is called there."""
        if node.tag in (f"{XS}redefine", f"{XS}override"):
            raise ExchangeError(
                f"{node.tag.rpartition('}')[2]} is not read (line {node.sourceline} of {path})"
            )
        if node.tag not in (f"{XS}include", f"{XS}import"):
            return None
        said = node.attrib.pop("schemaLocation", "")
        included = node.tag == f"{XS}include"
        if included:
            node.getparent().remove(node)
        if not said:
            return None
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), said))
        if (
            "://" in said
            or ":" in said.split("/")[0]
            or said.startswith(("/", "\\"))
            or target.startswith("..")
        ):
            raise ExchangeError(
                f"{path} refers to {said[:100]}: a schema location stays in the folder of the XSD"
            )
        return target, namespace if included else "", said


def _adopted(root: Any, namespace: str) -> Any:
    """A schema without a namespace, as the one that includes it sees it."""
    from lxml import etree

    nsmap = dict(root.nsmap)
    nsmap.setdefault(None, namespace)
    made = etree.Element(root.tag, dict(root.attrib), nsmap=nsmap)
    made.set("targetNamespace", namespace)
    made.extend(list(root))
    return made


class _Conversion:
    """Elements and types into subschemas; named types are made once, so that they may hold themselves."""

    def __init__(self) -> None:
        self._definitions: dict[str, Node] = {}
        self._names: dict[str, str] = {}
        self._warnings: list[str] = []

    def convert(self, root: Any, name: str, version: str) -> tuple[Node, tuple[str, ...]]:
        if not root.type.is_complex():
            raise ExchangeError(f"the element {root.local_name} holds one value: a document needs fields")
        body = self._object(root.type, root.local_name, 0)
        title = _documentation(root) or root.local_name
        definitions = {"$defs": self._definitions} if self._definitions else {}
        head = {
            "$schema": DRAFT,
            "$id": f"{name}@{version}",
            "title": title,
            "x-root": root.name,
            "x-missing": [""],
        }
        return {**head, **body, **definitions}, tuple(dict.fromkeys(self._warnings))

    def _element(self, element: Any, path: str, depth: int) -> Node:
        node = self._type(element.type, f"{path}.{element.local_name}", depth)
        title = _documentation(element)
        return {**node, "title": title} if title else node

    def _type(self, of: Any, path: str, depth: int) -> Node:
        if depth > _DEEPEST:
            raise ExchangeError(f"{path} is nested too deeply: give its type a name")
        if of.is_simple():
            return self._simple(of, path)
        if of.local_name is None or of.name == f"{XS}anyType":
            return {} if of.name == f"{XS}anyType" else self._object(of, path, depth)
        return {"$ref": f"#/$defs/{self._named(of, path)}"}

    def _named(self, of: Any, path: str) -> str:
        if of.name not in self._names:
            local = of.local_name
            taken = set(self._names.values())
            name = (
                local
                if local not in taken
                else next(f"{local}_{n}" for n in range(2, 9999) if f"{local}_{n}" not in taken)
            )
            self._names[of.name] = name
            self._definitions[name] = {}
            self._definitions[name].update(self._object(of, local, 0))
        return self._names[of.name]

    # ------------------------------------------------------------ records

    def _object(self, of: Any, path: str, depth: int) -> Node:
        properties: dict[str, Node] = {}
        required: list[str] = []
        node: Node = {"type": "object"}
        for attribute in of.attributes.values():
            if attribute.name is None or attribute.local_name is None or not hasattr(attribute, "use"):
                self._warn(path, "takes any attribute; they are left out")
                continue
            if attribute.use == "prohibited":
                continue
            properties[f"@{attribute.local_name}"] = self._simple(
                attribute.type, f"{path}.@{attribute.local_name}"
            )
            if attribute.use == "required":
                required.append(f"@{attribute.local_name}")
        if of.has_simple_content():
            properties["#text"] = self._simple(of.content, f"{path}.#text")
        elif of.mixed:
            self._warn(path, "mixes text and elements; the text is left out")
        if not of.has_simple_content():
            self._group(of.content, path, depth, 1, 1, properties, required, node)
        return {**node, "properties": properties, **({"required": required} if required else {})}

    def _group(
        self,
        group: Any,
        path: str,
        depth: int,
        least: int,
        most: int | None,
        properties: dict[str, Node],
        required: list[str],
        node: Node,
    ) -> None:
        """The elements of a sequence, choice or all; `least` and `most` say how often it occurs."""
        choice = group.model == "choice" and len(group) > 1
        least = 0 if choice else least * group.min_occurs
        most = None if most is None or group.max_occurs is None else most * group.max_occurs
        if choice:
            self._warn(path, "offers a choice; each of its elements may be missing")
        for item in group:
            if hasattr(item, "model"):
                self._group(item, path, depth, least, most, properties, required, node)
            elif getattr(item, "type", None) is None or item.local_name is None:
                node["additionalProperties"] = True
                self._warn(path, "takes any element")
            else:
                self._child(item, path, depth, least, most, properties, required)

    def _child(
        self,
        element: Any,
        path: str,
        depth: int,
        least: int,
        most: int | None,
        properties: dict[str, Node],
        required: list[str],
    ) -> None:
        name = element.local_name
        made = self._element(element, path, depth + 1)
        many = most is None or element.max_occurs is None or most * element.max_occurs > 1
        known = properties.get(name)
        if known is not None:
            of_known = known.get("items", known)
            if of_known != made:
                raise ExchangeError(f"{path} has two elements called {name}")
            many = True
        properties[name] = {"type": "array", "items": made} if many else made
        if least * element.min_occurs > 0 and not element.nillable and name not in required:
            required.append(name)
        if element.substitution_group or getattr(element, "abstract", False):
            self._warn(f"{path}.{name}", "stands for other elements; they are left out")

    # ------------------------------------------------------------ values

    def _simple(self, of: Any, path: str) -> Node:
        if of.is_list():
            self._warn(path, "is a list in one text; it stays text")
            return {"type": "string"}
        if getattr(of, "member_types", None):
            self._warn(path, "is one of several types; it stays text")
            return {"type": "string"}
        if of.enumeration and all(isinstance(value, str) for value in of.enumeration):
            return {"type": "string", "enum": list(dict.fromkeys(of.enumeration))}
        return self._builtin(of, path)

    def _builtin(self, of: Any, path: str) -> Node:
        kinds = _ancestors(of)
        if "integer" in kinds:
            return {"type": "string", "x-type": "integer", **_range(of)}
        kind = next((kind for kind in kinds if kind in _SIMPLE), None)
        if kind is None:
            limits = {
                to: facet.value
                for name, keywords in _LIMITS.items()
                if (facet := of.facets.get(f"{XS}{name}")) is not None
                for to in keywords
            }
            return {"type": "string", **limits}
        if kind == "dateTime":
            self._warn(path, "is a dateTime: a value without an offset will be a failure")
        return {**_SIMPLE[kind], **(_range(of) if kind == "decimal" else {})}

    def _warn(self, path: str, words: str) -> None:
        self._warnings.append(f"{path} {words}")


def _range(of: Any) -> Node:
    """The bounds that an author set; those every integer type of XSD has by itself are left out."""
    found: Node = {}
    for facet, keyword in _RANGES.items():
        value = getattr(of.facets.get(f"{XS}{facet}"), "value", None)
        if value is not None and abs(Decimal(str(value))) < _BY_ITSELF:
            found[keyword] = int(value) if Decimal(str(value)) == int(value) else float(value)
    return found


def _ancestors(of: Any) -> list[str]:
    """The local names of a simple type and those it is made from."""
    names = []
    for _ in range(_DEEPEST):
        if of is None:
            break
        if of.name and of.name.startswith(XS):
            names.append(of.local_name)
        of = getattr(of, "base_type", None)
    return names


def _documentation(component: Any) -> str:
    annotation = getattr(component, "annotation", None)
    texts = [entry.text or "" for entry in annotation.documentation] if annotation is not None else []
    return " ".join(" ".join(texts).split())[:120]
