// A prediction: asked before the result is seen, and kept in this browser alone. The server is
// told that there is one, not what it says. In front of a class, a tally of hands beside it.
const read = (key) => {
  try { return JSON.parse(localStorage.getItem(key)) || {}; } catch { return {}; }
};
const write = (key, value) => {
  try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* a private window */ }
};

function element(name, className, parent, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const { words, parts, options, key } = data;
  const known = read(key);
  parentElement.querySelector(".av-predict")?.remove();
  const root = element("div", `av av-predict${data.revealed ? " av-told" : ""}`, parentElement);
  const save = (change) => { Object.assign(known, change); write(key, known); };
  const chosen = () => parts.every((part) => known.choice?.[part] !== undefined);
  const show = (revealed) => setTriggerValue("revealed", revealed);
  const tally = (bars) => {
    if (!data.presenting) return;
    const table = element("div", "av-hands", root);
    element("b", "", table, words.hands);
    const rows = options.map((option, place) => {
      element("span", "", table, option);
      const field = element("input", "", table);
      Object.assign(field, { type: "number", min: 0, max: 9999, value: known.hands?.[place] ?? "" });
      field.setAttribute("aria-label", `${words.hands}: ${option}`);
      const track = element("span", "av-track", table);
      field.oninput = () => {
        save({ hands: { ...known.hands, [place]: Math.max(0, Number(field.value) || 0) } });
        draw();
      };
      return element("i", "", track);
    });
    const draw = () => {
      const counts = options.map((_, place) => Number(known.hands?.[place]) || 0);
      const most = Math.max(1, ...counts);
      rows.forEach((bar, place) => { bar.style.width = `${(100 * counts[place]) / most}%`; });
    };
    draw();
    table.hidden = !bars;
  };

  element("p", "av-question-small", root, data.question);
  if (data.revealed) {
    for (const part of parts) {
      const choice = known.choice?.[part];
      if (choice === undefined && data.presenting) continue;  // the class has shown its hands
      const line = element("p", "av-predicted", root);
      element("span", "", line, part ? `${part}: ` : `${words.predicted} `);
      element("b", "", line, choice === undefined ? words.none : options[choice] ?? words.none);
      const right = data.truth?.[part];
      if (right !== undefined && choice !== undefined)
        element("span", "av-right", line, choice === right ? ` ✓ ${words.right}` : ` ✗ ${words.wrong} ${options[right]}`);
    }
    if (known.because) element("p", "av-because", root, `${words.because} ${known.because}`);
    tally(true);
    const again = element("button", "av-again", root, words.again);
    again.type = "button";
    again.onclick = () => { save({ choice: {}, shown: false }); show(false); };
    return;
  }
  if (known.shown) {  // predicted on an earlier visit: only this browser knew
    show(true);
    return;
  }
  const button = document.createElement("button");
  for (const part of parts) {
    const group = element("fieldset", "av-options", root);
    element("legend", "", group, part || words.predict);
    options.forEach((option, place) => {
      const label = element("label", "", group);
      const radio = element("input", "", label);
      Object.assign(radio, { type: "radio", name: `${key}.${part}`, checked: known.choice?.[part] === place });
      radio.onchange = () => {
        save({ choice: { ...known.choice, [part]: place } });
        button.disabled = !chosen();
      };
      element("span", "", label, option);
    });
  }
  const because = element("input", "av-why", root);
  Object.assign(because, { type: "text", maxLength: 300, placeholder: words.why, value: known.because ?? "" });
  because.setAttribute("aria-label", words.why);
  because.oninput = () => save({ because: because.value });
  tally(true);
  Object.assign(button, { type: "button", className: "av-show", textContent: words.show });
  button.disabled = !chosen() && !data.presenting;
  button.onclick = () => { save({ shown: true }); show(true); };
  root.append(button);
  element("span", "av-kept", root, words.kept);
}
