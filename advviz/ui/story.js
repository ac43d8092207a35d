// The Story's keys: arrows, Page Up and Page Down go from screen to screen; the link follows.
export default ({ data, parentElement }) => {
  const screens = () => [...document.querySelectorAll(".av-screen")];
  let bar = parentElement.querySelector(".av-pager");
  if (!bar) {
    bar = document.createElement("nav");
    bar.className = "av-pager";
    const back = document.createElement("button");
    const place = document.createElement("span");
    const on = document.createElement("button");
    for (const button of [back, on]) button.type = "button";
    back.textContent = "‹";
    on.textContent = "›";
    place.setAttribute("aria-live", "polite");
    bar.append(back, place, on);
    parentElement.append(bar);
  }
  const [back, place, on] = bar.children;
  back.setAttribute("aria-label", data.back);
  on.setAttribute("aria-label", data.on);
  bar.title = data.help;
  let current = Number(bar.dataset.current ?? data.first);

  const tell = () => {
    bar.dataset.current = String(current);
    place.textContent = `${current} / ${screens().length || 6}`;
    back.disabled = current <= 1;
    on.disabled = current >= screens().length;
    const address = new URL(window.location.href);
    if (address.searchParams.get(data.parameter) !== String(current)) {
      address.searchParams.set(data.parameter, String(current));
      window.history.replaceState(window.history.state, "", address);
    }
  };
  const go = (number) => {
    const all = screens();
    current = Math.min(Math.max(number, 1), all.length || 1);
    all[current - 1]?.scrollIntoView({ block: "start" });
    tell();
  };
  back.onclick = () => go(current - 1);
  on.onclick = () => go(current + 1);

  const steps = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 };
  const pressed = (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable], [role=slider]");
    if (typing || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key in steps) go(current + steps[event.key]);
    else if (event.key === "Home") go(1);
    else if (event.key === "End") go(screens().length);
    else return;
    event.preventDefault();
  };
  document.addEventListener("keydown", pressed);

  // The screen that is read is the current one, however the reader came to it.
  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting) current = screens().indexOf(entry.target) + 1 || current;
      }
      tell();
    },
    { rootMargin: "-45% 0px -45% 0px" },
  );
  let waiting = 0;
  const begin = () => {
    const all = screens();
    if (all.length === 0) {
      waiting = window.setTimeout(begin, 100);
      return;
    }
    if (current > 1) all[current - 1]?.scrollIntoView({ block: "start" });
    for (const screen of all) seen.observe(screen);
    tell();
  };
  begin();
  return () => {
    window.clearTimeout(waiting);
    document.removeEventListener("keydown", pressed);
    seen.disconnect();
  };
};
