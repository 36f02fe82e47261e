# SPDX-License-Identifier: Apache-2.0
"""The page: HTML that is also well-formed XML and needs nothing from anywhere."""
import datetime
import html
import pathlib

from . import charts, compare, derive, terminal
from .run import NAMES, workers_text

STYLE = (pathlib.Path(__file__).parent / "style.css").read_text(encoding="utf-8")

HOW_TO_READ = """\
Each program computes the same thing as plain serial C, and with its parallel parts given to each runtime; every result
was checked against the serial one. <b>Speed-up</b> is the serial program’s time over the runtime’s, so that 1× is as
fast as not going parallel at all, and what a runtime itself costs is not hidden by comparing it with itself on one
worker: that cost is where its curve begins. <b>Efficiency</b> is speed-up divided by workers. The dashed line is
ideal: work shared without loss. Curves may lie above it where more cores bring more cache. Ratios are of the fastest
rounds, because whatever else runs on a machine can only make a round slower; before believing a difference look at the
spread in the <a href="#numbers">table of all numbers</a>."""

MARKERS = {
    "skua": '<circle cx="15" cy="7" r="4.4"/>',
    "openmp-gcc": '<rect x="11" y="3" width="8" height="8"/>',
    "openmp-llvm": '<path d="M15 2 L20 11 L10 11 Z"/>',
    "tbb": '<path d="M15 1.5 L20.5 7 L15 12.5 L9.5 7 Z"/>',
}

# As in charts.LOOK.
DASHES = {"skua, static": ' stroke-dasharray="7 3"', "skua, in a task": ' stroke-dasharray="2.5 2.5"'}


def escape(text):
    return html.escape(str(text), quote=True)


def percent(value):
    return f"{value * 100:.0f} %"


def signed(value):
    return f"{value:+,.0f}".replace("-", "\u2212")


def name(runtime, title=None):
    """A runtime's name, or another title, behind the piece of line that stands for it in the charts."""
    if runtime not in MARKERS:
        return f'<span class="serial">{NAMES[runtime]}</span>'
    return (f'<svg class="key {runtime}" viewBox="0 0 30 14" aria-hidden="true" fill="currentColor" '
            f'stroke="currentColor"><path d="M0 7 H30" stroke-width="2"{DASHES.get(title, "")}/>{MARKERS[runtime]}'
            f'</svg>{title or NAMES[runtime]}')


def table(head, rows, kind="wide"):
    """head: cells as HTML, those of a column of words behind "<>". rows: (class, cells as HTML with their own td)."""
    lines = [f'<div class="scroll"><table class="{kind}"><thead><tr>']
    lines += [f'<th class="words">{cell[2:]}</th>' if cell.startswith("<>") else f"<th>{cell}</th>" for cell in head]
    lines.append("</tr></thead><tbody>")
    lines += [f'<tr class="{look}">{cells}</tr>' if look else f"<tr>{cells}</tr>" for look, cells in rows]
    lines.append("</tbody></table></div>")
    return "".join(lines)


def cells(values, best=None):
    return "".join(f'<td class="best">{value}</td>' if index == best else f"<td>{value}</td>"
                   for index, value in enumerate(values))


def overview(results):
    most = results.most_workers()
    runtimes = results.runtimes("scaling")
    rows = []
    for kernel in results.kernels("scaling"):
        speedups = [results.speedup(kernel, runtime, most) for runtime in runtimes]
        known = [speedup for speedup in speedups if speedup]
        serial = results.best("scaling", kernel=kernel, runtime="serial")
        rows.append(("", f"<th>{escape(kernel)}</th><td>{derive.seconds(serial) if serial else '-'}</td>" + cells(
            [f"{derive.times(speedup)}×" if speedup else "-" for speedup in speedups],
            speedups.index(max(known)) if known else None)))
    head = ["kernel", "serial C", *[name(runtime) for runtime in runtimes]]
    return (f'<div class="card"><h3>Speed-up over serial C on {workers_text(most)}</h3>'
            f"<p>More is better; {most}× would be ideal. The best of each row is bold.</p>"
            f"{table(head, rows)}</div>")


def scaling(results):
    parts = ['<h2 id="scaling">Speed-up and efficiency</h2>', overview(results)]
    for kernel in results.kernels("scaling"):
        size = results.select("scaling", kernel=kernel)[0]["size"]
        parts.append(f'<div class="card"><h3>{escape(kernel)} {size:,}</h3>'
                     f"<p>{escape(results.summaries.get(kernel, ''))}</p>{charts.scaling(results, kernel)}</div>")
    return "".join(parts)


def granularity(results):
    rows = []
    found = {runtime: derive.metg(derive.granularity(results, runtime)) for runtime in results.runtimes("granularity")}
    for runtime, shortest in found.items():
        if shortest:
            rows.append(("", f"<td>{name(runtime)}</td><td>{derive.metg_text(shortest)}</td>"))
    return (f'<h2 id="granularity">How short may a task be?</h2>'
            "<p>The same arithmetic is cut into shorter and shorter tasks, spawned as a binary tree. A runtime’s METG, "
            "the minimum effective task granularity of Slaughter et al. (Task Bench, SC 2020), is the shortest task at "
            "which the workers still spend half of their time on the work. Lengths are as the serial program, one loop "
            "over all tasks, measures them.</p>"
            f'<div class="card">{charts.granularity(results)}</div>'
            f'<div class="card"><h3>METG (50 %) on {workers_text(results.most_workers())}</h3><p>Less is better.</p>'
            f"{table(['runtime', 'shortest task'], rows, 'narrow')}</div>")


def loops(results):
    sizes = results.sizes("launch")
    serial = {size: time_s for size, _, time_s in derive.loops(results, "serial", ["main"])}
    rows = [("", f"<td>{name('serial')}</td>" + cells([derive.seconds(serial[size]) if size in serial else "-"
                                                       for size in sizes]))]
    for title, runtime, variants in derive.LOOPS:
        found = {size: time_s for size, _, time_s in derive.loops(results, runtime, variants)}
        if found:
            values = [derive.seconds(found[size]) if size in found else "-" for size in sizes]
            rows.append(("", f"<td>{name(runtime, title)}</td>{cells(values)}"))
    return ('<h2 id="loops">What does a parallel loop cost to start?</h2>'
            "<p>One daxpy loop right after the other, each waited for: below the line of serial C a loop is worth "
            "going parallel. OpenMP is at its best here: static schedule and threads that wait actively "
            "(<code>OMP_WAIT_POLICY=active</code>). oneTBB is the better of its default and its static partitioner. "
            "skua is shown with its default schedule, with the static one, and with the loops started from inside a "
            "task, where OpenMP cannot start such a loop.</p>"
            f'<div class="card">{charts.loops(results)}</div>'
            '<div class="card"><h3>Time of one loop</h3><p>By the number of doubles.</p>'
            f"{table(['', *[charts.count_text(size) for size in sizes]], rows)}</div>")


def changes(found):
    rows = []
    for title, some in (("slower", found.slower), ("faster", found.faster)):
        for ratio, old, new in some:
            workers = new["workers"]
            rows.append(("", f"<td>{title}</td><td class=\"words\">{escape(new['kernel'])} {new['size']:,}</td>"
                         f"<td class=\"words\">{name(new['runtime'])}</td><td>{workers}</td>"
                         f"<td>{derive.seconds(old['seconds']['min'])}</td>"
                         f"<td>{derive.seconds(new['seconds']['min'])}</td><td>{signed((ratio - 1) * 100)} %</td>"))
    head = ["", "<>kernel", "<>runtime", "workers", "then", "now", "change"]
    body = table(head, rows) if rows else "<p>Nothing changed.</p>"
    notes = "".join(f'<p class="banner">{escape(note)}</p>' for note in found.notes)
    return (f'<h2 id="changes">Since then</h2><p>{escape(found.headline())}.</p>'
            f'<p class="note">{escape(compare.RULE)}</p>{notes}<div class="card">{body}</div>')


def failures(results):
    rows = "".join(f"<li>{escape(terminal.describe(line))}: {escape(line['failed'])}</li>"
                   for line in results.failures())
    return f'<h2 id="failed">Failed</h2><ul>{rows}</ul>' if rows else ""


def numbers(results):
    rows = []
    for part in ("scaling", "granularity", "launch"):
        last = None
        for line in results.select(part):
            step = line["kernel"], line["size"]
            time_s = line["seconds"]
            serial = results.best(part, kernel=line["kernel"], size=line["size"], runtime="serial")
            speedup, overhead = "", ""
            if serial and line["runtime"] != "serial":
                speedup = f"{derive.times(serial / time_s['min'])}×"
                if line["workers"] == 1:
                    overhead = f"{signed((time_s['min'] / serial - 1) * 100)} %"
            if step != last:
                rows.append(("group", f'<th colspan="9">{escape(line["kernel"])} {line["size"]:,}</th>'))
            each = derive.seconds(line["ns_per_task"] * 1e-9) if "ns_per_task" in line else ""
            rows.append(("", f"<td>{name(line['runtime'])}</td><td>{line['workers']}</td>"
                         f"<td>{derive.seconds(time_s['min'])}</td><td>{derive.seconds(time_s['median'])}</td>"
                         f"<td>{percent(time_s['spread'])}</td><td>{time_s['count']}</td><td>{speedup}</td>"
                         f"<td>{overhead}</td><td>{each}</td>"))
            last = step
    head = ["runtime", "workers", "min", "median", "spread", "rounds", "speed-up", "overhead<br/>on 1 worker",
            "each task<br/>or loop"]
    return ('<h2 id="numbers">All numbers</h2><p class="note">Spread is (max − min) ÷ median over the rounds. Overhead '
            "is the time over the serial program’s, less 1. Each task, or loop: time divided by their number, on "
            "several workers a throughput.</p>"
            f'<div class="card">{table(head, rows, "wide numbers")}</div>')


def settings(results):
    """One row for each runtime: compiler and pinning, as skua-bench tells them."""
    seen = {}
    for line in results.lines:
        if line.get("compiler"):
            seen.setdefault(line["runtime"], (line["compiler"].strip(), line["pinning"]))
    rows = [("", f"<td>{name(runtime)}</td><td class=\"words wrap\">{escape(seen[runtime][0])}</td>"
             f"<td class=\"words wrap\">{escape(seen[runtime][1])}</td>") for runtime in NAMES if runtime in seen]
    facts = [("commit", results.machine("commit")), ("measured", when(results)), ("command",
             " ".join(["perf/report", *results.data["arguments"]])), ("processor", results.machine("machine")),
             ("topology", results.machine("topology")), ("system", results.machine("system"))]
    tree = f"<pre>{escape(results.data['tree'])}</pre>" if results.data["tree"] else ""
    return ('<h2 id="machine">Machine and settings</h2><div class="card">'
            + table(["", ""], [("", f"<td class=\"dim\">{what}</td><td class=\"words wrap\">{escape(value)}</td>")
                               for what, value in facts], "narrow").replace("<thead><tr><th></th><th></th></tr>"
                                                                            "</thead>", "")
            + f'</div><div class="card">{table(["runtime", "<>compiler", "<>threads"], rows)}'
            "<p>Each runtime with each number of workers is a process of its own; they take turns, round by round, and "
            "whoever has no turn is stopped. perf/README.md says more.</p></div>" + tree)


def when(results):
    return datetime.datetime.fromisoformat(results.data["date"]).strftime("%Y-%m-%d %H:%M %z")


def banner(results):
    notes = []
    if results.done < results.planned:
        notes.append(f"Interrupted: {results.done} of {results.planned} steps were measured.")
    mode = results.data["mode"]
    if mode != "full":
        notes.append(f"This is a {mode} run: few rounds on small problems"
                     + (", which test the report and measure nothing." if mode == "tiny" else "."))
    if results.lines and results.most_workers() <= 2:
        notes.append("Two workers show what a runtime costs, not how it scales.")
    return f'<p class="banner">{" ".join(notes)}</p>' if notes else ""


def write(results, found):
    """Returns: the page; found are the changes since other results, or None."""
    parts = [
        f"<h1>skua: how it scales</h1>"
        f'<p class="lead">{escape(results.machine("machine"))}, {escape(results.machine("topology"))}. '
        f'{when(results)}, commit {escape(results.machine("commit"))}.</p>',
        banner(results), f"<h2>How to read it</h2><p>{HOW_TO_READ}</p>"]
    if found:
        parts.append(changes(found))
    parts.append(failures(results))
    if results.select("scaling"):
        parts.append(scaling(results))
    if results.select("granularity"):
        parts.append(granularity(results))
    if results.select("launch"):
        parts.append(loops(results))
    if results.lines:
        parts += [numbers(results), settings(results)]
    else:
        parts.append("<p>Nothing was measured.</p>")
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
            '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
            f"<title>skua: how it scales</title><style>\n{STYLE}</style></head>\n<body>\n"
            + "\n".join(parts) + "\n</body></html>\n")
