// Talks to our own API and to the user pool. Knows nothing of the page.

/** An answer that is an error: `code`, `message` and what else the answer said. */
export class Refused extends Error {
  constructor(status, said, requestId) {
    super(said.message || `The answer was ${status}.`);
    Object.assign(this, { status, code: said.error || "", fields: said.fields, reason: said.reason, requestId });
  }
}

async function said(answer) {
  const text = await answer.text();
  try { return text ? JSON.parse(text) : {}; } catch { return {}; }
}

async function reach(url, options) {
  try {
    return await fetch(url, options);
  } catch {
    throw new Refused(0, { message: `${new URL(url, location.href).host} cannot be reached.` }, "");
  }
}

export class Api {
  constructor(token) { this.token = token; }

  async ask(method, path, body) {
    const headers = { Authorization: `Bearer ${this.token}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const answer = await reach(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
    const content = await said(answer);
    if (!answer.ok) throw new Refused(answer.status, content, answer.headers.get("X-Request-Id"));
    return content;
  }

  /** The same, or null where there is none. */
  async find(path) {
    try {
      return await this.ask("GET", path);
    } catch (refused) {
      if (refused.status === 404) return null;
      throw refused;
    }
  }

  /** Asks where the file may go, sends it there, has it checked. `tell(step, share)` hears how far it is. */
  async upload(file, fileType, tell) {
    tell("Asking where it may go", 0);
    const wanted = { file_type: fileType, content_type: file.type, content_length: file.size };
    const place = await this.ask("POST", "/upload-url", wanted);
    await send(place, file, (share) => tell(`Sending, ${Math.round(share * 100)} %`, share));
    tell("Checking and redrawing", null);
    return this.ask("POST", `/uploads/${place.upload_id}/complete`, {});
  }
}

// fetch() says nothing of how much has left; XMLHttpRequest does.
function send(place, file, tell) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open(place.method, place.upload_url);
    for (const [name, value] of Object.entries(place.headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => event.lengthComputable && tell(event.loaded / event.total);
    request.onerror = () => fail(new Refused(0, { message: "The storage cannot be reached, or refused without saying why." }));
    request.onload = () => {
      if (request.status < 300) return done();
      const [, code] = request.responseText.match(/<Code>(\w+)<\/Code>/) || [];
      return fail(new Refused(request.status, { error: code, message: `The storage answered ${request.status}.` }));
    };
    request.send(file);
  });
}

/** A Cognito user pool, or the local one that speaks like it. */
export class Pool {
  constructor(settings) {
    this.endpoint = settings.token_endpoint;
    this.client = settings.token_client_id;
  }

  get exists() { return Boolean(this.endpoint && this.client); }
  get isLocal() { return /^https?:\/\/(localhost|127\.|\[::1\])/.test(this.endpoint); }

  async #call(action, body) {
    const headers = { "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}` };
    const answer = await reach(`${this.endpoint}/`, { method: "POST", headers, body: JSON.stringify({ ClientId: this.client, ...body }) });
    const content = await said(answer);
    const error = (content.__type || "").replace(/^.*#/, "");
    if (!answer.ok) throw new Refused(answer.status, { error, message: content.message || content.Message }, "");
    return content;
  }

  /** An access token. */
  async signIn(username, password) {
    const parameters = { USERNAME: username, PASSWORD: password };
    const answer = await this.#call("InitiateAuth", { AuthFlow: "USER_PASSWORD_AUTH", AuthParameters: parameters });
    if (!answer.AuthenticationResult) throw new Refused(200, { error: answer.ChallengeName, message: "The pool asks for more than a password, which this page cannot give." });
    return answer.AuthenticationResult.AccessToken;
  }

  /** Where the pool sent a code that confirms the account; null where it needs none. */
  async signUp(username, email, password) {
    const attributes = [{ Name: "email", Value: email }];
    const answer = await this.#call("SignUp", { Username: username, Password: password, UserAttributes: attributes });
    return answer.UserConfirmed ? null : answer.CodeDeliveryDetails?.Destination || email;
  }

  confirm(username, code) {
    return this.#call("ConfirmSignUp", { Username: username, ConfirmationCode: code });
  }
}
