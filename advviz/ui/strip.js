// The strip of a session's own pictures: a row of buttons, the chosen one marked.
export default ({ data, parentElement, setTriggerValue }) => {
  let strip = parentElement.querySelector(".av-own");
  if (!strip) {
    strip = document.createElement("div");
    strip.className = "av-own";
    strip.setAttribute("role", "group");
    parentElement.append(strip);
  }
  const label = document.createElement("span");
  label.textContent = data.label;
  strip.setAttribute("aria-label", data.label);
  const buttons = data.pictures.map(({ ref, title, src }) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = title;
    button.setAttribute("aria-pressed", String(ref === data.chosen));
    const image = document.createElement("img");
    image.src = src;
    image.alt = title;
    button.append(image);
    button.onclick = () => setTriggerValue("chosen", ref);
    return button;
  });
  const focused = [...strip.querySelectorAll("button")].indexOf(document.activeElement);
  strip.replaceChildren(label, ...buttons);
  buttons[focused]?.focus();
};
