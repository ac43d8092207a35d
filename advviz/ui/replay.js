// The replay of an attack: a scrubber, and with it the picture, the bars and the curve.
const W = 780, H = 218, LEFT = 38, RIGHT = 12, TOP = 10, BOTTOM = 30;
const SVG = "http://www.w3.org/2000/svg";
const ends = new WeakMap(); // for new data Streamlit calls again, and does not end the call before

function element(name, className, parent, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

function shape(name, attributes, parent, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

// The page sends every sentence in the reader's language, by its English; {places} are filled in here.
const say = (data, sentence, values = {}) =>
  data.words[sentence].replace(/\{(\w+)\}/g, (_, place) => values[place]);

const percent = (p) => {
  if (p >= 0.995 && p < 1) return p >= 0.9985 ? "99.9%" : `${(100 * p).toFixed(1)}%`;
  return p > 0 && p < 0.005 ? "<1%" : `${Math.round(100 * p)}%`;
};

function curve(parent, data, go) {
  const last = Math.max(data.probabilities.length - 1, 1);
  const x = (step) => LEFT + ((W - LEFT - RIGHT) * step) / last;
  const y = (p) => TOP + (H - TOP - BOTTOM) * (1 - p);
  const box = element("div", "av-curve", parent);
  const svg = shape("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": say(data, "Confidence at each step") }, box);
  for (const p of [0, 0.5, 1]) {
    shape("line", { class: "av-axis", x1: LEFT, x2: W - RIGHT, y1: y(p), y2: y(p) }, svg);
    shape("text", { x: LEFT - 6, y: y(p) + 4, "text-anchor": "end" }, svg, `${100 * p}%`);
  }
  const every = Math.max(1, Math.round(last / 5));
  for (let step = 0; step <= last; step += every)
    shape("text", { x: x(step), y: H - 17, "text-anchor": "middle" }, svg, `${step}`);
  shape("text", { x: (LEFT + W - RIGHT) / 2, y: H - 4, "text-anchor": "middle" }, svg, say(data, "step (during the search)"));
  const label = (index, rank, step) => {
    const p = data.probabilities[step][index];
    const high = p > 0.5;
    shape("text", { class: rank ? "" : data.accent, x: x(step) + (step ? -6 : 6), y: y(p) + (high ? 15 : -7), "text-anchor": step ? "end" : "start" }, svg, data.classes[index]);
  };
  data.followed.forEach((index, rank) => {
    const points = data.probabilities.map((row, step) => `${x(step)},${y(row[index])}`).join(" ");
    shape("polyline", { class: `av-line ${rank ? "av-second" : data.accent}`, points }, svg);
    label(index, rank, rank ? 0 : last);
  });
  if (data.first !== null) {
    const p = data.probabilities[data.first][data.followed[0]];
    shape("circle", { class: `av-point ${data.accent}`, cx: x(data.first), cy: y(p), r: 4.5 }, svg);
  }
  const cursor = shape("line", { class: "av-cursor", y1: TOP, y2: H - BOTTOM }, svg);
  svg.addEventListener("click", (event) => {
    const place = svg.getBoundingClientRect();
    const step = (((event.clientX - place.left) / place.width) * W - LEFT) / (W - LEFT - RIGHT);
    go(Math.round(step * last));
  });
  return (step) => { cursor.setAttribute("x1", x(step)); cursor.setAttribute("x2", x(step)); };
}

function bars(parent, data) {
  const told = element("div", "av-bars", parent);
  const shown = [...data.followed];
  const end = data.probabilities.at(-1);
  const order = end.map((_, i) => i).sort((a, b) => end[b] - end[a]);
  for (const index of order) if (shown.length < 6 && !shown.includes(index)) shown.push(index);
  const rows = shown.map((index) => {
    element("span", "", told, data.classes[index]);
    const track = element("span", `av-track ${index === data.followed[0] ? data.accent : ""}`, told);
    return [index, element("i", "", track), element("span", "av-told", told)];
  });
  return (step) => {
    for (const [index, bar, words] of rows) {
      const p = data.probabilities[step][index];
      bar.style.width = `${100 * p}%`;
      words.textContent = percent(p);
    }
  };
}

// The numbers behind the curve, for who cannot see it: a row a step that is shown.
function table(parent, data) {
  const behind = element("details", "", parent);
  element("summary", "", behind, say(data, "As a table"));
  const told = element("table", "av-table", behind);
  const head = element("tr", "", element("thead", "", told));
  const named = [say(data, "step"), ...data.followed.map((index) => data.classes[index]), data.unit];
  for (const name of named) element("th", "", head, name).scope = "col";
  const body = element("tbody", "", told);
  for (const step of data.steps) {
    const row = element("tr", "", body);
    const shares = data.followed.map((index) => percent(data.probabilities[step][index]));
    for (const text of [step, ...shares, data.distances[step]]) element("td", "", row, text);
  }
}

export default function ({ data, parentElement }) {
  ends.get(parentElement)?.();
  parentElement.querySelector(".av-replay")?.remove();
  const root = element("div", "av av-replay", parentElement);
  const left = element("div", "", root);
  const frame = element("div", data.smooth ? "av-stage av-smooth" : "av-stage", left);
  const picture = element("img", "", frame);
  const scrub = element("input", "av-scrub", left);
  const bar = element("div", "av-buttons", left);
  const right = element("div", "av-reading", root);
  const title = element("p", "av-step", right);
  title.setAttribute("aria-live", "polite");
  const showBars = bars(right, data);
  const showCurve = curve(right, data, (step) => show(nearest(step)));
  table(right, data);
  Object.assign(scrub, { type: "range", min: 0, max: data.steps.length - 1, step: 1 });
  scrub.setAttribute("aria-label", say(data, "Step of the attack"));
  let now = 0, blinking = null;

  const nearest = (step) => {
    const distances = data.steps.map((s) => Math.abs(s - step));
    return distances.indexOf(Math.min(...distances));
  };
  const paint = (index) => {
    picture.src = data.frames[index];
    picture.alt = say(data, "the picture at step {step}", { step: data.steps[index] });
  };
  function show(index) {
    now = index;
    const step = data.steps[index];
    paint(index);
    showBars(step);
    showCurve(step);
    scrub.value = index;
    const first = data.first === step ? say(data, ": first fooled") : "";
    const kept = data.returned === step ? say(data, ": the picture that the attack returns") : "";
    const place = say(data, "step {step} of {last}", { step, last: data.steps.at(-1) });
    const distance = `${data.unit} ${data.distances[step]}${data.unit === "L2" ? "" : "/255"}`;
    title.textContent = `${place}${first}${kept} · ${say(data, "moved {distance}", { distance })}`;
    scrub.setAttribute("aria-valuetext", title.textContent);
  }
  const still = () => { clearInterval(blinking); blinking = null; blink.textContent = say(data, "Blink original and attacked"); };
  const button = (label, act) => { const b = element("button", "", bar, label); b.type = "button"; b.onclick = act; return b; };
  scrub.oninput = () => { still(); show(Number(scrub.value)); };
  if (data.first !== null) button(say(data, "Step {step}: first fooled", { step: data.first }), () => { still(); show(nearest(data.first)); });
  const blink = button("", () => {
    if (blinking) { still(); show(now); return; }
    let original = false;
    blink.textContent = say(data, "Stop blinking");
    blinking = setInterval(() => { original = !original; paint(original ? 0 : now); }, 500);
  });
  still();
  show(nearest(data.returned));
  ends.set(parentElement, still);
  return still;
}
