"""Plots of a run, as SVG: bars of what each side takes for one job, and curves over clients. No library draws them."""
import html
from math import ceil, floor, log10

W, ROW, LEFT, RIGHT = 860, 24, 240, 110
OURS, PEER, AXIS = "#2f6f4f", "#8a8f98", "#c8ccd2"
STYLE = "<style>text{font:13px sans-serif;fill:#24292f}.dim{fill:#57606a}</style>"
COLORS = ("#2f6f4f", "#b3541e", "#3b6ea8", "#8a5fa8", "#7a7f87", "#a88f2f", "#c04c6a")


def svg(height, pieces):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {W} {height}" width="{W}" height="{height}">{STYLE}'
            f'<rect width="{W}" height="{height}" fill="#ffffff"/>{"".join(pieces)}</svg>\n')


def text(x, y, words, anchor="start", kind=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind and f" class={chr(34)}{kind}{chr(34)}"}>{html.escape(words)}</text>'


def short(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def decades(low, high):
    """Powers of ten around both."""
    return [10.0 ** power for power in range(floor(log10(low)), ceil(log10(high)) + 1)]


def bars(title, unit, rows):
    """`rows`: (name, value, whether it is ours), each on a logarithmic axis, the smallest first."""
    rows = sorted(rows, key=lambda row: row[1])
    ticks = decades(rows[0][1] * 0.7, rows[-1][1])
    span = max(log10(ticks[-1] / ticks[0]), 1)
    place = lambda value: LEFT + (W - LEFT - RIGHT) * log10(value / ticks[0]) / span  # noqa: E731
    bottom = 44 + ROW * len(rows)
    pieces = [text(12, 22, title)]
    for tick in ticks:
        pieces.append(f'<line x1="{place(tick):.1f}" y1="34" x2="{place(tick):.1f}" y2="{bottom}" stroke="{AXIS}"/>')
        pieces.append(text(place(tick), bottom + 16, f"{tick:g} {unit}", "middle", "dim"))
    for number, (name, value, ours) in enumerate(rows):
        y = 40 + ROW * number
        pieces.append(f'<rect x="{LEFT}" y="{y}" width="{place(value) - LEFT:.1f}" height="{ROW - 7}" fill="{OURS if ours else PEER}"/>')
        pieces += [text(LEFT - 8, y + 13, name, "end"), text(place(value) + 6, y + 13, f"{short(value)} {unit}", "start", "dim")]
    return svg(bottom + 28, pieces)


def curves(title, x_name, unit, lines):
    """`lines`: {name: [(x, y)]}; x and y are logarithmic."""
    points = [point for line in lines.values() for point in line]
    xs = sorted({x for x, _ in points})
    ys = decades(min(y for _, y in points), max(y for _, y in points))
    height, bottom = 360, 316
    right = W - 250
    at_x = lambda x: 70 + (right - 70) * (log10(x / xs[0]) / log10(xs[-1] / xs[0]) if len(xs) > 1 else 0.5)  # noqa: E731
    at_y = lambda y: bottom - (bottom - 40) * log10(y / ys[0]) / log10(ys[-1] / ys[0])  # noqa: E731
    pieces = [text(12, 22, title)]
    for y in ys:
        pieces.append(f'<line x1="70" y1="{at_y(y):.1f}" x2="{right}" y2="{at_y(y):.1f}" stroke="{AXIS}"/>')
        pieces.append(text(62, at_y(y) + 4, f"{y:g}", "end", "dim"))
    pieces += [text(at_x(x), bottom + 18, f"{x:g}", "middle", "dim") for x in xs]
    pieces.append(text((70 + right) / 2, bottom + 36, f"{x_name}; {unit}", "middle", "dim"))
    ranked = sorted(lines, key=lambda name: -lines[name][-1][1])
    for number, name in enumerate(ranked):
        color = COLORS[number % len(COLORS)]
        path = " ".join(f"{at_x(x):.1f},{at_y(y):.1f}" for x, y in sorted(lines[name]))
        pieces.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        pieces += [f'<circle cx="{at_x(x):.1f}" cy="{at_y(y):.1f}" r="3" fill="{color}"/>' for x, y in lines[name]]
        y = 52 + 20 * number
        pieces.append(f'<line x1="{right + 16}" y1="{y}" x2="{right + 36}" y2="{y}" stroke="{color}" stroke-width="3"/>')
        pieces.append(text(right + 42, y + 4, name))
    return svg(height, pieces)


def latency_bars(session, metric, title):
    ours = {contender.name for contender in session.contenders if contender.ours}
    rows = [(side.who, side.p50, side.who in ours) for side in session.sides if side.metric == metric]
    return bars(title, "ms", rows) if rows else None


def throughput_curve(session):
    lines = {}
    for side in session.sides:
        head, _, tail = side.metric.partition(" clients, ")
        if tail == "jobs a second" and head.startswith("W1, "):
            lines.setdefault(side.who, []).append((int(head[4:]), side.p50))
    lines = {name: sorted(points) for name, points in lines.items() if len(points) > 2}
    return curves("hello jobs a second, by clients at one time", "clients", "jobs a second", lines) if lines else None


def draw_all(session, directory):
    """Writes those for which there are numbers; {name of the file: what it shows}."""
    plots = {
        "performance-hello.svg": ("hello: from the start of a job to its end, everything reaped and handed back (median; logarithmic)",
                                  lambda words: latency_bars(session, "W1, back to back, to reaped", words)),
        "performance-pandas.svg": ("pandas: the same, of a groupby over 1,000 rows (median; logarithmic)",
                                   lambda words: latency_bars(session, "W4, back to back, to reaped", words)),
        "performance-clients.svg": ("hello jobs a second, by clients at one time", lambda _: throughput_curve(session)),
    }
    drawn = {}
    for name, (words, draw) in plots.items():
        if picture := draw(words):
            (directory / name).write_text(picture)
            drawn[name] = words
    return drawn
