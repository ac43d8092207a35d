// The atlas of a layer: sheets of tiles that are zoomed together and moved each by itself. A tile
// is a link to its unit's own page; a plain click looks closely at it on this page instead.
const TILES = [34, 48, 64, 96, 128, 192, 256], FIRST = 0, SLACK = 5;
const kept = new WeakMap(); // what a visitor has set outlives a rerun of the page

function element(name, className, parent, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

function tileOf(sheet, { unit, silent, name }, grid) {
  const tile = element("a", silent ? "av-at-tile av-at-silent" : "av-at-tile", grid);
  tile.href = sheet.links[unit];
  tile.draggable = false;
  tile.tabIndex = -1;
  tile.title = name;
  tile.dataset.of = sheet.model;
  tile.dataset.unit = unit;
  tile.setAttribute("aria-label", name);
  tile.style.setProperty("--x", unit % sheet.columns);
  tile.style.setProperty("--y", Math.floor(unit / sheet.columns));
  element("span", "av-at-number", tile, String(unit)).ariaHidden = "true";
  return tile;
}

function stage(sheet, parent, choose, zoom) {
  const figure = element("figure", `av-at-figure ${sheet.accent}`, parent);
  element("figcaption", "av-name", figure, sheet.title);
  const view = element("div", "av-at-view", figure);
  view.setAttribute("role", "group");
  view.setAttribute("aria-label", sheet.alt);
  const grid = element("div", "av-at-grid", view);
  grid.style.setProperty("--columns", sheet.columns);
  grid.style.setProperty("--sheet", `url("${sheet.sheet}")`);
  const tiles = sheet.units.map((unit) => tileOf(sheet, unit, grid));
  if (tiles.length) tiles[0].tabIndex = 0;

  const go = (place) => {
    const next = tiles[Math.min(tiles.length - 1, Math.max(0, place))];
    for (const tile of tiles) tile.tabIndex = tile === next ? 0 : -1;
    next.focus();
  };
  view.onkeydown = (event) => {
    const at = tiles.indexOf(document.activeElement);
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -sheet.columns, ArrowDown: sheet.columns };
    if (event.ctrlKey || event.metaKey || event.altKey || at < 0) return;
    if (event.key in by) {
      const next = at + by[event.key];
      if (next >= 0 && next < tiles.length) go(next);
    } else if (event.key === "Home") go(0);
    else if (event.key === "End") go(tiles.length - 1);
    else if (event.key === "+" || event.key === "=") zoom(1);
    else if (event.key === "-" || event.key === "_") zoom(-1);
    else return;
    event.preventDefault();
    event.stopPropagation(); // Streamlit has shortcuts of its own
  };

  let held = null, moved = false; // dragging the sheet is not choosing a tile
  view.onpointerdown = (event) => {
    moved = false;
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    held = { x: event.clientX, y: event.clientY, left: view.scrollLeft, top: view.scrollTop };
  };
  view.onpointermove = (event) => {
    if (!held) return;
    const x = event.clientX - held.x, y = event.clientY - held.y;
    if (Math.abs(x) + Math.abs(y) > SLACK) moved = true;
    if (moved) { view.scrollLeft = held.left - x; view.scrollTop = held.top - y; }
  };
  view.onpointerup = view.onpointerleave = () => { held = null; };
  view.onclick = (event) => {
    const tile = event.target.closest(".av-at-tile");
    if (moved) return event.preventDefault();
    if (!tile || event.ctrlKey || event.metaKey || event.shiftKey) return; // the link's own
    event.preventDefault();
    go(tiles.indexOf(tile));
    choose(`${sheet.model}:${tile.dataset.unit}`);
  };

  const paint = (size) => {
    // The middle of what is seen stays in the middle.
    const middle = [
      (view.scrollLeft + view.clientWidth / 2) / Math.max(1, grid.offsetWidth),
      (view.scrollTop + view.clientHeight / 2) / Math.max(1, grid.offsetHeight),
    ];
    grid.style.setProperty("--tile", `${size}px`);
    grid.classList.toggle("av-at-small", size < 48);
    grid.classList.toggle("av-smooth", size < sheet.side);
    const held = tiles.indexOf(document.activeElement);
    if (held >= 0) return tiles[held].scrollIntoView({ block: "nearest", inline: "nearest" });
    view.scrollLeft = middle[0] * grid.offsetWidth - view.clientWidth / 2;
    view.scrollTop = middle[1] * grid.offsetHeight - view.clientHeight / 2;
  };
  return { view, paint };
}

export default function ({ data, parentElement, setTriggerValue }) {
  const before = [...parentElement.querySelectorAll(".av-at-view")].map((v) => [v.scrollLeft, v.scrollTop]);
  const focused = document.activeElement?.dataset ?? {}, { of, unit } = focused;
  parentElement.querySelector(".av-at")?.remove();
  const { sheets, words } = data;
  const state = kept.get(parentElement) ?? { zoom: FIRST };
  kept.set(parentElement, state);
  const root = element("div", "av av-at", parentElement);
  const tools = element("div", "av-buttons", root);
  const stages = element("div", "av-at-stages", root);
  const button = (label, name, act) => {
    const made = element("button", "", tools, label);
    made.type = "button";
    if (name) made.setAttribute("aria-label", name);
    made.onclick = act;
    return made;
  };
  const zoom = (by) => {
    state.zoom = Math.min(TILES.length - 1, Math.max(0, state.zoom + by));
    show();
  };
  const smaller = button("−", words.smaller, () => zoom(-1));
  const told = element("output", "av-at-zoom", tools);
  const larger = button("+", words.larger, () => zoom(1));
  const whole = button(words.whole, "", () => zoom(-TILES.length));
  const choose = (chosen) => setTriggerValue("chosen", chosen);
  const made = sheets.map((sheet) => stage(sheet, stages, choose, zoom));
  element("p", "av-quiet av-at-keys", root, words.keys);
  const show = () => {
    for (const { paint } of made) paint(TILES[state.zoom]);
    told.textContent = `${TILES[state.zoom]} px`;
    smaller.disabled = whole.disabled = state.zoom === 0;
    larger.disabled = state.zoom === TILES.length - 1;
  };
  show();
  made.forEach(({ view }, i) => { if (before[i]) [view.scrollLeft, view.scrollTop] = before[i]; });
  if (of && unit) root.querySelector(`.av-at-tile[data-of="${of}"][data-unit="${unit}"]`)?.focus();
}
