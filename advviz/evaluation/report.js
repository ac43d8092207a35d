const ink = () => getComputedStyle(document.body).color;
const list = (place, name, rows, names) => {
  const line = document.createElement("p");
  const head = document.createElement("b");
  head.textContent = `${name} (${rows.length}): `;
  line.append(head, rows.map((row) => names[row]).join(", "));
  place.append(line);
};
for (const place of document.querySelectorAll(".chart")) {
  const { data, layout, behind } = JSON.parse(place.firstElementChild.textContent);
  place.replaceChildren();
  layout.font.color = ink();
  Plotly.newPlot(place, data, layout, { responsive: true, displaylogo: false }).then((chart) => {
    if (!behind) return;
    chart.on("plotly_click", ({ points }) => {
      const [model, attack, , eps] = points[0].customdata || [];
      const shown = place.parentElement.querySelector(".behind");
      shown.replaceChildren();
      const key = Object.keys(behind.points).find((name) => {
        const [m, a, e] = name.split("|");
        return m === model && a === attack && Number(e) === eps;
      });
      if (!key) return;
      for (const [name, rows] of Object.entries(behind.points[key])) list(shown, name, rows, behind.names);
    });
  });
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const place of document.querySelectorAll(".chart")) Plotly.relayout(place, { "font.color": ink() });
});
