// Before and after: two pictures on one another, wiped, blinked, and zoomed into; for every
// model on the page together, with the exact values of the pixel that is pointed at.
const SIDE = 448, ZOOMS = [1, 2, 4, 8, 16], FEWEST = 8, BLINK = 500, STEP = 0.05;
const FOCUSED = "button, [tabindex]";
const kept = new WeakMap(); // what a visitor has set outlives a rerun of the page
const ends = new WeakMap(); // for new data Streamlit calls again, and does not end the call before

function element(name, className, parent, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

const floats = (encoded) =>
  new Float32Array(Uint8Array.from(atob(encoded), (sign) => sign.charCodeAt(0)).buffer);
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const signed = (value, digits) => {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? "0" : `${value < 0 ? "−" : "+"}${text}`;
};

function painted(parent, values, size) {
  const canvas = element("canvas", "", element("div", "av-ba-layer", parent));
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d"), image = context.createImageData(size, size);
  for (let i = 0; i < size * size; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = 255 * values[c * size * size + i];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

// A table of one pixel: three rows, a column a channel. Returns what fills it in.
function reading(parent, words) {
  const place = element("p", "av-ba-place", parent);
  const table = element("table", "av-table", parent);
  const head = element("tr", "", element("thead", "", table));
  for (const word of [words.pixel, ...words.channels])
    element("th", "", head, word).scope = "col";
  const body = element("tbody", "", table);
  const rows = [words.original, words.attacked, words.change].map((word) => {
    const row = element("tr", "", body);
    element("th", "", row, word).scope = "row";
    return [0, 1, 2].map(() => element("td", "", row));
  });
  return ({ x, y }, [before, after], size) => {
    place.textContent = words.at.replace("{column}", x).replace("{row}", y);
    for (let c = 0; c < 3; c++) {
      const i = c * size * size + y * size + x;
      const told = [before[i], after[i]].map((v) => `${(255 * v).toFixed(2)} · ${v.toFixed(4)}`);
      const moved = after[i] - before[i];
      [...told, `${signed(255 * moved, 2)} · ${signed(moved, 4)}`].forEach((text, row) => {
        rows[row][c].textContent = text;
      });
    }
  };
}

function stage(parent, picture, words, smooth) {
  const { size } = picture;
  const base = size > SIDE ? SIDE / size : Math.floor(SIDE / size);
  const figure = element("figure", `av-ba-figure ${picture.accent}`, parent);
  const name = element("figcaption", "av-name", figure, picture.name);
  const box = element("div", smooth || size > SIDE ? "av-ba-stage av-smooth" : "av-ba-stage", figure);
  box.style.width = box.style.height = `${base * size}px`;
  box.tabIndex = 0;
  const attributes = {
    role: "slider", "aria-valuemin": 0, "aria-valuemax": 100, "aria-keyshortcuts": "Space + -",
    "aria-label": `${name.textContent}: ${words.wipe}`,
  };
  for (const [key, value] of Object.entries(attributes)) box.setAttribute(key, value);
  const values = [floats(picture.original), floats(picture.attacked)];
  const canvases = values.map((planes) => painted(box, planes, size));
  const marker = element("i", "av-ba-pixel", box), line = element("i", "av-ba-line", box);
  const tags = [words.original, words.attacked].map((word) => element("span", "av-ba-tag", box, word));
  const read = reading(figure, words);
  const paint = (state) => {
    const scale = base * ZOOMS[state.zoom], { x, y } = state.corner, shown = state.shown;
    for (const canvas of canvases) {
      canvas.style.width = canvas.style.height = `${size * scale}px`;
      canvas.style.transform = `translate(${-x * scale}px, ${-y * scale}px)`;
    }
    const wipe = { both: state.wipe, original: 1, attacked: 0 }[shown];
    canvases[1].parentElement.style.clipPath = `inset(0 0 0 ${100 * wipe}%)`;
    line.style.left = `${100 * wipe}%`;
    line.hidden = shown !== "both";
    tags[0].hidden = wipe < 0.25;
    tags[1].hidden = wipe > 0.75;
    marker.hidden = state.zoom === 0;
    marker.style.width = marker.style.height = `${scale}px`;
    marker.style.left = `${(state.pixel.x - x) * scale}px`;
    marker.style.top = `${(state.pixel.y - y) * scale}px`;
    box.setAttribute("aria-valuenow", Math.round(100 * wipe));
    const told = { both: words.share.replace("{share}", Math.round(100 * wipe)) };
    box.setAttribute("aria-valuetext", told[shown] ?? words[shown]);
    read(state.pixel, values, size);
  };
  const at = (event) => {
    const place = box.getBoundingClientRect();
    return [(event.clientX - place.left) / place.width, (event.clientY - place.top) / place.height];
  };
  return { box, paint, at };
}

export default function ({ data, parentElement }) {
  ends.get(parentElement)?.();
  const focused = [...parentElement.querySelectorAll(FOCUSED)].indexOf(document.activeElement);
  parentElement.querySelector(".av-ba")?.remove();
  const { pictures, words } = data, size = pictures[0].size;
  const root = element("div", "av av-ba", parentElement);
  const tools = element("div", "av-buttons", root);
  const stages = element("div", "av-ba-stages", root);
  const middle = Math.floor(size / 2);
  const fresh = { size, wipe: 0.5, zoom: 0, shown: "both", corner: { x: 0, y: 0 }, pixel: { x: middle, y: middle } };
  const state = kept.get(parentElement)?.size === size ? kept.get(parentElement) : fresh;
  kept.set(parentElement, state);
  state.shown = "both";
  const zooms = ZOOMS.filter((zoom) => zoom === 1 || size / zoom >= FEWEST);
  const made = pictures.map((picture) =>
    stage(stages, { ...picture, original: picture.original ?? pictures[0].original }, words, data.smooth));
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let blinking = null;

  const seen = () => Math.ceil(size / ZOOMS[state.zoom]);
  const move = (x, y) => {
    state.corner = { x: clamp(x, 0, size - seen()), y: clamp(y, 0, size - seen()) };
  };
  const show = () => {
    for (const { paint } of made) paint(state);
    told.textContent = `×${ZOOMS[state.zoom]}`;
    smaller.disabled = whole.disabled = state.zoom === 0;
    larger.disabled = state.zoom === zooms.length - 1;
    blink.setAttribute("aria-pressed", String(state.shown !== "both"));
  };
  const zoom = (by) => {
    state.zoom = clamp(state.zoom + by, 0, zooms.length - 1);
    move(state.pixel.x - Math.floor(seen() / 2), state.pixel.y - Math.floor(seen() / 2));
    show();
  };
  const point = (x, y) => {
    state.pixel = { x: clamp(x, 0, size - 1), y: clamp(y, 0, size - 1) };
  };
  const stop = () => { clearInterval(blinking); blinking = null; };
  const wipe = (to) => {
    stop();
    state.shown = "both";
    state.wipe = clamp(to, 0, 1);
    show();
  };
  const flip = () => {
    state.shown = state.shown === "original" ? "attacked" : "original";
    show();
  };
  const toggle = () => {
    if (still.matches) return flip(); // one change a press, and none by itself
    if (blinking) return wipe(state.wipe);
    flip();
    blinking = setInterval(flip, BLINK);
  };
  const button = (label, name, act) => {
    const b = element("button", "", tools, label);
    b.type = "button";
    if (name) b.setAttribute("aria-label", name);
    b.onclick = act;
    return b;
  };
  const blink = button(still.matches ? words.switch : words.blink, "", toggle);
  const smaller = button("−", words.smaller, () => zoom(-1));
  const told = element("output", "av-ba-zoom", tools);
  const larger = button("+", words.larger, () => zoom(1));
  const whole = button(words.whole, "", () => zoom(-ZOOMS.length));
  element("p", "av-quiet av-ba-keys", root, words.keys);

  const walk = (dx, dy) => {
    point(state.pixel.x + dx, state.pixel.y + dy);
    const { x, y } = state.pixel, edge = seen() - 1;
    move(clamp(state.corner.x, x - edge, x), clamp(state.corner.y, y - edge, y));
    show();
  };
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const press = (event) => {
    const arrow = arrows[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (arrow && event.shiftKey) walk(...arrow);
    else if (arrow) wipe(state.wipe + STEP * (arrow[0] - arrow[1]));
    else if (event.key === "Home" || event.key === "End") wipe(event.key === "End" ? 1 : 0);
    else if (event.key === " ") toggle();
    else if (event.key === "+" || event.key === "=") zoom(1);
    else if (event.key === "-" || event.key === "_") zoom(-1);
    else return;
    event.preventDefault();
    event.stopPropagation(); // Streamlit has shortcuts of its own
  };
  for (const { box, at } of made) {
    let held = null; // what a drag moves: the line, or the pictures under it
    box.onkeydown = press;
    box.onpointerdown = (event) => {
      const [x, y] = at(event);
      const isLine = state.zoom === 0 || (state.shown === "both" && Math.abs(x - state.wipe) < 0.05);
      held = isLine ? "line" : { x, y, corner: state.corner };
      box.setPointerCapture(event.pointerId);
      if (isLine) wipe(x);
    };
    box.onpointermove = (event) => {
      const [x, y] = at(event);
      if (held === "line") return wipe(x);
      if (held) move(Math.round(held.corner.x + (held.x - x) * seen()), Math.round(held.corner.y + (held.y - y) * seen()));
      const within = size / ZOOMS[state.zoom];
      point(Math.floor(state.corner.x + x * within), Math.floor(state.corner.y + y * within));
      show();
    };
    box.onpointerup = box.onpointercancel = () => { held = null; };
  }
  show();
  parentElement.querySelectorAll(FOCUSED)[focused]?.focus(); // the keys stay where they were
  ends.set(parentElement, stop);
  return stop;
}
