// Takes on their way to the server: kept in the browser's database until the server has them, through lost connections and reloads.

import { Refused, send } from "./page.js";

const STORE = "takes";

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("voxcommons", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function within(mode, act) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

export class Queue extends EventTarget {
  #working = false;
  #wait = 1000;
  #timer = 0;
  waiting = 0;
  stuck = false;

  constructor() {
    super();
    window.addEventListener("online", () => this.work());
  }

  async add(take) {
    await within("readwrite", (store) => store.put({ ...take, added: Date.now() }));
    this.work();
  }

  async all() {
    return (await within("readonly", (store) => store.getAll())).sort((one, other) => one.added - other.added);
  }

  async work() {
    if (this.#working) return;
    this.#working = true;
    clearTimeout(this.#timer);
    try {
      for (;;) {
        const waiting = await this.all();
        this.waiting = waiting.length;
        this.#tell("change");
        if (!waiting.length) break;
        if (!(await this.#sent(waiting[0]))) break;
      }
    } finally {
      this.#working = false;
    }
  }

  async #sent(take) {
    const facts = new URLSearchParams({ prompt: take.prompt, device: JSON.stringify(take.device) });
    if (take.file) facts.set("file", take.file);
    try {
      const path = `/uploads/sittings/${encodeURIComponent(take.code)}/takes/${take.id}?${facts}`;
      const answer = await send(path, { method: "PUT", body: take.sound, headers: { "Content-Type": take.sound.type } });
      const verdict = await answer.json();
      await within("readwrite", (store) => store.delete(take.id));
      this.stuck = false;
      this.#wait = 1000;
      this.#tell("verdict", { sent: take, verdict });
      return true;
    } catch (error) {
      if (error instanceof Refused && error.status < 500 && error.status !== 429) { // it will never be taken
        await within("readwrite", (store) => store.delete(take.id));
        this.#tell("refused", { sent: take, error });
        return true;
      }
      this.stuck = true;
      this.#tell("change");
      this.#timer = setTimeout(() => this.work(), this.#wait);
      this.#wait = Math.min(2 * this.#wait, 30000);
      return false;
    }
  }

  #tell(name, fields = {}) { this.dispatchEvent(Object.assign(new Event(name), fields)); }
}
