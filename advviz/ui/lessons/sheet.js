// Prints a student's sheet: the server made it but for the prediction, which only this browser has.
export default function ({ data, parentElement }) {
  parentElement.querySelector(".av-print")?.remove();
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "av-print", textContent: data.label });
  button.onclick = () => {
    let known = {};
    try { known = JSON.parse(localStorage.getItem(data.key)) || {}; } catch { /* none is kept */ }
    const page = new DOMParser().parseFromString(data.sheet, "text/html");
    const place = page.getElementById("prediction");
    for (const part of data.parts) {
      const line = page.createElement("p");
      const choice = data.options[known.choice?.[part]] ?? data.none;
      line.textContent = part ? `${part}: ${choice}` : choice;
      place.append(line);
    }
    if (known.because) {
      const line = page.createElement("p");
      line.textContent = known.because;
      place.append(line);
    }
    const html = `<!doctype html>${page.documentElement.outerHTML}`;
    const url = URL.createObjectURL(new Blob([html], { type: "text/html" }));
    const opened = window.open(url, "_blank");
    if (opened) opened.addEventListener("load", () => opened.print());
    setTimeout(() => URL.revokeObjectURL(url), 60000);
  };
  parentElement.append(button);
}
