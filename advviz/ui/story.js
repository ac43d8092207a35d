// The Story's keys: arrows, Page Up and Page Down go from screen to screen; the link follows.
//
// Where the reader is, is read off the page at the moment of asking. What an IntersectionObserver
// reports is of an earlier moment: on a busy machine its report arrives after the next key, and
// that key would count from a screen that was already left.
const STEPS = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 };
const TYPING = "input, textarea, select, [contenteditable], [role=slider]";
const screens = () => [...document.querySelectorAll(".av-screen")];
const top = (screen) => screen.getBoundingClientRect().top;

let shown = null; // the screen that is read, while the Story is on the page
let end = () => {}; // for new data Streamlit calls again, and does not end the call before

function pager(parent, data, go) {
  parent.querySelector(".av-pager")?.remove();
  const bar = document.createElement("nav");
  bar.className = "av-pager";
  bar.title = data.help;
  const add = (name, text) => {
    const made = document.createElement(name);
    made.textContent = text;
    bar.append(made);
    return made;
  };
  const back = add("button", "‹"), place = add("span", ""), on = add("button", "›");
  Object.assign(back, { type: "button", ariaLabel: data.back, onclick: () => go(-1) });
  Object.assign(on, { type: "button", ariaLabel: data.on, onclick: () => go(1) });
  place.setAttribute("aria-live", "polite");
  parent.append(bar);
  return (number) => {
    place.textContent = `${number} / ${data.count}`;
    // Not `disabled`, which would take the focus away from whoever pressed the button.
    back.ariaDisabled = String(number <= 1);
    on.ariaDisabled = String(number >= data.count);
  };
}

export default ({ data, parentElement }) => {
  end();
  const bounded = (number) => Math.min(Math.max(number, 1), data.count);
  const asked = new URL(window.location.href).searchParams.get(data.parameter);
  let current = shown ?? bounded(Math.trunc(Number(asked)) || 1);
  let rest = null; // where the top of the screen is that was gone to; null once it was moved
  let drawn = null; // the first screen; another one, once the page was drawn anew

  const tell = () => {
    shown = current;
    number(current);
    const address = new URL(window.location.href);
    if (address.searchParams.get(data.parameter) === String(current)) return;
    address.searchParams.set(data.parameter, String(current));
    window.history.replaceState(window.history.state, "", address);
  };
  const read = (all) =>
    bounded(all.findLastIndex((screen) => top(screen) <= window.innerHeight / 2) + 1);
  const settle = () => {
    const screen = screens()[current - 1]; // none yet: `redrawn` comes back to it
    screen?.scrollIntoView({ block: "start", behavior: "instant" });
    rest = screen ? top(screen) : null;
  };
  const look = () => {
    const all = screens();
    if (all.length === 0 || all[0] !== drawn) return;
    // Where a key led to, the last screen need not reach the middle: the page may end before.
    if (rest !== null && Math.abs(top(all[current - 1]) - rest) < 2) return;
    rest = null;
    if (read(all) === current) return;
    current = read(all);
    tell();
  };
  const go = (target) => {
    current = bounded(target);
    settle();
    tell();
  };
  const step = (by) => {
    look();
    go(current + by);
  };
  const redrawn = () => {
    const all = screens();
    if (all.length === 0 || all[0] === drawn) return;
    drawn = all[0];
    if (rest !== null || read(all) !== current) settle(); // the place outlives the drawing
  };
  const resized = () => {
    if (rest !== null) settle();
  };
  const pressed = (event) => {
    if (event.defaultPrevented || event.target.closest?.(TYPING)) return;
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key in STEPS) step(STEPS[event.key]);
    else if (event.key === "Home") go(1);
    else if (event.key === "End") go(data.count);
    else return;
    event.preventDefault();
  };

  const number = pager(parentElement, data, step);
  const changes = new MutationObserver(redrawn);
  changes.observe(document.body, { childList: true, subtree: true });
  document.addEventListener("keydown", pressed);
  // A scroll does not bubble; and it is the app's main part that scrolls, not the window.
  document.addEventListener("scroll", look, { capture: true, passive: true });
  window.addEventListener("resize", resized);
  redrawn();
  tell();
  const stop = () => {
    changes.disconnect();
    document.removeEventListener("keydown", pressed);
    document.removeEventListener("scroll", look, { capture: true });
    window.removeEventListener("resize", resized);
  };
  end = stop;
  return () => {
    stop();
    if (end === stop) shown = null;
  };
};
