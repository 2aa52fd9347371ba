"""Writes an invented city of a million as an OpenStreetMap extract in OPL, for `make bench PART=import`.

Called by tools/bench, which packs it with osmium. Nothing of it is real, the same numbers come out every time, and nothing is drawn at random.
About 300,000 buildings, 60,000 streets of three junctions each, 120 neighbourhoods in 12 districts, 400 streams, 4,000 places.
"""

import math
import sys

SIDE = 246  # junctions along each side
STEP = 0.0006  # degrees between them, about 60 m
WEST, SOUTH = 48.44, 34.73
CELLS = 12, 10  # neighbourhoods
BUILDINGS = 5  # in each block

out = sys.stdout.write
nodes, ways, relations = [], [], []
META = "v1 dV c0 t i0 u "


def escaped(text):
    return "".join(c if c.isalnum() and ord(c) < 128 or c in "-_:" else f"%{ord(c):x}%" for c in text)


def tagged(tags):
    return "T" + ",".join(f"{escaped(k)}={escaped(v)}" for k, v in tags.items())


def node(lon, lat, tags=None):
    number = len(nodes) + 1
    nodes.append(f"n{number} {META}{tagged(tags or {})} x{lon:.7f} y{lat:.7f}\n")
    return number


def way(refs, tags):
    number = len(ways) + 1
    ways.append(f"w{number} {META}{tagged(tags)} N{','.join(f'n{ref}' for ref in refs)}\n")
    return number


def relation(members, tags):
    relations.append(f"r{len(relations) + 1} {META}{tagged(tags)} M{','.join(f'w{ref}@outer' for ref in members)}\n")


def wobble(*numbers):
    """The same small number for the same arguments, between -1 and 1."""
    return math.sin(sum(n * f for n, f in zip(numbers, (12.9898, 78.233, 37.719)))) * 43758.5453 % 2 - 1


def streets():
    at = [[node(WEST + x * STEP + wobble(x, y) * STEP * 0.1, SOUTH + y * STEP + wobble(y, x) * STEP * 0.1) for y in range(SIDE)] for x in range(SIDE)]
    for line in range(SIDE):
        highway = "primary" if line % 40 == 0 else "secondary" if line % 20 == 0 else "tertiary" if line % 10 == 0 else "residential"
        tags = {"highway": highway}
        if highway != "residential" or line % 4 == 0:
            tags |= {"name": f"خیابان {line}", "name:en": f"Street {line}"}
        for part in range(0, SIDE - 1, 2):
            more = {"bridge": "yes"} if part % 38 == 0 and line % 10 == 0 else {}
            way([at[line][y] for y in range(part, min(part + 3, SIDE))], tags | more)
            way([at[x][line] for x in range(part, min(part + 3, SIDE))], tags | more | {"name": f"کوچه {line}"} if line % 4 else tags | more)


def buildings():
    for x in range(SIDE - 1):
        for y in range(SIDE - 1):
            for number in range(BUILDINGS):
                lon = WEST + (x + 0.15 + 0.14 * number) * STEP
                lat = SOUTH + (y + 0.3 + 0.1 * wobble(x, y, number)) * STEP
                dx, dy = STEP * 0.1, STEP * (0.2 + 0.1 * abs(wobble(number, x, y)))
                ring = [node(lon, lat), node(lon + dx, lat), node(lon + dx, lat + dy), node(lon, lat + dy)]
                tags = {"building": "yes"} if number else {"building": "apartments", "building:levels": str(2 + (x * y) % 5)}
                way([*ring, ring[0]], tags)


def boundaries():
    across, along = CELLS
    width, height = SIDE * STEP / across, SIDE * STEP / along
    corner = {(x, y): node(WEST + (x - 0.001) * width, SOUTH + (y - 0.001) * height) for x in range(across + 1) for y in range(along + 1)}
    between = {}

    def edge(one, other, number=12):
        if (one, other) not in between:
            (x, y), (u, v) = one, other
            inner = [
                node(
                    WEST + (x + (u - x) * i / number) * width + wobble(x, y, i) * STEP * (0.3 if x == u else 0),
                    SOUTH + (y + (v - y) * i / number) * height + wobble(u, v, i) * STEP * (0.3 if y == v else 0),
                )
                for i in range(1, number)
            ]
            between[one, other] = way([corner[one], *inner, corner[other]], {"boundary": "administrative"})
        return between[one, other]

    def outline(x, y, u, v):
        level = [edge((i, j), (i + 1, j)) for j in (y, v) for i in range(x, u)]
        return level + [edge((i, j), (i, j + 1)) for i in (x, u) for j in range(y, v)]

    relation(outline(0, 0, across, along), {"type": "boundary", "boundary": "administrative", "admin_level": "8", "name": "شهر آزمون", "name:en": "Testville"})
    for x in range(0, across, 3):
        for y, v in ((0, 3), (3, 6), (6, along)):
            tags = {"admin_level": "9", "name": f"منطقه {x} {y}", "name:en": f"District {x} {y}"}
            relation(outline(x, y, x + 3, v), {"type": "boundary", "boundary": "administrative"} | tags)
    for x in range(across):
        for y in range(along):
            tags = {"admin_level": "10", "name": f"محله {x} {y}", "name:en": f"Quarter {x} {y}"}
            relation(outline(x, y, x + 1, y + 1), {"type": "boundary", "boundary": "administrative"} | tags)


def streams():
    for river in range(20):
        lat = SOUTH + (river + 0.5) * SIDE * STEP / 20
        stem = [node(WEST + i * STEP * 2, lat + wobble(river, i) * STEP * 0.2) for i in range(120)]
        for part in range(0, 119, 17):
            way(stem[part : part + 18], {"waterway": "river", "name": f"رود {river}"})
        for brook in range(19):
            mouth = stem[5 + brook * 6]
            lon = WEST + (5 + brook * 6) * STEP * 2
            run = [node(lon + wobble(brook, i) * STEP * 0.1, lat + (10 - i) * STEP * 0.4) for i in range(10)]
            way([*run, mouth], {"waterway": "stream"})


def places():
    kinds = ["hospital", "clinic", "school", "fire_station", "police", "fuel", "place_of_worship", "marketplace"]
    for number in range(4000):
        lon = WEST + (number * 37 % (SIDE * 10)) / 10 * STEP
        lat = SOUTH + (number * 91 % (SIDE * 10)) / 10 * STEP
        kind = "school" if number % 8 > 5 else kinds[number % 8]
        node(lon, lat, {"amenity": kind, "name": f"جا {number}", "name:en": f"Place {number}"})


streets()
buildings()
boundaries()
streams()
places()
for lines in (nodes, ways, relations):
    for line in lines:
        out(line)
