"""Reads and writes CAP with the tools that people use in Python, for the benchmark beside it.

Started by main.rs as `rivals.py TOOL SCHEMA`, once per tool, in a virtual environment that holds that tool.
One JSON line in, one out: {"task": "read"|"write", "files": [...], "secs": s} -> {"secs_per_pass": s}.
"""

import json
import sys
import time


def lxml_only(schema_file):
    """The tree, and the verdict of the schema by libxml2, both in C; nobody has values from it yet."""
    from lxml import etree

    schema = etree.XMLSchema(file=schema_file)

    def read(data):
        tree = etree.fromstring(data)
        assert schema.validate(tree), schema.error_log
        return tree

    def write(tree):
        return etree.tostring(tree, xml_declaration=True, encoding="UTF-8")

    return read, write


def lxml_and_xmlschema(schema_file):
    """The tree by lxml, then values and verdict by xmlschema."""
    import xmlschema
    from lxml import etree

    schema = xmlschema.XMLSchema(schema_file)
    path = "/{urn:oasis:names:tc:emergency:cap:1.2}alert"

    def read(data):
        return schema.to_dict(etree.fromstring(data))

    def write(values):
        tree = schema.to_etree(values, path=path, etree_element_class=etree.Element)
        return etree.tostring(tree, xml_declaration=True, encoding="UTF-8")

    return read, write


def cap_tools(_schema_file):
    """Typed objects by cap-tools, on xsdata and lxml."""
    from cap_tools import models
    from xsdata.formats.dataclass.context import XmlContext
    from xsdata.formats.dataclass.parsers import XmlParser
    from xsdata.formats.dataclass.serializers import XmlSerializer

    context = XmlContext()
    parser, serializer = XmlParser(context=context), XmlSerializer(context=context)
    return (lambda data: parser.from_bytes(data, models.Alert)), serializer.render


TOOLS = {"lxml": lxml_only, "xmlschema": lxml_and_xmlschema, "cap-tools": cap_tools}


def main():
    read, write = TOOLS[sys.argv[1]](sys.argv[2])
    held = {}
    for line in sys.stdin:
        order = json.loads(line)
        for name in order["files"]:
            if name not in held:
                with open(name, "rb") as file:
                    data = file.read()
                held[name] = (data, read(data))
        work, at = (read, 0) if order["task"] == "read" else (write, 1)
        inputs = [held[name][at] for name in order["files"]]
        # The loop ends by the clock; what counts is the time on a processor, so that other work on the machine counts for nobody.
        passes, begin, worked = 0, time.perf_counter(), time.process_time()
        while passes == 0 or time.perf_counter() - begin < order["secs"]:
            for one in inputs:
                work(one)
            passes += 1
        print(json.dumps({"secs_per_pass": (time.process_time() - worked) / passes}), flush=True)


main()
