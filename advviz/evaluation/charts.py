"""The charts of an evaluation, as plotly's JSON: the page and the report draw the same."""

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from advviz.evaluation import figures
from advviz.evaluation.chart_looks import SYMBOLS, Chart, axis_title, layout, look, unit
from advviz.evaluation.plan import Budget
from advviz.evaluation.tally import Tally
from advviz.models.records import record

POINTS = 400
"""Images of an attack that are drawn one by one."""


def accuracy_over_eps(tally: Tally, norm: str) -> Chart:
    """Draw accuracy over eps: of each model the worst case, large, and each attack, faint."""
    traces: list[Chart] = []
    for model in tally.work.plan.models:
        traces += _of_attacks(tally, model, norm)
    for model in tally.work.plan.models:
        traces.append(_of_worst(tally, model, norm))
    frame = layout(axis_title(norm), "images that stay right")
    frame["yaxis"] |= {"tickformat": ".0%", "range": [-0.03, 1.03]}
    frame["legend"] = {"orientation": "h", "y": -0.2, "font": {"size": 13}}
    frame |= {"height": 520, "annotations": _names(tally, traces)}
    frame["margin"] |= {"r": 190}
    return {"data": traces, "layout": frame}


def _names(tally: Tally, traces: Sequence[Chart]) -> list[Chart]:
    """Name each worst case where its curve ends, moved apart where ends meet."""
    ends = sorted(
        (trace["y"][-1], trace["x"][-1], model)
        for model, trace in zip(
            tally.work.plan.models, traces[-len(tally.work.plan.models) :], strict=True
        )
        if trace["y"]
    )
    found, above = [], -1.0
    for value, x, model in ends:
        above = max(value, above + 0.065)
        symbol = "●" if record(model).is_robust else "○"
        found.append(
            {
                "x": x,
                "y": above,
                "xanchor": "left",
                "xshift": 14,
                "showarrow": False,
                "align": "left",
                "text": f"<b>{symbol} {escape(record(model).title)} {value:.0%}</b>",
                "font": {"color": look(tally, model)["colour"], "size": 15},
            }
        )
    return found


def _of_worst(tally: Tally, model: str, norm: str) -> Chart:
    points = [(0.0, figures.clean(tally, model), "clean")]
    for eps in tally.work.plan.radii(norm):
        if eps > 0:
            budget = Budget(norm, eps)
            points.append((eps, figures.worst(tally, model, budget).share, str(budget)))
    known = [(eps, share, name) for eps, share, name in points if share is not None]
    style = look(tally, model)
    shares = [share for _, share, _ in known]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": f"{record(model).title}: worst case",
        "legendgroup": model,
        "x": [unit(norm, eps) for eps, _, _ in known],
        "y": [share.value for share in shares],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [share.interval[1] - share.value for share in shares],
            "arrayminus": [share.value - share.interval[0] for share in shares],
            "thickness": 1.6,
            "width": 6,
        },
        "line": {"color": style["colour"], "dash": style["dash"], "width": 4},
        "marker": {"symbol": style["symbol"], "size": 12, "line": {"width": 2.5}},
        "customdata": [[model, "", norm, eps, share.n, name] for eps, share, name in known],
        "hovertemplate": "%{customdata[5]}: %{y:.1%} of %{customdata[4]}<extra>%{fullData.name}"
        "</extra>",
    }


def _of_attacks(tally: Tally, model: str, norm: str) -> Iterator[Chart]:
    """Draw each attack's own curve, where there is more than one."""
    plan = tally.work.plan
    attacks = plan.attacks_in(norm)
    if len(attacks) < 2:
        return
    style = look(tally, model)
    for place, attack in enumerate(attacks):
        shares = [
            (eps, figures.accuracy(tally, model, attack.name, Budget(norm, eps)))
            for eps in plan.radii(norm)
        ]
        known = [(eps, share) for eps, share in shares if share is not None]
        yield {
            "type": "scatter",
            "mode": "lines+markers",
            "name": f"{record(model).title}: {attack.name}",
            "legendgroup": model,
            "x": [unit(norm, eps) for eps, _ in known],
            "y": [share.value for _, share in known],
            "opacity": 0.5,
            "line": {"color": style["colour"], "dash": "dot", "width": 1.2},
            "marker": {"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 6},
            "customdata": [
                [model, attack.name, norm, eps, share.n, str(share)] for eps, share in known
            ],
            "hovertemplate": "%{customdata[5]}, n = %{customdata[4]}<extra>%{fullData.name}"
            "</extra>",
        }


def smallest_eps(tally: Tally, norm: str) -> Chart:
    """Draw the share of right images that are fooled within each radius, and the medians."""
    traces: list[Chart] = []
    for model in tally.work.plan.models:
        found, style = figures.smallest_eps(tally, model, norm), look(tally, model)
        if not found.n:
            continue
        radii, shares = found.curve()
        traces.append(
            {
                "type": "scatter",
                "mode": "lines" if found.searched else "lines+markers",
                "name": record(model).title,
                "x": [0.0, *(unit(norm, eps) for eps in radii)],
                "y": [0.0, *shares],
                "line": {
                    "color": style["colour"],
                    "dash": style["dash"],
                    "width": 3,
                    "shape": "hv",
                },
                "marker": {"symbol": style["symbol"], "size": 8},
            }
        )
        if found.median is not None:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers+text",
                    "name": f"{record(model).title}: median",
                    "showlegend": False,
                    "x": [unit(norm, found.median)],
                    "y": [0.5],
                    "text": [f"median {unit(norm, found.median):.3g}"],
                    "textposition": "top left",
                    "textfont": {"color": style["colour"]},
                    "marker": {"color": style["colour"], "symbol": "line-ns-open", "size": 16},
                }
            )
    frame = layout(axis_title(norm).replace("eps", "size of the change"), "images fooled by it")
    frame["yaxis"] |= {"tickformat": ".0%", "range": [-0.02, 1.04]}
    return {"data": traces, "layout": frame}


def strength_and_effect(tally: Tally, norm: str) -> Chart:
    """Set how far each attack went against how much the answer changed: per image, and means."""
    traces: list[Chart] = []
    for model in tally.work.plan.models:
        style = look(tally, model)
        found = [each for each in figures.effects(tally, model, norm) if len(each.rows)]
        for each in found:
            shown = slice(None, None, -(-len(each.rows) // POINTS))
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "showlegend": False,
                    "opacity": 0.28,
                    "name": f"{record(model).title}: {each.attack}",
                    "x": [round(unit(norm, float(d)), 5) for d in each.distance[shown]],
                    "y": [round(float(c), 4) for c in each.change[shown]],
                    "text": [tally.work.names[row] for row in each.rows[shown]],
                    "marker": {"color": style["colour"], "symbol": style["symbol"], "size": 5},
                    "hovertemplate": "%{text}<extra>%{fullData.name}</extra>",
                }
            )
        means = [each.means for each in found]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"{record(model).title}: means",
                "x": [unit(norm, mean[0]) for mean in means if mean],
                "y": [mean[1] for mean in means if mean],
                "text": [f"{each.attack}, {each.budget}" for each in found],
                "marker": {
                    "color": style["colour"],
                    "symbol": style["symbol"],
                    "size": 14,
                    "line": {"width": 2.5},
                },
                "hovertemplate": "%{text}: %{x:.3g}, %{y:.2f}<extra>%{fullData.name}</extra>",
            }
        )
    title = axis_title(norm).replace("eps", "distance")
    frame = layout(title, "change of the output (total variation)")
    frame["yaxis"] |= {"range": [-0.03, 1.03]}
    return {"data": traces, "layout": frame}


def transfer_matrix(tally: Tally) -> Chart | None:
    """Draw which images fool whom: made on the row's model, shown to the column's."""
    models = [m for m in tally.work.plan.models if figures.full_cell(tally, m) is not None]
    if len(models) < 2:
        return None
    values, words = [], []
    for made in models:
        shown = {made, *tally.work.plan.transfers_to(made)}
        line = [
            figures.transfer(tally, made, other) if other in shown else None for other in models
        ]
        values.append([share.value if share else None for share in line])
        words.append([f"{share.value:.0%}<br>n = {share.n}" if share else "–" for share in line])
    names = [record(model).title for model in models]
    frame = layout("shown to", "made on")
    frame["yaxis"] |= {"autorange": "reversed"}
    return {
        "data": [
            {
                "type": "heatmap",
                "x": names,
                "y": names,
                "z": values,
                "zmin": 0,
                "zmax": 1,
                "text": words,
                "texttemplate": "%{text}",
                "colorscale": [[0, "#eef2f7"], [1, "#a61b1b"]],
                "colorbar": {"tickformat": ".0%", "title": {"text": "fooled"}},
                "hovertemplate": "made on %{y}, shown to %{x}: %{z:.1%} fooled<extra></extra>",
            }
        ],
        "layout": frame,
    }


def is_empty(chart: Chart) -> bool:
    """Say whether there is nothing to draw yet."""
    return not any(np.size(trace.get("x", ())) for trace in chart["data"])
