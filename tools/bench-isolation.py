"""Asks python-igraph and rustworkx what `maps/benches/isolation.rs` asked, on the same graph, and compares every answer.

Run by `tools/bench isolation` with the directory that the benchmark left; shapely cuts the edges, in C. Times are CPU of this process,
for the cut and for everything after it; reading the files, and what holds for the dry day, counts for nobody.
"""

import json
import sys
import time

import igraph
import numpy
import rustworkx
import shapely

directory = sys.argv[1]
with open(f"{directory}/graph.json", encoding="utf-8") as file:
    graph = json.load(file)
nodes, edges, zones, roads = graph["nodes"], graph["edges"], graph["zones"], graph["roads"]
water = shapely.from_geojson(json.dumps(graph["water"]))
lines = numpy.array([shapely.LineString(edge[4]) for edge in edges])
firsts = numpy.array([shapely.Point(edge[4][0]) for edge in edges])
lasts = numpy.array([shapely.Point(edge[4][-1]) for edge in edges])
is_bridge = numpy.array([edge[3] for edge in edges])


def cut():
    shapely.prepare(water)
    touched = shapely.intersects(water, lines)
    ends = shapely.intersects(water, firsts) | shapely.intersects(water, lasts)
    return numpy.where(is_bridge, ends, touched)


def served(places, is_cut, bridges_of):
    """Nodes that reach a place, and for each zone the edges on which all of its nodes hang."""
    roots = sorted({node for at, node in places})
    open_edges = [index for index in range(len(edges)) if not is_cut[index]]
    pairs = [(edges[index][0], edges[index][1]) for index in open_edges] + [(root, nodes) for root in roots]
    bridges, component_of = bridges_of(pairs)
    # The tree of what hangs together without bridges, from the imagined node above all places.
    ways = {}
    for number in bridges:
        one, other = component_of[pairs[number][0]], component_of[pairs[number][1]]
        edge = open_edges[number] if number < len(open_edges) else None
        ways.setdefault(one, []).append((other, edge))
        ways.setdefault(other, []).append((one, edge))
    start = component_of[nodes]
    above, depth, order = {start: (None, None)}, {start: 0}, [start]
    for here in order:
        for there, edge in ways.get(here, []):
            if there not in above:
                above[there], depth[there] = (here, edge), depth[here] + 1
                order.append(there)
    on = []
    for members in zones:
        common = None
        for component in {component_of[node] for node in members}:
            if component not in above:
                continue
            while common is not None and common != component:
                if depth[component] > depth[common]:
                    component = above[component][0]
                else:
                    common = above[common][0]
            common = component
        hung = set()
        while common is not None and common != start:
            common, edge = above[common]
            if edge is not None:
                hung.add(edge)
        on.append(hung)
    return [component_of[node] in above for node in range(nodes)], on


def by_igraph(pairs):
    whole = igraph.Graph(n=nodes + 1, edges=pairs)
    bridges = whole.bridges()
    whole.delete_edges(bridges)
    return bridges, whole.connected_components().membership


def by_rustworkx(pairs):
    whole = rustworkx.PyGraph()
    whole.add_nodes_from(range(nodes + 1))
    whole.add_edges_from([(one, other, number) for number, (one, other) in enumerate(pairs)])
    # It tells pairs of nodes; of parallel edges none is a bridge, so that a pair is enough.
    numbers = {frozenset(pair): number for number, pair in enumerate(pairs)}
    bridges = [numbers[frozenset(pair)] for pair in rustworkx.bridges(whole)]
    whole.remove_edges_from([pairs[number] for number in bridges])
    component_of = [0] * (nodes + 1)
    for number, members in enumerate(rustworkx.connected_components(whole)):
        for node in members:
            component_of[node] = number
    return bridges, component_of


def told(dry, bridges_of):
    answers = {}
    is_cut = cut()
    for need, places in enumerate(graph["places"]):
        wet = shapely.intersects(water, [shapely.Point(at) for at, node in places])
        reached, on = served([place for place, lost in zip(places, wet) if not lost], is_cut, bridges_of)
        for zone, members in enumerate(zones):
            had = [node for node in members if dry[need][0][node]]
            left = sum(reached[node] for node in had)
            newly = sorted({roads[edges[edge][2]] for edge in on[zone] - dry[need][1][zone]})
            if left < len(had) or newly:
                answers[zone, need] = (left / len(had), newly)
    return answers


ours = {}
with open(f"{directory}/answers.txt", encoding="utf-8") as file:
    for line in file:
        zone, need, left, on = line.rstrip("\n").split(" ")
        ours[int(zone), int(need)] = (float(left), sorted(filter(None, on.split(","))))

failed = False
for name, bridges_of in [("python-igraph", by_igraph), ("rustworkx", by_rustworkx)]:
    nothing = numpy.zeros(len(edges), dtype=bool)
    dry = [served(places, nothing, bridges_of) for places in graph["places"]]
    took = []
    for _ in range(3):
        before = time.process_time()
        answers = told(dry, bridges_of)
        took.append(time.process_time() - before)
    same = answers.keys() == ours.keys() and all(
        abs(answers[key][0] - ours[key][0]) < 1e-5 and answers[key][1] == ours[key][1] for key in ours
    )
    failed |= not same
    print(f"{name} with shapely: cpu p50 {sorted(took)[1] * 1e3:.0f} ms; answers {'the same' if same else 'DIFFER'}")
sys.exit(1 if failed else 0)
