// Shows openapi.json as a page: a card a tag, a line a route that opens.

const METHODS = ["get", "post", "put", "patch", "delete"];

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** What a $ref names, inside the same document. */
function resolved(document_, value) {
  if (!value?.$ref?.startsWith("#/")) return value;
  return value.$ref.slice(2).split("/").reduce((at, part) => at?.[part.replaceAll("~1", "/").replaceAll("~0", "~")], document_);
}

function typeOf(document_, schema, depth = 0) {
  const found = resolved(document_, schema) || {};
  if (found.enum) return found.enum.map((value) => JSON.stringify(value)).join(" | ");
  const either = found.oneOf || found.anyOf;
  if (either) return either.map((one) => typeOf(document_, one, depth)).join(" | ");
  if (found.type === "array") return `${typeOf(document_, found.items, depth)}[]`;
  if (found.properties && depth < 2) {
    const names = Object.entries(found.properties).map(([name, one]) => `${name}${found.required?.includes(name) ? "" : "?"}: ${typeOf(document_, one, depth + 1)}`);
    return `{ ${names.join(", ")} }`;
  }
  return [found.type ?? "any"].flat().join(" | ");
}

/** Text with what stands between backticks as code. */
function prose(text = "") {
  return text.split("`").map((part, number) => (number % 2 ? element("code", { textContent: part }) : part));
}

function table(caption, rows) {
  if (!rows.length) return null;
  const lines = rows.map(([name, ...cells]) => element("tr", {}, element("th", { scope: "row" }, element("code", { textContent: name })),
    ...cells.map((cell) => element("td", {}, ...prose(cell ?? "")))));
  return element("table", {}, element("caption", { textContent: caption }), element("tbody", {}, ...lines));
}

function bodyOf(document_, body) {
  const content = Object.entries(resolved(document_, body)?.content || {});
  const rows = content.flatMap(([, media]) => {
    const schema = resolved(document_, media.schema) || {};
    return Object.entries(schema.properties || {}).map(([name, one]) => {
      const required = schema.required?.includes(name) ? "required" : "";
      return [name, typeOf(document_, one, 1), [required, resolved(document_, one)?.description].filter(Boolean).join(". ")];
    });
  });
  return table(`Body (${content.map(([type]) => type).join(", ")})`, rows);
}

function routeOf(document_, path, method, shared, operation) {
  const parameters = [...(shared || []), ...(operation.parameters || [])].map((one) => resolved(document_, one));
  const answers = Object.entries(operation.responses || {}).map(([status, one]) => {
    const answer = resolved(document_, one);
    const schema = answer.content?.["application/json"]?.schema;
    return [status, answer.description, Number(status) >= 400 ? "Error" : schema ? typeOf(document_, schema) : ""];
  });
  return element("details", { className: "route" },
    element("summary", {},
      element("b", { className: `verb ${method.toUpperCase()}`, textContent: method.toUpperCase() }),
      element("code", { textContent: path }),
      operation.summary ? element("span", { textContent: operation.summary }) : null),
    ...(operation.description || "").split("\n\n").filter(Boolean).map((text) => element("p", {}, ...prose(text))),
    table("Parameters", parameters.map((one) => [one.name, one.in, one.description])),
    operation.requestBody ? bodyOf(document_, operation.requestBody) : null,
    table("Answers", answers));
}

function groups(document_) {
  const found = new Map((document_.tags || []).map((tag) => [tag.name, []]));
  for (const [path, item] of Object.entries(document_.paths || {})) {
    for (const method of METHODS.filter((each) => item[each])) {
      const tag = item[method].tags?.[0] || "Routes";
      found.set(tag, [...(found.get(tag) || []), routeOf(document_, path, method, item.parameters, item[method])]);
    }
  }
  return [...found].filter(([, routes]) => routes.length);
}

async function begin() {
  const notice = document.getElementById("notice");
  const answer = await fetch("/openapi.json");
  if (!answer.ok) {
    notice.textContent = "This gateway was built without openapi.json.";
    return;
  }
  const document_ = await answer.json();
  document.getElementById("title").textContent = document_.info.title;
  if (document_.info.description) document.getElementById("lead").replaceChildren(...prose(document_.info.description));
  document.getElementById("routes").replaceChildren(...groups(document_).map(([name, routes]) =>
    element("section", { className: "card" }, element("h2", { textContent: name }), ...routes)));
  notice.hidden = true;
}

begin();
