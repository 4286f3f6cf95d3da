// Talks to the user pool: signing up and in. Knows nothing of the page.
import { CountersignError } from "/static/countersign.js";

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
    const options = { method: "POST", headers, body: JSON.stringify({ ClientId: this.client, ...body }) };
    const answer = await fetch(`${this.endpoint}/`, options).catch(() => {
      throw new CountersignError(0, { message: `${this.endpoint} cannot be reached.` });
    });
    const content = await answer.json().catch(() => ({}));
    const error = (content.__type || "").replace(/^.*#/, "");
    if (!answer.ok) throw new CountersignError(answer.status, { error, message: content.message || content.Message });
    return content;
  }

  /** An access token. */
  async signIn(username, password) {
    const parameters = { USERNAME: username, PASSWORD: password };
    const answer = await this.#call("InitiateAuth", { AuthFlow: "USER_PASSWORD_AUTH", AuthParameters: parameters });
    if (!answer.AuthenticationResult) throw new CountersignError(200, { error: answer.ChallengeName, message: "The pool asks for more than a password, which this page cannot give." });
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
