import { Countersign, CountersignError } from "/static/countersign.js";
import { Pool } from "/static/pool.js";

const byId = (id) => document.getElementById(id);
const FIELDS = ["username", "full_name", "title", "bio"];
const SIZES = ["800", "400", "150"];
let pool;
let countersign;
let uploading; // by which the upload under way is cancelled
let signingUp; // who has to confirm the account

// --- small things ---------------------------------------------------------------------------------------------

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Shows an error as whoever refused worded it. */
function show(fault, error) {
  const parts = [error.message];
  if (error.reason) parts.push(element("small", { textContent: `Reason: ${error.reason}` }));
  for (const [field, words] of Object.entries(error.fields || {})) {
    parts.push(element("small", { textContent: `${field}: ${[words].flat().map(String).join(" ")}` }));
  }
  const where = [error.code, error.requestId && `request ${error.requestId}`].filter(Boolean).join(", ");
  if (where) parts.push(element("small", { textContent: where }));
  fault.replaceChildren(...parts);
  fault.hidden = false;
}

/** Does the work with its button held down; what goes wrong is shown in the section's own place. */
async function attempt(within, work) {
  const section = within.closest("section");
  const fault = section.querySelector(".fault");
  const buttons = [...within.querySelectorAll("button:not(#cancel-upload)")];
  fault.hidden = true;
  buttons.forEach((button) => { button.disabled = true; });
  try {
    await work();
  } catch (error) {
    if (error.name === "AbortError") return;
    if (!(error instanceof CountersignError)) console.error(error);
    if (error.status === 401) signOut("Your token is no longer valid: sign in again.");
    else show(fault, error);
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
  }
}

function onSubmit(id, work) {
  const form = byId(id);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(form, () => work(Object.fromEntries(new FormData(form)), form));
  });
}

function tellAll(text, isBad = false) {
  const notice = byId("notice");
  notice.textContent = text;
  notice.classList.toggle("bad", isBad);
  notice.hidden = !text;
}

// --- signing in -----------------------------------------------------------------------------------------------

const TABS = ["in", "up", "token"];

function choose(name) {
  for (const each of TABS) {
    const tab = byId(`tab-${each}`);
    tab.setAttribute("aria-selected", String(each === name));
    tab.tabIndex = each === name ? 0 : -1;
    byId(`panel-${each}`).hidden = each !== name;
  }
  byId("panel-code").hidden = true;
  byId("signing-in").querySelector(".fault").hidden = true;
}

function moveBetweenTabs(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const usable = TABS.filter((name) => !byId(`tab-${name}`).hidden);
  if (!step || usable.length < 2) return;
  const now = usable.findIndex((name) => byId(`tab-${name}`) === document.activeElement);
  const next = usable[(now + step + usable.length) % usable.length];
  choose(next);
  byId(`tab-${next}`).focus();
}

function askForCode(destination) {
  byId("panel-up").hidden = true;
  byId("panel-code").hidden = false;
  byId("code-sent").textContent = pool.isLocal
    ? "The account is made. This pool is a local one and sends no mail: its code is always 123456."
    : `The account is made. A code that confirms it is on its way to ${destination}.`;
  byId("panel-code").elements.code.focus();
}

/** What is at the path, or null where there is nothing. */
function find(path) {
  return countersign.request("GET", path).catch((error) => {
    if (error.status === 404) return null;
    throw error;
  });
}

async function enter(token) {
  countersign = new Countersign({ token: () => token });
  const me = await find("/users/me");
  sessionStorage.setItem("token", token); // gone with the tab
  tellAll("");
  byId("signing-in").hidden = true;
  byId("signed-in").hidden = byId("sign-out").hidden = false;
  byId("greeting").textContent = me?.fullname || me?.username ? `Hello, ${me.fullname || me.username}` : "Hello";
  await Promise.all([showProfile(me), showPicture(), showLinks()]);
}

function signOut(why = "") {
  uploading?.abort();
  sessionStorage.removeItem("token");
  countersign = undefined;
  document.querySelectorAll("form").forEach((form) => form.reset());
  byId("signed-in").hidden = byId("sign-out").hidden = true;
  byId("signing-in").hidden = false;
  byId("greeting").textContent = "Your picture, your profile, your links";
  tellAll(why, Boolean(why));
}

// --- the picture ----------------------------------------------------------------------------------------------

async function showPicture() {
  const picture = await countersign.picture();
  byId("current").src = picture.urls["400"];
  byId("remove-picture").hidden = !picture.key;
  const sizes = byId("sizes");
  sizes.hidden = !picture.key;
  sizes.replaceChildren(...(picture.key ? SIZES : []).map((size) => element("li", { className: `w${size}` },
    element("img", { src: picture.urls[size], alt: `Your picture, ${size} pixels`, loading: "lazy" }),
    element("a", { href: picture.urls[size], textContent: `${size} px`, target: "_blank", rel: "noopener" }))));
}

const STEPS = { asking: "Asking where it may go", checking: "Checking and redrawing" };

function tellProgress({ stage, loaded, total }) {
  const share = total ? loaded / total : 0;
  const bar = byId("progress").querySelector("progress");
  byId("progress").hidden = false;
  byId("step").textContent = STEPS[stage] ?? `Sending, ${Math.round(share * 100)} %`;
  if (stage === "checking") bar.removeAttribute("value");
  else bar.value = share;
}

async function upload(file) {
  const shown = URL.createObjectURL(file);
  uploading = new AbortController();
  const options = { fileType: "profile_image", onProgress: tellProgress, signal: uploading.signal };
  try {
    byId("current").src = shown;
    await countersign.upload(file, options);
  } finally {
    uploading = undefined;
    byId("progress").hidden = true;
    byId("file").value = "";
    if (countersign) await showPicture(); // who signed out meanwhile has none
    URL.revokeObjectURL(shown);
  }
}

function takeFiles(files) {
  if (files.length && !uploading) attempt(byId("drop").parentElement, () => upload(files[0]));
}

// --- profile and links ----------------------------------------------------------------------------------------

async function showProfile(me) {
  const profile = me?.username ? await find(`/profiles/${me.username}`) : null;
  const form = byId("profile");
  for (const name of FIELDS) form.elements[name].value = profile?.[name] ?? "";
  form.elements.skills.value = (profile?.skills ?? []).join(", ");
  linkTo(profile?.username);
}

function linkTo(username) {
  const link = byId("public-profile");
  link.hidden = !username;
  link.href = `/profiles/${username}`;
}

async function saveProfile(entered) {
  // An emptied field goes away; only what the form shows is touched.
  const wanted = Object.fromEntries(FIELDS.map((name) => [name, entered[name].trim() || null]));
  wanted.skills = entered.skills.split(",").map((skill) => skill.trim()).filter(Boolean);
  const { profile } = await countersign.request("POST", "/profiles", { body: wanted });
  linkTo(profile.username);
  byId("greeting").textContent = `Hello, ${profile.full_name || profile.username}`;
  byId("saved").textContent = "Saved.";
}

async function showLinks() {
  const { links } = await countersign.request("GET", "/links");
  byId("no-links").hidden = links.length > 0;
  byId("links").replaceChildren(...links.map((link) => {
    const away = element("button", { className: "plain danger", type: "button", textContent: "Remove" });
    away.setAttribute("aria-label", `Remove ${link.title}`);
    const row = element("li", {}, element("span", {},
      element("a", { href: link.url, textContent: link.title, rel: "noopener noreferrer nofollow" }),
      element("small", { textContent: link.url })), away);
    away.addEventListener("click", () => attempt(row, async () => {
      await countersign.request("DELETE", `/links/${link.link_id}`, { again: [] });
      await showLinks();
    }));
    return row;
  }));
}

// --- beginning ------------------------------------------------------------------------------------------------

function listen() {
  TABS.forEach((name) => byId(`tab-${name}`).addEventListener("click", () => choose(name)));
  document.querySelector(".tabs").addEventListener("keydown", moveBetweenTabs);
  onSubmit("panel-in", async ({ username, password }) => enter(await pool.signIn(username, password)));
  onSubmit("panel-token", ({ token }) => enter(token.trim()));
  onSubmit("panel-up", async ({ username, email, password }) => {
    signingUp = { username, password };
    const destination = await pool.signUp(username, email, password);
    if (destination === null) await enter(await pool.signIn(username, password));
    else askForCode(destination);
  });
  onSubmit("panel-code", async ({ code }) => {
    await pool.confirm(signingUp.username, code.trim());
    await enter(await pool.signIn(signingUp.username, signingUp.password));
  });
  onSubmit("profile", saveProfile);
  byId("profile").addEventListener("input", () => { byId("saved").textContent = ""; });
  onSubmit("new-link", async (entered, form) => {
    await countersign.request("POST", "/links", { body: entered });
    form.reset();
    await showLinks();
  });
  byId("sign-out").addEventListener("click", () => signOut());
  byId("remove-picture").addEventListener("click", (event) => attempt(event.target.parentElement, async () => {
    await countersign.removePicture();
    await showPicture();
  }));
  byId("cancel-upload").addEventListener("click", () => uploading?.abort());
  byId("file").addEventListener("change", (event) => takeFiles(event.target.files));
  const drop = byId("drop");
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => { event.preventDefault(); drop.classList.remove("over"); takeFiles(event.dataTransfer.files); });
}

async function begin() {
  listen();
  const settings = await (await fetch("/settings.json")).json();
  pool = new Pool(settings);
  if (!pool.exists) {
    byId("tab-in").hidden = byId("tab-up").hidden = true;
    choose("token");
  }
  const kept = sessionStorage.getItem("token");
  if (!kept) return signOut();
  return enter(kept).catch((error) => signOut(error.message));
}

begin();
