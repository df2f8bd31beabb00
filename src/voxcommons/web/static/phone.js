// The address for a phone, as a square to be photographed.

import { $, ask, trouble } from "./page.js";

try {
  const link = await ask("/link");
  $("local").hidden = !link.local;
  $("plain").hidden = link.local || link.secure;
  $("qr").src = link.svg;
  $("qr").hidden = $("address").hidden = link.local; // nobody else would reach it
  const shown = link.address.split("#")[0];
  $("address").textContent = shown;
  $("secret").hidden = shown === link.address;
} catch (error) {
  trouble(error);
}
document.body.dataset.ready = "true";
