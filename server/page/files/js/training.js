// From decisions to a better model: the commands that train on them, to copy.

import {announce, h} from "./dom.js";

const command = "dvml prepare decisions.csv corrected.h5\ndvml train --data corrected.h5 -o run";

/** A button that shows and copies the commands. */
export function trainCommand() {
  return h("button", {type: "button", onclick: show}, "Train on these decisions");
}

function show() {
  const copied = h("span", {class: "soft", role: "status"});
  const dialog = h("dialog", {class: "command", "aria-labelledby": "command-title", onclose: () => dialog.remove()},
    h("h2", {id: "command-title"}, "Train on these decisions"),
    h("p", {class: "soft"}, "Save ", h("a", {href: "/v1/decisions.csv", download: "decisions.csv"}, "the decisions"), " beside the photographs, then run the commands below. The table has corrected labels, leaves out what is odd, a copy or a leak, and gives photographs without a class that of those they were marked the same as."),
    h("pre", {tabindex: 0}, command),
    h("div", {class: "buttons"}, h("button", {type: "button", class: "main", onclick: async () => {
      try {
        await navigator.clipboard.writeText(command);
        copied.textContent = "Copied.";
      } catch {
        copied.textContent = "The browser does not let the page copy: select the lines above.";
      }
    }}, "Copy the commands"), h("button", {type: "button", onclick: () => dialog.close()}, "Close"), copied));
  document.body.append(dialog);
  dialog.showModal();
  announce("The commands that train on these decisions.");
}
