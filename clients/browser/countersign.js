/**
 * Countersign in a web page. A file goes from the browser straight to storage, by an address signed for it alone, and
 * is shown to others once it has been checked. One module, without dependencies, served as it is:
 *
 *     const countersign = new Countersign({ baseUrl: "https://pictures.example", token: () => session.accessToken() });
 *     const { urls } = await countersign.upload(input.files[0], { fileType: "profile_image" });
 *
 * What is safe to repeat is repeated, with jitter and within bounds; what else fails is a CountersignError.
 */

/**
 * @typedef {{stage: "asking" | "sending" | "checking", loaded: number, total: number}} Progress loaded and total in bytes
 * @typedef {{upload_id: string, state: "ready", key: string, url: string | null, bytes: number, content_type: string,
 *   urls?: Record<"150" | "400" | "800", string> | null, width?: number, height?: number}} ReadyUpload a PDF has no urls,
 *   and what was blocked since has null for all of them
 * @typedef {{upload_id: string, state: "requested" | "processing" | "ready" | "rejected" | "expired" | "cancelled",
 *   file_type: string, key: string, reason?: string, message?: string}} UploadState
 * @typedef {{imageId: string, s3Key: string, userId: string, uploadedAt: number, mimeType: string, width: number,
 *   height: number, urls: Record<"150" | "400" | "800", string> | null, expires_at: string | null}} Photo uploadedAt in
 *   milliseconds since the epoch; urls are null where it is blocked or frozen
 * @typedef {{photos: Photo[], next_cursor: string | null}} PhotoPage
 * @typedef {{key: string | null, urls: Record<"150" | "400" | "800", string>, uploaded_at: string | null}} Picture
 * @typedef {{upload_id: string, method: "PUT" | "POST", upload_url: string, headers: Record<string, string>,
 *   fields?: Record<string, string>}} Place
 */

const TRIES = 5;
const LONGEST_WAIT = 30; // seconds; who is told to wait longer hears so at once
const PATIENCE = 70_000; // milliseconds for one answer; the gateway's own is 65 s
// The answers that are asked for again; 0 is none at all, of which nobody knows what it did.
const TOO_MANY = [429];
const NOT_DONE = [429, 502, 503];
const ANY = [0, 429, 500, 502, 503, 504];

/** Whatever was refused, or could not be reached. */
export class CountersignError extends Error {
  /**
   * @param {number} status of the answer; 0 where there was none
   * @param {{error?: string, message?: string, reason?: string, fields?: Record<string, unknown>}} said
   * @param {Headers} [headers]
   */
  constructor(status, said, headers) {
    super(said.message || `The answer was ${status}.`);
    this.name = "CountersignError";
    this.status = status;
    /** What was wrong, in snake_case. */
    this.code = said.error || (status ? "unexpected_answer" : "unreachable");
    /** Why an upload was rejected: "damaged", "infected", … @type {string | undefined} */
    this.reason = said.reason;
    /** What is wrong with each field. @type {Record<string, unknown> | undefined} */
    this.fields = said.fields;
    /** By which the server's log finds it. @type {string | null} */
    this.requestId = headers?.get("X-Request-Id") ?? null;
    /** Seconds. */
    this.retryAfter = Number(headers?.get("Retry-After")) || 0;
    /** The upload that stays, where asking to complete it again may help. @type {string | undefined} */
    this.uploadId = undefined;
  }
}

export class Countersign {
  #baseUrl;
  #token;

  /**
   * @param {object} options
   * @param {string} [options.baseUrl] where the gateway is; by default the page's own origin
   * @param {() => string | Promise<string>} options.token the access token, asked for before each request
   */
  constructor({ baseUrl = "", token }) {
    this.#baseUrl = baseUrl.replace(/\/+$/, "");
    this.#token = token;
  }

  /**
   * Uploads a file, and has it checked. An abort, at any stage, cancels the upload at the server too; one that comes when
   * the file is ready already comes too late, and the upload is answered.
   * @param {Blob} file
   * @param {object} options
   * @param {string} options.fileType the kind of file, such as "profile_image", "photo", "resume"
   * @param {string} [options.contentType] where the file does not know its own
   * @param {"PUT" | "POST"} [options.method] POST sends a form
   * @param {boolean} [options.checksum] binds the upload to the file's SHA-256; reads it into memory
   * @param {(progress: Progress) => void} [options.onProgress]
   * @param {AbortSignal} [options.signal]
   * @returns {Promise<ReadyUpload>} rejects with a CountersignError, or the signal's reason
   */
  async upload(file, { fileType, contentType = file.type, method = "PUT", checksum = false, onProgress, signal }) {
    /** @type {(stage: Progress["stage"], loaded: number) => void} */
    const tell = (stage, loaded) => onProgress?.({ stage, loaded, total: file.size });
    signal?.throwIfAborted();
    tell("asking", 0);
    const bound = checksum ? { checksum_sha256: await sha256(file) } : {};
    const wanted = { file_type: fileType, content_type: contentType, content_length: file.size, method, ...bound };
    // Waited for in spite of an abort: what was begun without our hearing of it could not be cancelled.
    const ask = () => this.#ask("POST", "/upload-url", wanted);
    const place = await persistently(ask, NOT_DONE, signal);
    let isSent = false;
    try {
      await persistently(() => send(place, file, (loaded) => tell("sending", loaded), signal), ANY, signal);
      isSent = true;
      tell("checking", file.size);
      return await this.complete(place.upload_id, { signal });
    } catch (error) {
      if (!isSent || signal?.aborted) return this.#abandoned(place.upload_id, error);
      if (error instanceof CountersignError) error.uploadId = place.upload_id;
      throw error;
    }
  }

  /** @param {string} uploadId @param {unknown} why @returns {Promise<ReadyUpload>} */
  async #abandoned(uploadId, why) {
    try {
      await this.cancel(uploadId);
    } catch (refused) {
      if (refused instanceof CountersignError && refused.code === "upload_ready") return this.complete(uploadId);
      // Whatever else: it expires by itself.
    }
    throw why;
  }

  /**
   * Has what was sent checked and made visible; asked again, the same answer.
   * @param {string} uploadId
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<ReadyUpload>}
   */
  complete(uploadId, { signal } = {}) {
    return this.request("POST", `/uploads/${encodeURIComponent(uploadId)}/complete`, { body: {}, signal, again: ANY });
  }

  /** @param {string} uploadId @returns {Promise<UploadState>} */
  uploadState(uploadId) { return this.request("GET", `/uploads/${encodeURIComponent(uploadId)}`); }

  /** Ends an upload that is not ready. @param {string} uploadId @returns {Promise<UploadState>} */
  cancel(uploadId) { return this.request("DELETE", `/uploads/${encodeURIComponent(uploadId)}`, { keepalive: true }); }

  /**
   * One page of the caller's photos, newest first.
   * @param {{limit?: number, cursor?: string | null, signal?: AbortSignal}} [options]
   * @returns {Promise<PhotoPage>}
   */
  photos({ limit = 50, cursor, signal } = {}) {
    const query = new URLSearchParams({ limit: String(limit), ...(cursor ? { cursor } : {}) });
    return this.request("GET", `/photos?${query}`, { signal });
  }

  /**
   * All photos of the caller, newest first; `limit` of them a request.
   * @param {{limit?: number, signal?: AbortSignal}} [options]
   * @returns {AsyncGenerator<Photo>}
   */
  async *allPhotos({ limit = 100, signal } = {}) {
    /** @type {string | null | undefined} */
    let cursor;
    do {
      const page = await this.photos({ limit, cursor, signal });
      yield* page.photos;
      cursor = page.next_cursor;
    } while (cursor);
  }

  /** @param {string} imageId @returns {Promise<unknown>} */
  deletePhoto(imageId) { return this.request("DELETE", `/photos/${encodeURIComponent(imageId)}`, { again: NOT_DONE }); }

  /** The caller's current picture; a default one where `key` is null. @returns {Promise<Picture>} */
  picture() { return this.request("GET", "/users/me/picture"); }

  /** @returns {Promise<unknown>} */
  removePicture() { return this.request("DELETE", "/users/me/picture", { again: NOT_DONE }); }

  /**
   * Any other route of the interface.
   * @param {string} method
   * @param {string} path
   * @param {object} [options]
   * @param {unknown} [options.body] sent as JSON
   * @param {AbortSignal} [options.signal]
   * @param {boolean} [options.keepalive] goes out even where the page is being left
   * @param {number[]} [options.again] the statuses after which it is asked again
   * @returns {Promise<any>} the answer's JSON; rejects with a CountersignError, or the signal's reason
   */
  request(method, path, { body, signal, keepalive, again = method === "POST" ? TOO_MANY : ANY } = {}) {
    return persistently(() => this.#ask(method, path, body, { signal, keepalive }), again, signal);
  }

  /** @param {string} method @param {string} path @param {unknown} body @param {RequestInit} [options] @returns {Promise<any>} */
  async #ask(method, path, body, { signal, keepalive } = {}) {
    const headers = new Headers({ Authorization: `Bearer ${await this.#token()}` });
    if (body !== undefined) headers.set("Content-Type", "application/json");
    const patience = AbortSignal.any([AbortSignal.timeout(PATIENCE), ...(signal ? [signal] : [])]);
    const options = { method, headers, body: JSON.stringify(body), keepalive, signal: patience };
    const { answer, text } = await reach(this.#baseUrl + path, { ...options, cache: "no-store" });
    if (!answer.ok) throw new CountersignError(answer.status, parsed(text), answer.headers);
    return parsed(text);
  }
}

/** @param {string} url @param {RequestInit} options */
async function reach(url, options) {
  try {
    const answer = await fetch(url, options);
    return { answer, text: await answer.text() };
  } catch {
    throw new CountersignError(0, { message: `${new URL(url, location.href).host} cannot be reached.` });
  }
}

/**
 * Sends a file to where it was told to go; fetch() says nothing of how much has left, XMLHttpRequest does.
 * @param {Place} place
 * @param {Blob} file
 * @param {(loaded: number) => void} tell
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
function send(place, file, tell, signal) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    const stop = () => { request.abort(); fail(signal?.reason); };
    if (signal?.aborted) return stop();
    signal?.addEventListener("abort", stop);
    request.onloadend = () => signal?.removeEventListener("abort", stop);
    request.open(place.method, place.upload_url);
    for (const [name, value] of Object.entries(place.headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => tell(Math.min(loaded, file.size)); // a form is longer than its file
    request.onerror = () => fail(new CountersignError(0, { message: "The storage cannot be reached, or refused without saying why." }));
    request.onload = () => (request.status < 300 ? done() : fail(refusedByStorage(request)));
    request.send(place.fields ? form(place.fields, file) : file);
  });
}

/** @param {Record<string, string>} fields @param {Blob} file */
function form(fields, file) {
  const made = new FormData();
  for (const [name, value] of Object.entries(fields)) made.append(name, value);
  made.append("file", file); // S3 takes no notice of what comes after it
  return made;
}

/** @param {XMLHttpRequest} request */
function refusedByStorage(request) {
  const [, code] = request.responseText.match(/<Code>(\w+)<\/Code>/) || [];
  return new CountersignError(request.status, { error: code, message: `The storage answered ${request.status}.` });
}

/**
 * Does the work, again after what may pass: full jitter, on top of what Retry-After asks.
 * @template Result
 * @param {() => Promise<Result>} work
 * @param {number[]} again the statuses after which it is done again
 * @param {AbortSignal} [signal]
 * @returns {Promise<Result>}
 */
async function persistently(work, again, signal) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      const mayPass = error instanceof CountersignError && (again.includes(error.status) || error.code === "upload_in_progress");
      if (!mayPass || tries >= TRIES || error.retryAfter > LONGEST_WAIT) throw error;
      await pause(error.retryAfter + Math.random() * Math.min(8, 0.25 * 2 ** tries), signal);
    }
  }
}

/** @param {number} seconds @param {AbortSignal} [signal] @returns {Promise<void>} */
function pause(seconds, signal) {
  return new Promise((done, fail) => {
    const stop = () => { clearTimeout(timer); fail(signal?.reason); };
    const timer = setTimeout(() => { signal?.removeEventListener("abort", stop); done(); }, seconds * 1000);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** @param {string} text */
function parsed(text) {
  try { return JSON.parse(text) ?? {}; } catch { return {}; }
}

/** In base64. @param {Blob} file */
async function sha256(file) {
  if (!crypto.subtle) throw new CountersignError(0, { error: "insecure_context", message: "A checksum needs a page that came by https." });
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
