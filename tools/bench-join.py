"""Asks the rivals the join that maps/benches/join.rs has asked, and compares every answer.

Called by tools/bench join, with the directory that the benchmark wrote as its argument; PostGIS is asked when initdb is there.
Every point that a rival answers otherwise is listed in DIR/differences-*.txt; one that the half-open rule does not explain ends in failure.
"""

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import shapely

NOBODY = numpy.uint32(0xFFFFFFFF)


def measured(rounds, ask):
    """Median CPU and wall seconds of some rounds, and the last answer."""
    cpu, wall = [], []
    for _ in range(rounds):
        cpu_before, wall_before = time.thread_time(), time.perf_counter()
        answer = ask()
        cpu.append(time.thread_time() - cpu_before)
        wall.append(time.perf_counter() - wall_before)
    return statistics.median(cpu), statistics.median(wall), answer


def rate(name, cpu, wall, count):
    shown = f"{count / cpu / 1e6:7.2f} M/s CPU" if cpu else " " * 15
    print(f"{name:<58} {shown} {count / wall / 1e6:7.2f} M/s wall", flush=True)


def explained(directory, name, lonlat, ours, pairs, zones, closed):
    """Lists the points that differ; each must lie on the border of our zone, and no rival may have it strictly inside another."""
    zone, point = pairs
    differing = numpy.ones(len(ours), bool)
    differing[(ours == NOBODY)] = False
    differing[point[zone == ours[point]]] = False
    wrong = point[zone != ours[point]]
    kinds, unexplained = {}, len(wrong)
    path = os.path.join(directory, f"differences-{name}.txt")
    with open(path, "w") as out:
        for at in numpy.flatnonzero(differing):
            # closed: every zone that has the point, by the closed shapes; a border that two share is in both.
            has = closed.get(at, ())
            on = [int(z) for z in has if zones[z].boundary.covers(shapely.Point(lonlat[at]))]
            kind = "outer border" if len(has) == 1 else "shared edge" if len(has) == 2 else "corner of zones"
            good = ours[at] in on and len(on) == len(has)
            unexplained += not good
            kinds[kind] = kinds.get(kind, 0) + 1
            out.write(f"{at} {float(lonlat[at][0])!r} {float(lonlat[at][1])!r}: ours {ours[at]}, {name} none; on {kind} of {sorted(on)}; "
                      f"{'half-open rule' if good else 'UNEXPLAINED'}\n")
        for at in wrong:
            out.write(f"{at} {float(lonlat[at][0])!r} {float(lonlat[at][1])!r}: ours {ours[at]}, {name} another; UNEXPLAINED\n")
    print(f"  {name}: {int(differing.sum())} points differ {kinds}, {unexplained} of them unexplained; listed in {path}", flush=True)
    return unexplained


def ask_shapely(directory, kind, zones, lonlat, ours):
    points = shapely.points(lonlat)

    def join():
        return shapely.STRtree(points).query(zones, predicate="contains")

    cpu, wall, pairs = measured(3, join)
    rate(f"{kind}: shapely {shapely.__version__}, tree of points, contains", cpu, wall, len(points))
    zone, point = shapely.STRtree(points).query(zones, predicate="intersects")
    closed = {}
    inside = numpy.zeros(len(points), bool)
    inside[pairs[1]] = True
    for z, p in zip(zone[~inside[point]], point[~inside[point]]):
        closed.setdefault(p, []).append(z)
    held = numpy.zeros(len(points), bool)
    held[point] = True
    lost = int((held != (ours != NOBODY)).sum())
    print(f"  shapely intersects: {lost} points are in the union for one and not for the other", flush=True)
    return lost + explained(directory, f"shapely-{kind}", lonlat, ours, pairs, zones, closed), closed


def duck_db():
    """A connection with the spatial extension, which comes from the package index as a package of its own; none where it does not."""
    try:
        import duckdb
        from duckdb_extensions import import_extension

        import_extension("spatial")
        connection = duckdb.connect(config={"threads": 1})
        connection.execute("load spatial")
        return connection
    except Exception as error:  # whatever it is, it is the reason that is printed
        print(f"DuckDB spatial: not asked, its extension can't be had here ({str(error).splitlines()[0]})")
        return None


def ask_duckdb(directory, duck, kind, zones, lonlat, ours, closed):
    import pandas

    for name, shapes in (("zone", zones), ("point", shapely.points(lonlat))):
        frame = pandas.DataFrame({"id": numpy.arange(len(shapes)), "wkb": shapely.to_wkb(shapes)})
        duck.register("frame", frame)
        duck.execute(f"create or replace table {name} as select id, st_geomfromwkb(wkb) as geom from frame")
        duck.unregister("frame")
    join = "from point p join zone z on st_contains(z.geom, p.geom)"
    cpu, wall, _ = measured(3, lambda: duck.execute(f"select count(*), sum(z.id) {join}").fetchall())
    rate(f"{kind}: DuckDB {duck.execute('select version()').fetchone()[0]} spatial join, st_contains, one thread", None, wall, len(lonlat))
    found = duck.execute(f"select z.id, p.id {join}").fetchnumpy()
    pairs = numpy.array(list(found.values()), dtype=numpy.int64)
    return explained(directory, f"duckdb-{kind}", lonlat, ours, pairs, zones, closed)


def initdb():
    for version in ("17", "16", "15"):
        path = f"/usr/lib/postgresql/{version}/bin"
        if os.path.exists(f"{path}/initdb") and os.path.exists(f"/usr/share/postgresql/{version}/extension/postgis.control"):
            return path
    return None


class PostGis:
    """A PostgreSQL of its own, on a socket in a directory of its own, that is gone afterwards."""

    def __init__(self, path):
        self.path, self.directory = path, tempfile.mkdtemp(prefix="bench-join-")
        self.run_as = ["runuser", "-u", "nobody", "--"] if os.getuid() == 0 else []
        if self.run_as:
            shutil.chown(self.directory, "nobody")
        data = f"{self.directory}/data"
        self.server("initdb", "-D", data, "-A", "trust", "-U", "bench", "--no-sync")
        options = f"-c listen_addresses='' -k {self.directory} -c fsync=off -c shared_buffers=256MB -c max_parallel_workers_per_gather=0 -c jit=off"
        self.server("pg_ctl", "-D", data, "-w", "-l", f"{self.directory}/log", "-o", options, "start")

    def server(self, program, *arguments):
        subprocess.run([*self.run_as, f"{self.path}/{program}", *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def sql(self, text, **more):
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.directory, "-U", "bench", "-d", "postgres", "-c", text]
        return subprocess.run(command, check=True, capture_output=True, **more).stdout

    def stop(self):
        self.server("pg_ctl", "-D", f"{self.directory}/data", "-m", "immediate", "stop")
        shutil.rmtree(self.directory, ignore_errors=True)


def ask_postgis(directory, postgis, kind, zones, lonlat, ours, closed):
    postgis.sql("drop table if exists point; create table point (id int, geom geometry(point))")
    rows = "".join(f"{number}\t{text}\n" for number, text in enumerate(shapely.to_wkb(shapely.points(lonlat), hex=True)))
    postgis.sql("copy point from stdin", input=rows.encode())
    postgis.sql("create index on point using gist (geom)")
    postgis.sql("vacuum analyze point")
    times = []
    for _ in range(3):
        plan = json.loads(postgis.sql(
            "explain (analyze, timing off, format json) select z.id, p.id from zone z join point p on st_contains(z.geom, p.geom)"))
        times.append(plan[0]["Execution Time"] / 1e3)
    rate(f"{kind}: PostGIS, st_contains, index on points", None, statistics.median(times), len(lonlat))
    found = postgis.sql("copy (select z.id, p.id from zone z join point p on st_contains(z.geom, p.geom)) to stdout")
    pairs = numpy.array(found.split(), dtype=numpy.int64).reshape(-1, 2).T
    return explained(directory, f"postgis-{kind}", lonlat, ours, pairs, zones, closed)


def main(directory):
    with open(os.path.join(directory, "zones.geojson")) as text:
        zones = numpy.array([shapely.Polygon(feature["geometry"]["coordinates"][0]) for feature in json.load(text)["features"]])
    postgis, duck = None, duck_db()
    if initdb():
        postgis = PostGis(initdb())
    else:
        print("PostGIS: not asked; install postgresql-15-postgis-3")
    unexplained = 0
    try:
        if postgis:
            postgis.sql("create extension postgis; create table zone (id int, geom geometry(polygon))")
            rows = "".join(f"{number}\t{text}\n" for number, text in enumerate(shapely.to_wkb(zones, hex=True)))
            postgis.sql("copy zone from stdin", input=rows.encode())
            postgis.sql("create index on zone using gist (geom); analyze zone")
        for kind in ("uniform", "clustered"):
            lonlat = numpy.fromfile(os.path.join(directory, f"{kind}.points"), "<f8").reshape(-1, 2)
            ours = numpy.fromfile(os.path.join(directory, f"{kind}.zones"), "<u4")
            more, closed = ask_shapely(directory, kind, zones, lonlat, ours)
            unexplained += more
            if duck:
                unexplained += ask_duckdb(directory, duck, kind, zones, lonlat, ours, closed)
            if postgis:
                unexplained += ask_postgis(directory, postgis, kind, zones, lonlat, ours, closed)
    finally:
        if postgis:
            postgis.stop()
    return unexplained


if __name__ == "__main__":
    # Ended from outside, it still stops the server that it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(1 if main(sys.argv[1]) else 0)
