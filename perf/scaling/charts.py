# SPDX-License-Identifier: Apache-2.0
"""The charts, as SVG to stand inside the page. Colours are those of the page's style sheet, which knows a light and a
dark set: matplotlib draws with stand-in colours that are replaced by var(--name). Text stays text, in the page's font;
it is laid out in DejaVu Sans, which is wider than what browsers take instead, so that nothing comes to overlap.
"""
import io
import itertools
import re

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.transforms import ScaledTranslation  # noqa: E402
from matplotlib.ticker import FixedLocator, FuncFormatter, MultipleLocator, NullFormatter, NullLocator  # noqa: E402

from . import derive  # noqa: E402
from .run import NAMES, workers_text  # noqa: E402

# The stand-in of each colour of the style sheet.
NAMES_OF_COLOURS = ["ink", "muted", "grid", "paper", "skua", "openmp-gcc", "openmp-llvm", "tbb"]
COLOUR = {name: f"#fe00{number:02x}" for number, name in enumerate(NAMES_OF_COLOURS)}

MARKER = {"skua": "o", "openmp-gcc": "s", "openmp-llvm": "^", "tbb": "D"}
WIDTH = {"skua": 2.4}
LABEL_GAP = 1.25  # between the middles of two labels, in heights of a line

plt.rcParams.update({
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.labelsize": 10,
    "axes.labelcolor": COLOUR["muted"],
    "axes.titlecolor": COLOUR["ink"],
    "axes.edgecolor": COLOUR["grid"],
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": COLOUR["grid"],
    "grid.linewidth": 0.8,
    "xtick.color": COLOUR["muted"],
    "ytick.color": COLOUR["muted"],
    "xtick.major.size": 4,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "text.color": COLOUR["ink"],
    "figure.facecolor": "none",
    "lines.solid_capstyle": "round",
})

serial_number = itertools.count(1)


def to_svg(figure, title, text):
    """The figure as an <svg> element that can stand beside others; title and text are for screen readers."""
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    svg = out.getvalue()
    svg = svg[svg.index("<svg"):]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.S)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.S)
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg).replace("xlink:href", "href")
    # Names are unique within a figure only.
    prefix = f"c{next(serial_number)}-"
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    svg = re.sub(r'href="#', f'href="#{prefix}', svg)
    svg = re.sub(r"url\(#", f"url(#{prefix}", svg)
    for name, colour in COLOUR.items():
        svg = svg.replace(colour, f"var(--{name})")
    svg = re.sub(r"font: ([^;\"]*?[\d.]+px) [^;\"]*", r"font: \1 var(--font)", svg)
    svg = re.sub(r'<svg [^>]*viewBox="([^"]*)"[^>]*>',
                 rf'<svg class="chart" viewBox="\1" role="img" aria-labelledby="{prefix}t">'
                 rf'<title id="{prefix}t">{title}</title><desc>{text}</desc>', svg, count=1)
    return svg


def apart(wanted, height, low, high):
    """Positions near the wanted ones, which ascend, at least height from each other and between low and high."""
    groups = []  # [sum of wanted places of the first label, number of labels], each group laid out around its mean
    for position in wanted:
        groups.append([position, 1])
        while len(groups) > 1 and bottom(groups[-1], height, low, high) < (
                bottom(groups[-2], height, low, high) + groups[-2][1] * height):
            total, count = groups.pop()
            groups[-1][0] += total - count * groups[-1][1] * height
            groups[-1][1] += count
    return [bottom(group, height, low, high) + index * height for group in groups for index in range(group[1])]


def bottom(group, height, low, high):
    total, count = group
    return max(low, min(total / count, high - (count - 1) * height))


def label_ends(axes, ends):
    """Names the curves at their right ends: (x, y, text, colour). Labels that would overlap are moved apart."""
    figure = axes.figure
    aside = ScaledTranslation(17 / 72, 0, figure.dpi_scale_trans)
    height = plt.rcParams["font.size"] * LABEL_GAP * figure.dpi / 72
    low, high = axes.transAxes.transform([(0, 0), (0, 1)])[:, 1]
    ends = sorted(ends, key=lambda end: axes.transData.transform(end[:2])[1])
    positions = apart([axes.transData.transform(end[:2])[1] for end in ends], height, low, high)
    for (*end, text, colour), at in zip(ends, positions):
        moved = abs(at - axes.transData.transform(end)[1]) > height / 3
        y = axes.transAxes.inverted().transform((0, at))[1]
        axes.annotate(text, xy=end, xycoords="data", xytext=(1, y), textcoords=axes.transAxes + aside,
                      va="center", color=colour, annotation_clip=False,
                      fontweight="bold" if text.startswith("skua") else "normal",
                      arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.7, "shrinkA": 1, "shrinkB": 5,
                                  "relpos": (0, 0.5)} if moved else None)


def curve(axes, xs, ys, runtime, **more):
    axes.plot(xs, ys, color=COLOUR[runtime], marker=MARKER[runtime], markersize=5.5, markeredgecolor=COLOUR["paper"],
              markeredgewidth=0.8, linewidth=WIDTH.get(runtime, 1.7), zorder=4 if runtime == "skua" else 3, **more)


def workers_axis(axes, counts):
    """Powers of two on a logarithmic axis; a last number that is none joins where there is room."""
    axes.set_xscale("log", base=2)
    shown = [count for count in counts if count == counts[-1] or count * 1.35 < counts[-1]]
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlim(counts[0] * 0.93, counts[-1] * 1.04 if len(counts) > 1 else counts[0] * 1.07)
    axes.set_xlabel("workers")


def log_ticks(low, high, step):
    """Powers of step that cover low to high."""
    ticks = [1.0]
    while ticks[0] > low * 1.001:
        ticks.insert(0, ticks[0] / step)
    while ticks[-1] < high * 0.999:
        ticks.append(ticks[-1] * step)
    return ticks


def value_axis(axes, values):
    """A logarithmic axis that holds all values, with five or so round ticks."""
    low, high = min(values), max(values)
    for step in (2, 10, 100, 1000):
        ticks = log_ticks(low, high, step)
        if len(ticks) <= 8 and (step > 2 or low > 0.1):
            break
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    margin = (high / low) ** 0.05 * 1.04
    axes.set_ylim(low / margin, high * margin)


def percent_ticks(axes):
    """Quarters, up to the limit that is set."""
    axes.yaxis.set_major_locator(MultipleLocator(0.25 if axes.get_ylim()[1] < 2 else 0.5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:.0f} %"))


def scaling(results, kernel):
    """Speed-up and efficiency of one kernel over the number of workers."""
    runtimes = results.runtimes("scaling")
    counts = sorted({line["workers"] for line in results.select("scaling", kernel=kernel)
                     if line["runtime"] != "serial"})
    curves = {}
    for runtime in runtimes:
        found = [(count, results.speedup(kernel, runtime, count)) for count in counts]
        found = [point for point in found if point[1]]
        if found:
            curves[runtime] = found
    if not curves:
        return ""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.4, 3.6))
    figure.subplots_adjust(left=0.055, right=0.865, top=0.86, bottom=0.145, wspace=0.66)
    ideal = [(count, count) for count in counts]
    left.plot(*zip(*ideal), color=COLOUR["muted"], linestyle=(0, (4, 3)), linewidth=1.2, zorder=2)
    right.axhline(1, color=COLOUR["muted"], linestyle=(0, (4, 3)), linewidth=1.2, zorder=2)
    for runtime, points in curves.items():
        curve(left, *zip(*points), runtime)
        curve(right, *zip(*[(count, speedup / count) for count, speedup in points]), runtime)
    speedups = [speedup for points in curves.values() for _, speedup in points]
    workers_axis(left, counts)
    value_axis(left, speedups + counts)
    left.set_title("Speed-up over serial C")
    workers_axis(right, counts)
    right.set_ylim(0, max(1.08, max(s / c for points in curves.values() for c, s in points) * 1.04))
    percent_ticks(right)
    right.set_title("Efficiency: speed-up ÷ workers")
    figure.canvas.draw()
    label_ends(left, [(*points[-1], NAMES[runtime], COLOUR[runtime]) for runtime, points in curves.items()]
               + [(*ideal[-1], "ideal", COLOUR["muted"])])
    label_ends(right, [(points[-1][0], points[-1][1] / points[-1][0], NAMES[runtime], COLOUR[runtime])
                       for runtime, points in curves.items()] + [(counts[-1], 1, "ideal", COLOUR["muted"])])
    return to_svg(figure, f"{kernel}: speed-up and efficiency over workers",
                  "; ".join(f"{NAMES[runtime]}: {derive.times(points[-1][1])} times serial on "
                            f"{workers_text(points[-1][0])}" for runtime, points in curves.items()))


def decades(axis, low, high, text, every=1):
    ticks = [10.0 ** power for power in range(-12, 13, every) if low * 0.999 <= 10.0 ** power <= high * 1.001]
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(FuncFormatter(lambda value, _: text(value)))


def granularity(results):
    """Efficiency over the length of tasks, with METG where each curve crosses one half."""
    curves = {runtime: derive.granularity(results, runtime) for runtime in results.runtimes("granularity")}
    curves = {runtime: points for runtime, points in curves.items() if points}
    if not curves:
        return ""
    figure, axes = plt.subplots(figsize=(10.4, 4.4))
    figure.subplots_adjust(left=0.055, right=0.85, top=0.89, bottom=0.125)
    lengths = [length for points in curves.values() for length, _ in points]
    axes.set_xscale("log")
    axes.set_xlim(min(lengths) * 0.85, max(lengths) * 1.12)
    decades(axes.xaxis, min(lengths) * 0.85, max(lengths) * 1.12, lambda ns: derive.seconds(ns * 1e-9))
    axes.set_xlabel("length of a task")
    axes.set_ylim(0, max(1.05, max(e for points in curves.values() for _, e in points) * 1.04))
    percent_ticks(axes)
    axes.set_title(f"Efficiency on {workers_text(results.most_workers())}")
    axes.axhline(derive.HALF, color=COLOUR["ink"], linestyle=(0, (5, 3)), linewidth=1.2, zorder=2)
    for runtime, points in curves.items():
        curve(axes, *zip(*points), runtime)
        how, ns = derive.metg(points)
        if how == "at":
            axes.plot([ns, ns], [0, derive.HALF], color=COLOUR[runtime], linewidth=1.2, linestyle=(0, (1, 2)),
                      zorder=2)
    figure.canvas.draw()
    label_ends(axes, [(*points[-1], NAMES[runtime], COLOUR[runtime]) for runtime, points in curves.items()]
               + [(max(lengths), derive.HALF, "50 %: METG", COLOUR["ink"])])
    return to_svg(figure, "Efficiency over the length of tasks",
                  "; ".join(f"{NAMES[runtime]} reaches 50 % at {derive.metg_text(derive.metg(points))}"
                            for runtime, points in curves.items()))


# How the ways of one runtime differ: the rest of the line's look.
LOOK = {"skua, static": {"linestyle": (0, (6, 2))}, "skua, in a task": {"linestyle": (0, (1.5, 1.5))}}


def count_text(value):
    for unit, factor in (("M", 1e6), ("k", 1e3)):
        if value >= factor:
            return f"{value / factor:g} {unit}"
    return f"{value:g}"


def loops(results):
    """Time of a loop over serial, over its length."""
    curves = [(name, runtime, derive.loops(results, runtime, variants)) for name, runtime, variants in derive.LOOPS]
    curves = [found for found in curves if found[2]]
    if not curves:
        return ""
    most = results.most_workers()
    figure, axes = plt.subplots(figsize=(10.4, 4.6))
    figure.subplots_adjust(left=0.065, right=0.835, top=0.89, bottom=0.12)
    sizes = results.sizes("launch")
    low, high = sizes[0] / 1.15, sizes[-1] * 1.15
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    decades(axes.xaxis, low, high, count_text)
    axes.set_xlabel("doubles in a loop")
    axes.axhline(1, color=COLOUR["ink"], linewidth=1.2, zorder=2)
    axes.axhline(1 / most, color=COLOUR["muted"], linestyle=(0, (4, 3)), linewidth=1.2, zorder=2)
    for name, runtime, points in curves:
        curve(axes, [point[0] for point in points], [point[1] for point in points], runtime, **LOOK.get(name, {}))
    value_axis(axes, [point[1] for _, _, points in curves for point in points] + [1, 1 / most])
    axes.set_title(f"Time of a loop on {workers_text(most)}, over serial C: less is better")
    figure.canvas.draw()
    ends = [(points[-1][0], points[-1][1], name, COLOUR[runtime]) for name, runtime, points in curves]
    ends.append((sizes[-1], 1, "serial C", COLOUR["ink"]))
    if most > 1:
        ends.append((sizes[-1], 1 / most, "ideal", COLOUR["muted"]))
    label_ends(axes, ends)
    return to_svg(figure, "Time of a loop over its length",
                  "; ".join(f"{name}: {derive.times(points[0][1])} times serial at {points[0][0]} doubles, "
                            f"{derive.times(points[-1][1])} at {points[-1][0]}" for name, _, points in curves))
