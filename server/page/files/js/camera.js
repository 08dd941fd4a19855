// Taking a photograph: the camera in a dialog, or the system's own where the browser offers none.

import {h} from "./dom.js";
import {searchBy} from "./pictures.js";

export async function takePhotograph() {
  /** @type {MediaStream} */
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({video: {facingMode: "environment", width: {ideal: 1920}}});
  } catch {
    // No camera, not allowed, or not a secure address: a phone opens its camera for such a field, a computer its file dialog.
    const field = h("input", {type: "file", accept: "image/*", capture: "environment", onchange: () => searchBy([...field.files ?? []])});
    field.click();
    return;
  }
  const video = h("video", {playsinline: true, "aria-label": "What the camera sees"});
  video.muted = true;
  video.srcObject = stream;
  const take = () => {
    const canvas = h("canvas", {width: video.videoWidth, height: video.videoHeight});
    canvas.getContext("2d")?.drawImage(video, 0, 0);
    canvas.toBlob((taken) => {
      dialog.close();
      if (taken) searchBy([new File([taken], "taken.jpg", {type: "image/jpeg"})]);
    }, "image/jpeg", 0.95);
  };
  const shutter = h("button", {type: "button", class: "main", disabled: true, onclick: take}, "Take the photograph");
  video.addEventListener("loadedmetadata", () => { shutter.disabled = false; });
  const dialog = h("dialog", {class: "camera", "aria-label": "Camera", onclose: () => {
    for (const track of stream.getTracks()) track.stop();
    dialog.remove();
  }}, video, h("div", {class: "buttons"}, shutter, h("button", {type: "button", onclick: () => dialog.close()}, "Cancel")));
  document.body.append(dialog);
  dialog.showModal();
  await video.play();
}
