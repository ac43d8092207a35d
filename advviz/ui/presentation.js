// The keys of a presentation: left and right change the screen, up and down the strength, Escape
// leaves. The bar below does the same for a mouse, and says where one is.
const PLACE = "avScreen"; // on the root element, which no update of the page touches
let end = () => {}; // for new data Streamlit calls again, and does not end the call before
let asked = { press: 0, stop: null }; // the last strength that was asked for, and the how-manieth

export default function ({ data, parentElement, setTriggerValue }) {
  end();
  const { words, strengths, stops } = data, root = document.documentElement;
  const path = window.location.pathname;
  parentElement.querySelector(".av-present-bar")?.remove();
  const bar = document.createElement("div");
  bar.className = "av-present-bar";
  parentElement.append(bar);
  const add = (name, text, label, act) => {
    const made = document.createElement(name);
    made.textContent = text;
    if (label) made.setAttribute("aria-label", label);
    if (act) Object.assign(made, { type: "button", onclick: act });
    bar.append(made);
    return made;
  };
  // What the server says may be older than the last key: that key counts from its own strength.
  const shown = data.press < asked.press ? stops.indexOf(asked.stop) : data.current;
  let strength = shown < 0 ? data.current : shown;
  const show = (screen) => {
    root.dataset[PLACE] = screen;
    place.textContent = `${screen} / 2`;
    before.disabled = screen === "1";
    after.disabled = screen === "2";
  };
  const change = (by) => {
    const wanted = Math.min(strengths.length - 1, Math.max(0, strength + by));
    if (wanted === strength) return;
    strength = wanted;
    tell();
    asked = { press: Math.max(asked.press, data.press) + 1, stop: stops[strength] };
    setTriggerValue("strength", asked);
  };
  const tell = () => {
    chosen.textContent = strengths[strength];
    weaker.disabled = strength === 0;
    stronger.disabled = strength === strengths.length - 1;
  };
  const leave = () => {
    const back = new URL(data.back, window.location.href), eps = stops[strength];
    // The link is the server's, which may not have heard of the last key.
    if (strength !== data.current)
      back.searchParams.set("eps", Number.isInteger(eps) ? eps.toFixed(1) : String(eps));
    window.location.href = back.href;
  };

  add("span", words.strength);
  const weaker = add("button", "−", words.weaker, () => change(-1));
  const chosen = add("output", "");
  const stronger = add("button", "+", words.stronger, () => change(1));
  const before = add("button", "‹", words.before, () => show("1"));
  const place = add("output", "");
  const after = add("button", "›", words.after, () => show("2"));
  add("button", words.leave, "", leave);
  bar.title = words.keys;

  const act = {
    ArrowLeft: () => show("1"), PageUp: () => show("1"),
    ArrowRight: () => show("2"), PageDown: () => show("2"),
    ArrowUp: () => change(1), ArrowDown: () => change(-1),
    Escape: leave,
  };
  const press = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!(event.key in act)) return;
    act[event.key]();
    event.preventDefault();
  };
  document.addEventListener("keydown", press);
  show(root.dataset[PLACE] ?? "1");
  tell();
  const stop = () => document.removeEventListener("keydown", press);
  end = stop;
  return () => {
    stop();
    // While the page is redrawn its pictures may be gone for a moment; the place is not.
    if (window.location.pathname !== path) delete root.dataset[PLACE];
  };
}
