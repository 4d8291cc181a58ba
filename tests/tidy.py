#!/usr/bin/env python3
"""The rules of style that a program can hold, as a test: one line `ok` or `not ok` a rule.

    tests/tidy.py [--root DIR] [--build DIR] [FILE...]

With FILEs (paths from the root) only what is wrong with them counts. With --build (a meson build folder) the libraries' exported symbols are held to their rule as well.
"""

import argparse
import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import sys

# Right is down: a folder includes itself and what stands after it.
FOLDERS = ["ops", "actors", "state", "proto", "runtime"]

# Third-party headers, and the only files that may include them. Tests may include everything.
THIRD_PARTY = {
    "uv.h": ["runtime/waker.*", "runtime/loop.*", "runtime/job.*", "runtime/loop_status.*",
             "actors/edge/*", "ops/*"],
    "lmdb.h": ["state/store_internal.h", "state/feed_store_internal.h"],
    "msgpack.h": ["proto/msgpack_*"],
    "msgpack/*": ["proto/msgpack_*"],
    "yyjson.h": ["proto/json_reader.*", "proto/kline_json.c"],
    "librdkafka/*": ["actors/edge/kafka_*", "ops/embedded_broker.c", "ops/replay_producer.c"],
    "hiredis/*": ["actors/edge/redis_*"],
    "mongoc/*": ["actors/edge/mongo_*"],
    "bson/*": ["actors/edge/mongo_*"],
    "yaml.h": ["ops/yaml_*"],
    "cyaml/*": ["ops/yaml_*"],
    "libwebsockets.h": ["ops/ops_http.c", "actors/edge/exchange_socket.c", "actors/edge/web_context.c"],
    "openssl/*": ["actors/edge/redis_tls.c", "state/object_source.c"],
    "avro.h": ["state/avro_candles_internal.h"],
    "curl/*": ["runtime/http_client.c"],
    "expat.h": ["state/s3_xml.c"],
    "glib.h": ["proto/zone.c"],
    "jemalloc/*": ["ops/allocator.c"],
    "zlib.h": ["ops/byte_file.c"],
    "zstd.h": ["ops/byte_file.c"],
    "uthash.h": ["runtime/hash.h"],
}

# Except that one file prints the version of each library.
ASKS_ALL_LIBRARIES = "ops/cmd_version.c"

# Headers of the C library, the system and the compiler: everything else in <> is third-party.
SYSTEM_HEADERS = re.compile(
    r"(sys|netinet|arpa|net|linux|asm|bits)/.+|std\w+\.h|\w+intrin\.h|(assert|ctype|dirent|errno|fcntl"
    r"|fenv|float|fnmatch|getopt|glob|inttypes|iso646|langinfo|libgen|limits|locale|malloc|math|netdb"
    r"|fts|poll|pthread|pwd|regex|sched|semaphore|setjmp|signal|spawn|string|strings|syslog|termios|threads"
    r"|time|uchar|unistd|wchar|wctype|execinfo|ftw|grp|dlfcn|endian|byteswap|arm_acle|cpuid|utime"
    r"|link|features|search|wordexp|paths|ucontext)\.h"
)

LINES_MAX = 400
LINES_MANY = 250
FUNCTION_LINES_MAX = 60
COLUMNS_MAX = 100

# Written in two halves, so that this file does not hold what it looks for.
PROMISES = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
FORMAT_SWITCH = "clang-" "format o"
FORMAT_OFF = FORMAT_SWITCH + "ff"
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')


class Tree:
    """The files of the project, read once."""

    def __init__(self, root):
        self.root = root
        self.text = {}
        for path in sorted(self.list_files()):
            try:
                self.text[path] = (root / path).read_text(encoding="utf-8")
            except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
                continue  # not text, or removed and not yet committed

    def list_files(self):
        asked = subprocess.run(
            ["git", "-C", self.root, "ls-files", "--cached", "--others", "--exclude-standard"],
            capture_output=True, text=True, check=False,
        ) if shutil.which("git") else None
        if asked is not None and asked.returncode == 0:
            return asked.stdout.splitlines()
        found = []
        for folder, folders, files in os.walk(self.root):
            folders[:] = [f for f in folders if f not in (".git", "__pycache__") and not f.startswith("build")]
            found += [os.path.relpath(os.path.join(folder, file), self.root) for file in files]
        return found

    def c_files(self, *suffixes):
        for path, text in self.text.items():
            if path.endswith(suffixes or (".c", ".h")):
                yield path, text.split("\n")

    def includes(self):
        """Every include: path, line number, own header or None, header in <> or None."""
        for path, lines in self.c_files():
            for number, line in enumerate(lines, 1):
                if found := INCLUDE.match(line):
                    yield path, number, found[1], found[2]


def folder_of(path):
    return path.split("/", 1)[0]


def includes_point_right(tree):
    """ops -> actors -> state -> proto -> runtime"""
    for path, number, own, _ in tree.includes():
        source, target = folder_of(path), folder_of(own or "")
        if source in FOLDERS and target in FOLDERS and FOLDERS.index(target) < FOLDERS.index(source):
            yield f"{path}:{number}: {source} must not include {own}"
        if source in FOLDERS and target == "tests":
            yield f"{path}:{number}: only tests include {own}"


def includes_are_from_the_root(tree):
    for path, number, own, _ in tree.includes():
        if own and folder_of(own) not in FOLDERS + ["tests"]:
            yield f'{path}:{number}: "{own}" is not written from the root'


def third_party_headers_stay_in_their_files(tree):
    for path, number, _, header in tree.includes():
        if not header or folder_of(path) not in FOLDERS or SYSTEM_HEADERS.fullmatch(header):
            continue
        if path == ASKS_ALL_LIBRARIES:
            continue
        allowed = [files for pattern, files in THIRD_PARTY.items() if fnmatch.fnmatchcase(header, pattern)]
        if not allowed:
            yield f"{path}:{number}: <{header}> is not in the table of tests/tidy.py"
        elif not any(fnmatch.fnmatchcase(path, pattern) for pattern in allowed[0]):
            yield f"{path}:{number}: <{header}> belongs into {', '.join(allowed[0])}"


def files_are_short(tree):
    for path, lines in tree.c_files():
        if len(lines) - 1 > LINES_MAX:
            yield f"{path}: {len(lines) - 1} lines, {LINES_MAX} is the limit"


def functions_are_short(tree):
    """With Linux braces a function's body stands between a { and a } in the first column."""
    for path, lines in tree.c_files():
        begin = None
        for number, line in enumerate(lines, 1):
            if line == "{":
                begin = number
            elif line == "}" and begin is not None:
                if number - begin - 1 > FUNCTION_LINES_MAX:
                    yield f"{path}:{begin}: a function of {number - begin - 1} lines"
                begin = None


def lines_are_short(tree):
    """But a row of a table is one line, however long."""
    for path, lines in tree.c_files():
        in_table = False
        for number, line in enumerate(lines, 1):
            if FORMAT_SWITCH in line:
                in_table = FORMAT_OFF in line
            elif len(line) > COLUMNS_MAX and not in_table:
                yield f"{path}:{number}: {len(line)} columns"


def guards_are_paths(tree):
    for path, lines in tree.c_files(".h"):
        guard = "CANDLED_" + re.sub(r"\W", "_", path).upper()
        if f"#ifndef {guard}" not in lines or f"#define {guard}" not in lines:
            yield f"{path}: the guard should be {guard}"


def headers_begin_with_what_they_are(tree):
    for path, lines in tree.c_files(".h"):
        if not lines[0].startswith("/*"):
            yield f"{path}: the first line should be a comment that says what this is"


def comments_promise_nothing(tree):
    for path, text in tree.text.items():
        if path.endswith((".c", ".h", ".py", ".sh", ".yaml", ".build")) or folder_of(path) in ("dev", "dev.d"):
            for number, line in enumerate(text.split("\n"), 1):
                if PROMISES.search(line):
                    yield f"{path}:{number}: {line.strip()}"


def only_tables_are_laid_out_by_hand(tree):
    for path, lines in tree.c_files():
        if folder_of(path) == "tests":
            continue
        for number, line in enumerate(lines, 1):
            if FORMAT_OFF in line and not re.match(r"#define \w+\(([A-Z]|ROW)\)", lines[number]):
                yield f"{path}:{number}: what follows is not an X-macro table"


# Where many people keep clones: to name such a folder says nothing about a machine.
COMMON_PARENTS = {"/" + name for name in
                  "app build code data home media mnt opt repo run src srv tmp usr var".split()}
URL = re.compile(r"\bhttps?://(?:[^@/\s]*@)?([^/\s:,\"'`<>)]+)")
LOCAL_HOST = re.compile(r"[^.]*$|127\.|.*[\[$%{]|.*\.(invalid|test|example)$")


def nothing_names_a_machine(tree):
    """Neither where this clone lies, nor whose it is."""
    paths = {str(pathlib.Path.home()), str(tree.root.parent)} - COMMON_PARENTS - {"/"}
    # A path counts where it begins: a folder of that name inside the tree is not somebody's home.
    found = re.compile(r"(?<![\w.$}/-])(" + "|".join(map(re.escape, sorted(paths))) + r")(?![\w-])")
    for path, text in tree.text.items():
        for number, line in enumerate(text.split("\n"), 1):
            if paths and (hit := found.search(line)):
                yield f"{path}:{number}: {hit[1]}"


def scripts_name_no_host(tree):
    """What is downloaded comes through the package clients, as this machine has them set up."""
    for path, text in tree.text.items():
        is_script = folder_of(path) in ("dev", "dev.d", ".ci", ".githooks") or path.endswith((".build", ".lock"))
        if is_script or (folder_of(path) == "tests" and path.endswith((".sh", ".py", ".txt"))):
            for number, line in enumerate(text.split("\n"), 1):
                if (hit := URL.search(line)) and not LOCAL_HOST.match(hit[1]):
                    yield f"{path}:{number}: {hit[1]}"


def objects(tree, library):
    """The object files of a library by name, each with its source: meson names them by the path from the folder."""
    folder = library.parent
    return {path.removeprefix(f"{folder}/").replace("/", "_") + ".o": path for path, _ in tree.c_files(".c")
            if str(folder) == "." or path.startswith(f"{folder}/")}


def may_export(tree, path, symbol):
    """foo.c exports foo or foo_*. A part of it, foo_bar.c beside foo.h, may export foo_* too, if a header of foo
    declares it."""
    stem = path.removesuffix(".c")
    name = pathlib.PurePath(stem).name
    if symbol == name or symbol.startswith(name + "_"):
        return True
    while "_" in name:
        stem, name = stem.rpartition("_")[0], name.rpartition("_")[0]
        headers = [t for p, t in tree.text.items() if re.fullmatch(re.escape(stem) + r"(_\w+)?\.h", p)]
        if f"{stem}.h" in tree.text and symbol.startswith(name + "_"):
            # What a table makes, config_type_##type say, is written nowhere in full.
            pieces = [re.escape(symbol[:i]) for i, letter in enumerate(symbol, 1) if letter == "_"]
            declared = re.compile(rf"\b{symbol}\b|\b({'|'.join(pieces)})##")
            return any(declared.search(text) for text in headers)
    return False


def symbols_begin_with_the_file(tree, build):
    libraries = [p.relative_to(build) for p in build.rglob("*.a")]
    known = 0
    for library in (p for p in libraries if folder_of(str(p)) != "tests"):
        sources = objects(tree, library)
        listing = subprocess.run(["nm", "-A", "-g", "--defined-only", build / library],
                                 capture_output=True, text=True, check=True).stdout
        for place, _, symbol in (line.rsplit(" ", 2) for line in listing.splitlines() if line.count(" ") > 1):
            path = sources.get(place.split(":")[-2].rsplit("/", 1)[-1])
            known += path is not None
            if path is None or symbol.startswith("__"):  # the sanitizers' own
                continue
            if not may_export(tree, path, symbol):
                yield f"{path}: exports {symbol}"
    if known == 0:
        yield f"{build}: no library has an object of ours"


RULES = [
    includes_point_right,
    includes_are_from_the_root,
    third_party_headers_stay_in_their_files,
    files_are_short,
    functions_are_short,
    lines_are_short,
    guards_are_paths,
    headers_begin_with_what_they_are,
    comments_promise_nothing,
    only_tables_are_laid_out_by_hand,
    nothing_names_a_machine,
    scripts_name_no_host,
]


def report(name, faults, only):
    faults = [fault for fault in faults if not only or fault.split(":")[0] in only]
    print(f"{'not ok' if faults else 'ok'} {name.replace('_', ' ')}")
    for fault in faults:
        print(f"# {fault}")
    return not faults


def say_what_is_long(tree, only):
    for path, lines in tree.c_files():
        if len(lines) > LINES_MANY and (not only or path in only):
            print(f"# {path}: {len(lines) - 1} lines; is there a second thing in it?", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description="holds the tree to its style")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--build", type=pathlib.Path)
    parser.add_argument("only", nargs="*", metavar="FILE")
    options = parser.parse_args()
    tree = Tree(options.root.resolve())
    passed = [report(rule.__name__, rule(tree), options.only) for rule in RULES]
    if options.build:
        faults = symbols_begin_with_the_file(tree, options.build)
        passed.append(report(symbols_begin_with_the_file.__name__, faults, options.only))
    say_what_is_long(tree, options.only)
    return 0 if all(passed) else 1


sys.exit(main())
